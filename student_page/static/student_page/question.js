// One question on the screen: its content, its options or other interactions, the keyboard.

import { fill, make, nameOf, option } from "./elements.js";
import { isSingleChoice, showInteractions } from "./interactions.js";
import { passage, showPassage } from "./passage.js";
import { hushSounds, showSounds } from "./sounds.js";

const form = document.querySelector("#answer");
const heading = document.querySelector("#number");
const asked = document.querySelector("#asked");
const content = document.querySelector("#content");
const interactions = document.querySelector("#interactions");
const fieldset = document.querySelector("#options");
const legend = fieldset.querySelector("legend");
const list = fieldset.querySelector("div");
const missing = document.querySelector("#missing");
const next = document.querySelector("#next");
const keys = document.querySelector("#keys");
const progress = document.querySelector("#progress");

const DONT_KNOW = "null";
let isLocked = false;
let parts = null; // the interactions, where the question is more than one choice of one option

/** Show a question. `allowsDontKnow` adds the answer that is none; `heard` and `keepHeard`: what was played. */
export function showQuestion(question, { number, most, isFixed, allowsDontKnow, heard, keepHeard }, texts) {
  heading.textContent = fill(isFixed ? texts.questionOf : texts.question, { number, most });
  progress.max = most;
  progress.value = number - 1;
  hushSounds(form);
  showPassage(question.passage_html);
  content.innerHTML = question.content_html; // made safe by the server
  const isSingle = isSingleChoice(question);
  keys.hidden = !isSingle;
  interactions.hidden = isSingle;
  legend.hidden = !isSingle;
  interactions.replaceChildren();
  parts = isSingle ? null : showInteractions(question, content, interactions, texts);
  const options = isSingle ? optionsOf(question, texts) : [];
  if (allowsDontKnow) {
    const last = option("", { type: isSingle ? "radio" : "checkbox", value: DONT_KNOW, key: isSingle ? 0 : 10 });
    last.querySelector(".text").textContent = texts.dontKnow;
    last.classList.add("dont-know");
    options.push(last);
  }
  fieldset.hidden = !options.length;
  list.replaceChildren(...options);
  missing.textContent = "";
  showSounds(passage, "", heard, keepHeard, texts);
  showSounds(form, question.id, heard, keepHeard, texts);
  unlock();
  for (const box of form.querySelectorAll("pre, .wide, .block, .text")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // so that the keyboard can scroll it
  }
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

/** The options of a single choice. */
function optionsOf(question, texts) {
  const prompt = question.interactions_html?.[0]?.prompt;
  legend.replaceChildren(prompt ? make("span", { html: prompt }) : texts.chooseOne);
  for (const slot of content.querySelectorAll(".slot")) slot.remove(); // they follow the content
  const { direction } = getComputedStyle(content.querySelector("p") ?? content);
  return question.options_html.map((html, index) => {
    const label = nameOf(question.options[index], html, index, texts);
    return option(html, { value: String(index), key: index + 1, label, direction });
  });
}

/** The answer: an option's index, an object with the values of interactions, null for "I don't know", undefined
 * for none. */
function given(isFinal) {
  const value = list.querySelector("input:checked")?.value;
  if (value === DONT_KNOW) return null;
  if (!parts) return value === undefined ? undefined : Number(value);
  const values = parts.value(isFinal);
  return isFinal || Object.keys(values).length ? values : undefined;
}

/** Show an answer, as somebody gave it. */
export function showAnswer(response) {
  if (parts && response) return parts.fill(response);
  const box = list.querySelector(`input[value="${response}"]`);
  if (box) box.checked = true;
}

/** While an answer is on its way nothing can be chosen. The button keeps the focus, so that nobody loses it. */
export function lock(response) {
  showAnswer(response);
  isLocked = true;
  if (form.contains(document.activeElement)) next.focus({ preventScroll: true });
  asked.disabled = true;
  fieldset.disabled = true;
  next.setAttribute("aria-disabled", "true");
}

export function unlock() {
  isLocked = false;
  asked.disabled = false;
  fieldset.disabled = false;
  next.removeAttribute("aria-disabled");
}

export const answerIsOnItsWay = () => isLocked;

/** The server refused the value of this response variable: say so there. Whether there is such a place. */
export const refusePart = (response) => parts?.refuse(response) ?? false;

/** Whether there is an answer to send; else say what is missing. */
function isComplete(texts) {
  const hasDontKnow = list.querySelector(`input[value="${DONT_KNOW}"]`);
  if (hasDontKnow?.checked) return true;
  if (parts) return parts.check(Boolean(hasDontKnow));
  if (given() !== undefined) return true;
  missing.textContent = hasDontKnow ? texts.chooseFirstOr : texts.chooseFirst;
  list.querySelector("input").focus();
  missing.scrollIntoView({ block: "nearest" }); // above the first option: both fit an enlarged page
  return false;
}

/** Call `send` with each answer that somebody gives, once, and `keep` with each that is not sent yet. */
export function onAnswer(send, keep, texts) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isLocked || !isComplete(texts)) return;
    missing.textContent = "";
    send(given(true));
  });
  const changed = ({ target }) => {
    missing.textContent = "";
    const dontKnow = parts && list.querySelector("input");
    if (dontKnow && !list.contains(target)) dontKnow.checked = false;
    parts?.changed();
    keep(given());
  };
  asked.addEventListener("change", changed);
  asked.addEventListener("input", changed);
  // Only while the focus is in the question, so that no single key surprises anybody elsewhere (WCAG 2.1.4).
  form.addEventListener("keydown", (event) => {
    if (isLocked || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && event.target === heading) form.requestSubmit();
    if (parts || !/^[0-9]$/.test(event.key)) return;
    const value = event.key === "0" ? DONT_KNOW : String(event.key - 1);
    const radio = list.querySelector(`input[value="${value}"]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    missing.textContent = "";
    keep(given());
    radio.focus();
  });
}
