// What is typed and not saved is kept in this browser, for whoever typed it: a closed tab or a login that ran out
// loses nothing. Saved, it is forgotten; after a month, too.

const PREFIX = "desk.draft/";
const MONTH = 30 * 24 * 3600_000;

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

const pairsOf = (form) => [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "do");

/** The box offers what was kept before; from now on, every change of the form is kept. */
export function keepDrafts(form, box) {
  const key = PREFIX + box.dataset.key;
  forgetSaved(box.dataset.key);
  forgetOld();
  const atFirst = JSON.stringify(pairsOf(form));
  const kept = stored(key);
  if (kept && JSON.stringify(kept.pairs) !== atFirst) offer(kept, key, form, box);
  let waiting;
  const keep = () => {
    const pairs = pairsOf(form);
    if (JSON.stringify(pairs) === atFirst) return;
    const older = box.hidden ? undefined : kept; // still on offer: it stays below what is typed now
    try {
      localStorage.setItem(key, JSON.stringify({ at: Date.now(), pairs, older }));
    } catch {
      // No room, or not allowed: then only the page itself keeps it.
    }
  };
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, 400);
  };
  for (const event of ["input", "change"]) form.addEventListener(event, later);
  document.addEventListener("htmx:afterSettle", later);
  addEventListener("pagehide", keep);
  form.addEventListener("submit", keep);
}

/** As the pages write moments (adaptive/formats), by this device's clock. */
function moment(at) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())];
  const isGerman = document.documentElement.lang === "de";
  return `${isGerman ? day.reverse().join(".") : day.join("-")} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function offer(kept, key, form, box) {
  box.hidden = false;
  box.querySelector("span").textContent = moment(new Date(kept.at));
  box.querySelector("[data-drop]").onclick = () => {
    localStorage.removeItem(key);
    box.hidden = true;
    if (kept.older) offer(kept.older, key, form, box);
  };
  box.querySelector("[data-take]").onclick = async () => {
    const values = {};
    for (const [name, value] of kept.pairs) (values[name] ??= []).push(value);
    const source = document.createElement("span");
    box.after(source);
    // The version that it was typed on: where another was saved since, saving says so instead of overwriting it.
    form.elements.base.value = values.base?.[0] ?? "";
    await htmx.ajax("POST", box.dataset.sheet, { source, target: "#sheet", swap: "outerHTML", values });
    source.remove();
    box.hidden = true;
  };
}

/** The address says which draft has just been saved. */
function forgetSaved(here) {
  const query = new URLSearchParams(location.search);
  const saved = query.get("saved");
  if (!saved) return;
  localStorage.removeItem(PREFIX + here.replace(/[^/]*$/, saved));
  query.delete("saved");
  history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : ""));
}

function forgetOld() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && !(Date.now() - stored(key)?.at < MONTH)) localStorage.removeItem(key);
  }
}
