// The page on which a question is written: the preview, trying it, places and pictures in the text.

import { keepDrafts } from "./draft.js";
import { meaningOf, say, sayOffline } from "./trouble.js";

const one = (selector) => document.querySelector(selector);
const form = one("#question-form");
const frame = one("#frame");
const check = one("#check");
const PAUSE = 500; // milliseconds after the last key, before the page is asked

// --- What a student sees -------------------------------------------------------------------------------------

let isReady = false;
let presented; // drawn anew, what the frame says to an answer would be gone

function present() {
  const shown = check.querySelector("[data-shown]")?.dataset.shown;
  if (!shown || !isReady || shown === presented) return;
  presented = shown;
  frame.contentWindow.postMessage({ question: JSON.parse(shown) }, location.origin);
}

addEventListener("message", ({ data, source, origin }) => {
  if (origin !== location.origin || source !== frame.contentWindow) return;
  if (data.ready) {
    isReady = true;
    presented = undefined;
    present();
  }
  if (data.height) frame.height = Math.min(Math.max(data.height, 160), 2000);
  if (data.answer !== undefined) tryIt(data.answer);
});

// Whichever of the two is there first, the other learns of it.
frame.contentWindow.postMessage({ isThere: true }, location.origin);

async function tryIt(answer) {
  const target = one("#tried");
  const values = { answer: JSON.stringify(answer) };
  await htmx.ajax("POST", target.dataset.try, { source: form, target, swap: "innerHTML", values });
  target.scrollIntoView({ block: "nearest" }); // it stands above the frame, where the button may be far below
}

for (const button of document.querySelectorAll("[data-width]")) {
  button.addEventListener("click", () => {
    frame.classList.toggle("phone", button.dataset.width === "phone");
    for (const each of document.querySelectorAll("[data-width]")) each.setAttribute("aria-pressed", each === button);
  });
}

let waiting;
const changed = () => {
  clearTimeout(waiting);
  one("#tried").replaceChildren(); // it was of another question
  waiting = setTimeout(() => htmx.trigger(check, "check"), PAUSE);
};
form.addEventListener("input", changed);
form.addEventListener("change", changed);
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target === check || check.contains(detail.elt)) present();
  if (detail.elt.id === "sheet" || detail.target?.id === "sheet") settled();
});

// While a button's reply is on its way, nothing can be typed that the reply would not know.
let focused = "";
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target.id !== "sheet") return;
  focused = document.activeElement?.id ?? "";
  detail.target.inert = true;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.target.id === "sheet" && !detail.successful) detail.target.inert = false;
});

/** After a button of the sheet: what is new gets the focus, and the preview follows. */
function settled() {
  const { new: name } = one("#sheet").dataset;
  const added = name && document.getElementById(name);
  added?.scrollIntoView({ block: "nearest" });
  const inside = added?.matches("textarea") ? added : added?.querySelector("textarea, input:not([type=hidden])");
  (inside ?? document.getElementById(focused))?.focus();
  changed();
}

// --- Pairs: what is ticked is called by its words, also while they are typed --------------------------------------

form.addEventListener("input", ({ target }) => {
  const named = target.name?.match(/^(part-\d+-(?:row|target)-\d+)-text$/);
  if (!named) return;
  const id = form.elements[`${named[1]}-id`].value;
  const part = target.closest(".part-card");
  for (const box of part.querySelectorAll(".partners input")) {
    if (box.value !== id) continue;
    const words = target.value.trim().replace(/\s+/g, " ");
    box.nextSibling.textContent = ` ${id} ${words.length > 24 ? `${words.slice(0, 24)}…` : words}`;
  }
});

// --- Places and pictures ---------------------------------------------------------------------------------------

let lastText = null;
form.addEventListener("focusin", ({ target }) => target.matches("textarea") && (lastText = target.id));

/** Put something where the cursor is; `caret` counts from its beginning. */
function insert(id, text, caret = text.length) {
  const area = document.getElementById(id);
  const { selectionStart: start, selectionEnd: end } = area;
  area.setRangeText(text, start, end, "end");
  area.focus();
  area.selectionStart = area.selectionEnd = start + caret;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

form.addEventListener("click", ({ target }) => {
  const place = target.closest("[data-place]");
  const media = target.closest("[data-insert]");
  if (place) {
    const content = document.getElementById("content");
    if (content.value.includes(place.dataset.place)) content.value = content.value.replace(place.dataset.place, "");
    insert("content", place.dataset.place);
  }
  if (media) choose(media);
});

function choose(button) {
  const { insert: kind, accept } = button.dataset;
  const into = document.getElementById(lastText) ? lastText : "content";
  const input = Object.assign(document.createElement("input"), { type: "file", accept });
  input.addEventListener("change", async () => {
    const body = new FormData();
    body.append("kind", kind);
    body.append("file", input.files[0]);
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    try {
      const reply = await fetch("/desk/media", { method: "POST", body, headers: { "X-CSRFToken": token, "HX-Request": "true" } });
      const { text, error } = reply.headers.get("Content-Type")?.includes("json") ? await reply.json() : {};
      say(reply.ok ? "" : (error ?? meaningOf(reply.status)));
      if (reply.ok) insert(into, text, text.indexOf("[") + 1); // where its words are written
    } catch {
      sayOffline();
    }
  });
  input.click();
}

for (const button of form.querySelectorAll("[data-insert]")) button.hidden = false; // they need this script
keepDrafts(form, one("#draft"));
if (document.readyState === "complete") changed();
else addEventListener("load", changed);
