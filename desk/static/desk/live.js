// A test's live view: every few seconds the page says which versions of which rows it shows, and gets the rows that
// are new. Clocks run by themselves; ticked rows stay ticked. It waits while the page is hidden.

const EVERY = 5000; // milliseconds
const form = document.getElementById("live");
const list = document.getElementById("live-rows");
const note = document.getElementById("live-note");
const rows = () => [...list.rows];
let ahead = 0; // the service's clock before this page's, in milliseconds

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const clock of list.querySelectorAll("[data-since]")) clock.textContent = span(now - clock.dataset.since);
  for (const clock of list.querySelectorAll("[data-until]")) {
    clock.textContent = clock.dataset.until < now ? note.dataset.up : span(clock.dataset.until - now);
  }
}

/** Puts what is new into the table. Rows that tell nothing new are the same elements as before. */
function show(news) {
  const there = new Map(rows().map((row) => [row.dataset.key, row]));
  const focused = document.activeElement?.value;
  for (const [key, html] of Object.entries(news.rows)) {
    const fresh = document.createElement("tbody");
    fresh.innerHTML = html; // as the service drew and escaped it
    const [row] = fresh.rows;
    const before = there.get(key);
    const box = row.querySelector("input");
    if (box) box.checked = Boolean(before?.querySelector("input:checked"));
    before?.remove();
    there.set(key, row);
  }
  const wanted = news.order.map((key) => there.get(key)).filter(Boolean);
  for (const row of rows()) if (!wanted.includes(row)) row.remove();
  wanted.forEach((row, place) => {
    if (list.rows[place] !== row) list.insertBefore(row, list.rows[place] ?? null);
    const box = row.querySelector("input");
    if (box && box.value === focused && document.activeElement !== box) box.focus({ preventScroll: true });
  });
  document.getElementById("nobody").hidden = wanted.length > 0;
  document.getElementById("counts").textContent = news.counts;
  const pages = document.getElementById("pages");
  if (!pages.contains(document.activeElement)) pages.innerHTML = news.pages ?? ""; // as the service drew it
}

async function update() {
  const known = Object.fromEntries(rows().map((row) => [row.dataset.key, row.dataset.version]));
  const body = new FormData();
  body.append("known", JSON.stringify(known));
  const reply = await fetch(form.dataset.changes, {
    method: "POST",
    credentials: "same-origin",
    cache: "no-store",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body,
  });
  if (reply.redirected || reply.status === 403) {
    note.textContent = note.dataset.out;
    return false;
  }
  if (!reply.ok) throw new Error(reply.status);
  const news = await reply.json();
  ahead = news.now - Date.now();
  show(news);
  tick();
  note.textContent = `${note.dataset.updated} ${new Date().toLocaleTimeString()}`;
  return true;
}

async function again() {
  let goesOn = true;
  try {
    if (!document.hidden) goesOn = await update();
  } catch {
    note.textContent = note.dataset.failed;
  }
  if (goesOn) setTimeout(again, EVERY);
}

document.getElementById("all")?.addEventListener("change", ({ target }) => {
  for (const box of list.querySelectorAll("input[type=checkbox]")) box.checked = target.checked;
});
setTimeout(again, EVERY);
setInterval(tick, 1000);
