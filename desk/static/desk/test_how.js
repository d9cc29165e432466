// How a test ends: only the fields that the chosen end and result need are shown. Without scripts all are.

const form = document.querySelector("form[hx-post]");

function show() {
  const chosen = new Set([...form.querySelectorAll("input[type=radio]:checked")].map((radio) => radio.value));
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").some((name) => chosen.has(name));
  }
}

form.addEventListener("change", show);
show();
