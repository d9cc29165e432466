// Choices as the browser's own lists, which every finger, keyboard and screen reader knows.

import { make, wordsOf } from "./elements.js";

/** Lists of the same choices. They show words alone; formulas and pictures get numbers there, and stand in `key`. */
export function menuOf(choices, html) {
  const isPlain = choices.every(({ id }) => !/<(img|math|pre)\b/.test(html[id]));
  const name = ({ id, content }, index) => (isPlain ? wordsOf(content, html[id]) : String(index + 1));
  const items = () => choices.map((each) => make("li", { html: html[each.id] }));
  return {
    key: isPlain ? [] : [make("ol", { className: "menu-key" }, ...items())],
    list(label = "") {
      const options = choices.map((each, index) => make("option", { value: each.id, textContent: name(each, index) }));
      return make("select", { "aria-label": label }, make("option", { value: "", textContent: "…" }), ...options);
    },
  };
}
