// What is on the screen: one section at a time, and a line above it.

const data = JSON.parse(document.getElementById("page-data").textContent);

/** What the scripts say, in the page's language. */
export const { texts, is_language_chosen: isLanguageChosen } = data;

/** Those that the page speaks. */
export const languages = () => [...document.querySelectorAll("a[hreflang]")].map((link) => link.hreflang);

export const one = (id) => document.getElementById(id);

export function show(name) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== name;
  if (name !== "question") one(name).querySelector("h2")?.focus();
}

/** Whose test this is, where that is known. */
export function showName(name) {
  one("who").hidden = !name;
  for (const place of document.querySelectorAll(".name")) place.textContent = name ?? "";
}

/** What the line at the top says. */
export function notice(text) {
  if (one("notice").textContent !== text) one("notice").textContent = text;
  if (text === texts.backOnline) clearLater(text, 4000);
}

/** The same of what is soon old: 15 seconds, unless something else is said. */
export function noticeForAWhile(text) {
  notice(text);
  clearLater(text, 15_000);
}

const clearLater = (text, wait) => setTimeout(() => one("notice").textContent === text && notice(""), wait);

/** Nothing goes on here. */
export function stop(title, text) {
  notice("");
  one("stopped").querySelector("h2").textContent = title;
  one("stopped").querySelector("p").textContent = text;
  show("stopped");
}
