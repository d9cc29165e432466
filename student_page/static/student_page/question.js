// One question on the screen: its content, its options, the keyboard.

const form = document.querySelector("#answer");
const heading = document.querySelector("#number");
const content = document.querySelector("#content");
const fieldset = document.querySelector("#options");
const list = fieldset.querySelector("div");
const missing = document.querySelector("#missing");
const next = document.querySelector("#next");
const progress = document.querySelector("#progress");

const DONT_KNOW = "null";
let isLocked = false;

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Show a question. `allowsDontKnow` adds the answer that is none. */
export function showQuestion(question, { number, most, allowsDontKnow }, texts) {
  heading.textContent = fill(texts.question, { number, most });
  progress.max = most;
  progress.value = number - 1;
  content.innerHTML = question.content_html; // made safe by the server
  const { direction } = getComputedStyle(content.querySelector("p") ?? content);
  const options = question.options_html.map((html, index) =>
    option(html, String(index), index + 1, nameOf(question.options[index], html, index, texts), direction),
  );
  if (allowsDontKnow) {
    const last = option("", DONT_KNOW, 0);
    last.querySelector(".text").textContent = texts.dontKnow;
    last.classList.add("dont-know");
    options.push(last);
  }
  list.replaceChildren(...options);
  missing.textContent = "";
  unlock();
  for (const box of form.querySelectorAll("pre, .wide, .block, .text")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // so that the keyboard can scroll it
  }
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

/** What a screen reader calls an option where its text alone does not say it; else "". */
function nameOf(source, html, index, texts) {
  if (html.includes("<math")) return source.replaceAll("$", ""); // read letter by letter, ½ would be "12"
  const hasWords = html.replace(/<[^>]*>/g, "").trim() || /alt="[^"]/.test(html);
  return hasWords ? "" : fill(texts.option, { number: index + 1 });
}

/** `direction` is that of the question: a number alone says none. The whole option takes that of its words. */
function option(html, value, key, name = "", direction = "auto") {
  const label = Object.assign(document.createElement("label"), { className: "option", dir: "auto" });
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "response", value });
  const text = Object.assign(document.createElement("span"), { className: "text" });
  text.innerHTML = html;
  if (html && !/\p{L}/u.test(text.textContent)) label.dir = direction;
  if (name) radio.setAttribute("aria-label", name);
  label.append(radio, text);
  if (key <= 9) {
    const hint = Object.assign(document.createElement("span"), { className: "key", textContent: key });
    hint.setAttribute("aria-hidden", "true");
    label.append(hint);
  }
  return label;
}

/** The option chosen: its index, null for "I don't know", undefined for none. */
function chosen() {
  const value = new FormData(form).get("response");
  if (value === null) return undefined;
  return value === DONT_KNOW ? null : Number(value);
}

/** While an answer is on its way nothing can be chosen. The button keeps the focus, so that nobody loses it. */
export function lock(response) {
  const radio = list.querySelector(`input[value="${response}"]`);
  if (radio) radio.checked = true;
  isLocked = true;
  if (form.contains(document.activeElement)) next.focus({ preventScroll: true });
  fieldset.disabled = true;
  next.setAttribute("aria-disabled", "true");
}

export function unlock() {
  isLocked = false;
  fieldset.disabled = false;
  next.removeAttribute("aria-disabled");
}

export const answerIsOnItsWay = () => isLocked;

/** Call `send` with each answer that somebody gives, once. */
export function onAnswer(send, texts) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isLocked) return;
    const response = chosen();
    if (response === undefined) {
      const hasDontKnow = list.querySelector(`input[value="${DONT_KNOW}"]`);
      missing.textContent = hasDontKnow ? texts.chooseFirstOr : texts.chooseFirst;
      list.querySelector("input").focus();
      missing.scrollIntoView({ block: "nearest" }); // above the first option: both fit an enlarged page
      return;
    }
    missing.textContent = "";
    send(response);
  });
  list.addEventListener("change", () => (missing.textContent = ""));
  // Only while the focus is in the question, so that no single key surprises anybody elsewhere (WCAG 2.1.4).
  form.addEventListener("keydown", (event) => {
    if (isLocked || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && event.target === heading) form.requestSubmit();
    if (!/^[0-9]$/.test(event.key)) return;
    const value = event.key === "0" ? DONT_KNOW : String(event.key - 1);
    const radio = list.querySelector(`input[value="${value}"]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    missing.textContent = "";
    radio.focus();
  });
}
