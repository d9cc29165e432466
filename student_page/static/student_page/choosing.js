// Choices, words of a sentence to choose from, and words of the text to mark.

import { fill, isLocked, make, nameOf, option, tellChange } from "./elements.js";
import { menuOf } from "./menus.js";

/** How many may be chosen: what is asked for, and what is said where it is not met. */
function numberAsked(least, most, texts) {
  if (most === 1) return texts.chooseOne;
  if (least && least === most) return fill(texts.chooseExactly, { least });
  if (least && most) return fill(texts.chooseBetween, { least, most });
  if (most) return fill(texts.chooseUpTo, { most });
  return least ? fill(texts.chooseAtLeast, { least }) : texts.chooseAny;
}

const isWithin = (number, least, most) => number >= least && (!most || number <= most);

export function choice({ choices, min_choices: least, max_choices: most }, { html, texts, id, direction }) {
  const isOne = most === 1;
  const options = choices.map((each, index) => {
    const shown = html.choices[each.id];
    const label = nameOf(each.content, shown, index, texts);
    return option(shown, { type: isOne ? "radio" : "checkbox", name: id, value: each.id, label, direction });
  });
  const boxes = options.map((each) => each.querySelector("input"));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const asked = numberAsked(least, most, texts);
  return {
    body: options,
    name: asked,
    hint: isOne ? "" : least === 1 && !most ? texts.chooseAny : asked,
    mayBeEmpty: !isOne,
    value: () => (isOne ? chosen()[0] : chosen().length ? chosen() : undefined),
    fault: () => (isWithin(chosen().length, least, most) ? "" : asked),
    fill(value) {
      const ids = [value].flat();
      for (const box of boxes) box.checked = ids.includes(box.value);
    },
  };
}

export function inlineChoice({ choices, min_choices: least }, { html, texts }) {
  const menu = menuOf(choices, html.choices);
  const list = menu.list();
  return {
    places: [["", list]],
    body: menu.key,
    value: () => list.value || undefined,
    fault: () => (least && !list.value ? texts.chooseOne : ""),
    fill: (value) => (list.value = value),
  };
}

/** Words that are pressed to mark them. No buttons: a sentence among them runs over the end of a line. */
export function hottext({ choices, min_choices: least, max_choices: most }, { html, texts }) {
  const words = choices.map((each) => {
    const properties = { className: "hot", tabIndex: 0, html: html.choices[each.id] };
    return make("span", { ...properties, role: "button", "aria-pressed": "false" });
  });
  const isMarked = (word) => word.getAttribute("aria-pressed") === "true";
  const marked = () => choices.filter((_, index) => isMarked(words[index])).map((each) => each.id);
  const mark = (word, isOn) => word.setAttribute("aria-pressed", isOn);
  const toggle = (word) => {
    if (isLocked(word)) return;
    const isOn = !isMarked(word);
    if (most === 1) for (const other of words) mark(other, false);
    mark(word, isOn);
    tellChange(word);
  };
  for (const word of words) {
    word.addEventListener("click", () => toggle(word));
    word.addEventListener("keydown", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      toggle(word);
    });
  }
  const asked = numberAsked(least, most, texts);
  return {
    places: choices.map((each, index) => [each.id, words[index]]),
    hint: asked,
    mayBeEmpty: most !== 1,
    value: () => (marked().length ? marked() : undefined),
    fault: () => (isWithin(marked().length, least, most) ? "" : asked),
    fill: (value) => words.forEach((word, index) => mark(word, [value].flat().includes(choices[index].id))),
  };
}
