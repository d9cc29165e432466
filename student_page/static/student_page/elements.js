// Elements that questions are made of.

/** A text with its words in braces filled in. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** An element; `html` is what the server made safe, a name with a hyphen is an attribute. */
export function make(tag, { html, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  if (html) element.innerHTML = html;
  for (const [name, value] of Object.entries(properties)) {
    if (!name.includes("-")) element[name] = value;
    else if (value) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** An option with its radio button or box. `key` chooses it, from 1 to 9; `direction` is that of the question:
 * a number alone says none. The whole option takes that of its words. */
export function option(html, { type = "radio", name = "response", value, key = 10, label, direction = "auto" }) {
  const text = make("span", { className: "text", html });
  const dir = html && !/\p{L}/u.test(text.textContent) ? direction : "auto";
  const button = make("input", { type, name, value, "aria-label": label });
  const element = make("label", { className: "option", dir }, button, text);
  if (key <= 9) element.append(make("span", { className: "key", textContent: key, "aria-hidden": "true" }));
  return element;
}

/** What a screen reader calls an option where its text alone does not say it; else "". */
export function nameOf(source, html, index, texts) {
  if (html.includes("<math")) return source.replaceAll("$", ""); // read letter by letter, ½ would be "12"
  const hasWords = html.replace(/<[^>]*>/g, "").trim() || /alt="[^"]/.test(html);
  return hasWords ? "" : fill(texts.option, { number: index + 1 });
}

/** The same as words alone. */
export function wordsOf(source, html) {
  if (html.includes("<math")) return source.replaceAll("$", "");
  const element = make("span", { html });
  for (const picture of element.querySelectorAll("img")) picture.replaceWith(picture.alt);
  return element.textContent.trim();
}

/** Tell whoever listens that an answer changed, as a field of the browser's own would. */
export const tellChange = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

/** While an answer is on its way nothing changes; what is no field of a form asks here. */
export const isLocked = (element) => element.closest("fieldset:disabled") !== null;
