// What is typed, and a number on a scale.

import { make, tellChange } from "./elements.js";

// As the server reads them: testing_engine/questions/answers.py.
const NUMBERS = {
  integer: /^[+\-−–\u2011]?\d{1,15}$/,
  float: /^[+\-−–\u2011]?(\d+([.,]\d*)?|[.,]\d+)(e[+\-]?\d{1,3})?$/i,
};
// Their keyboards for numbers have no minus.
const HAS_NO_MINUS = /iP(hone|ad|od)/.test(navigator.userAgent);

const asTyped = (text) => text.trim();
/** Arabic and Persian digits and their decimal sign as those that the server reads. */
const asNumber = (text) => text.trim().replace(/[٠-٩۰-۹]/g, (digit) => digit.charCodeAt(0) & 15).replace("٫", ".");

export function textEntry(interaction, { texts }) {
  const { base_type: type, max_length: maxLength, expected_length: length, placeholder } = interaction;
  const isNumber = type !== "string";
  const size = Math.min(Math.max(length ?? Math.min(maxLength, isNumber ? 8 : 16), 3), 40);
  const field = make("input", { type: "text", autocomplete: "off", spellcheck: false, maxLength, size, placeholder });
  field.dir = isNumber ? "ltr" : "auto"; // or "-5" were shown as "5-"
  field.autocapitalize = "off";
  if (isNumber && !HAS_NO_MINUS) field.inputMode = type === "integer" ? "numeric" : "decimal";
  const typed = () => (isNumber ? asNumber : asTyped)(field.value);
  return {
    places: [["", field]],
    value: () => typed() || undefined,
    fault() {
      if (!isNumber || !typed() || NUMBERS[type].test(typed())) return "";
      return type === "integer" ? texts.typeWhole : texts.typeNumber;
    },
    fill: (value) => (field.value = value),
  };
}

export function slider({ lower, upper, step }, { texts }) {
  const range = make("input", { type: "range", min: lower, max: upper, step, value: lower });
  const output = make("output", { textContent: "–" });
  const { lang } = document.documentElement;
  const inWords = (value) => Number(value).toLocaleString(lang, { maximumFractionDigits: 9 });
  let isTouched = false;
  const show = () => {
    output.textContent = isTouched ? inWords(range.value) : "–";
    range.setAttribute("aria-valuetext", isTouched ? inWords(range.value) : texts.noValue);
  };
  const touch = () => {
    isTouched = true;
    show();
  };
  // Also where it does not move: the lowest value may be the answer.
  range.addEventListener("input", touch);
  const touchInPlace = () => [touch(), tellChange(range)];
  range.addEventListener("click", touchInPlace);
  range.addEventListener("keydown", ({ key }) => /^(Arrow|Home|End|Page)/.test(key) && touchInPlace());
  show();
  const ends = [make("span", { textContent: inWords(lower) }), range, make("span", { textContent: inWords(upper) })];
  return {
    body: [make("div", { className: "slider" }, output, make("div", {}, ...ends))],
    field: range,
    hint: texts.chooseValue,
    value: () => (isTouched ? Number(range.value) : undefined),
    fault: () => "",
    fill(value) {
      range.value = value;
      touch();
    },
  };
}
