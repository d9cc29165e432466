// Things to put in order, by buttons.

import { fill, isLocked, make, tellChange, wordsOf } from "./elements.js";

export function order(interaction, { html, texts }) {
  const { choices, min_choices: min, max_choices: max } = interaction;
  const most = max || choices.length;
  const least = min || (max ? 0 : choices.length);
  const isOfAll = least === choices.length;
  const ranked = make("ol", { className: "order" });
  const rest = make("ul", { className: "order" });
  const said = make("p", { className: "unseen", role: "status" });
  let isTouched = false;

  const button = (text, label, action) => {
    const properties = { type: "button", className: "small-button", textContent: text };
    const made = make("button", { ...properties, "aria-label": label });
    made.addEventListener("click", () => {
      if (isLocked(made) || made.getAttribute("aria-disabled") === "true") return;
      action();
      isTouched = true;
      tellChange(made.isConnected ? made : ranked);
    });
    return made;
  };
  const rows = choices.map((each) => {
    const name = wordsOf(each.content, html.choices[each.id]);
    const row = make("li", { dir: "auto" }, make("span", { className: "text", html: html.choices[each.id] }));
    row.dataset.id = each.id;
    const say = () => {
      const number = [...ranked.children].indexOf(row) + 1;
      const text = number ? texts.placeOf : texts.takenOut;
      said.textContent = fill(text, { name, number, all: ranked.children.length });
    };
    const moved = (made, move) => {
      move();
      update();
      made.focus(); // it went with its row
      say();
    };
    const raise = () => row.previousElementSibling.before(row);
    const lower = () => row.nextElementSibling.after(row);
    const up = button("↑", fill(texts.moveUp, { name }), () => moved(up, raise));
    const down = button("↓", fill(texts.moveDown, { name }), () => moved(down, lower));
    const swap = () => (row.parentElement === ranked ? rest : ranked).append(row);
    const inOut = button("", "", () => moved(inOut, swap));
    row.append(up, down);
    if (!isOfAll) row.append(inOut);
    return { row, up, down, inOut, name };
  });
  function update() {
    for (const { row, up, down, inOut, name } of rows) {
      const isRanked = row.parentElement === ranked;
      up.hidden = down.hidden = !isRanked;
      up.setAttribute("aria-disabled", !row.previousElementSibling);
      down.setAttribute("aria-disabled", !row.nextElementSibling);
      inOut.textContent = isRanked ? "×" : "+";
      inOut.setAttribute("aria-label", fill(isRanked ? texts.takeOut : texts.putIn, { name }));
    }
    rest.hidden = !rest.children.length;
    ranked.hidden = !ranked.children.length;
  }
  const arrange = (ids) => {
    const of = (id) => rows.find(({ row }) => row.dataset.id === id).row;
    rest.replaceChildren(...rows.map(({ row }) => row));
    ranked.replaceChildren(...ids.map(of));
    update();
  };
  arrange(isOfAll ? choices.map((each) => each.id) : []);
  const ids = () => [...ranked.children].map((row) => row.dataset.id);
  const asked = isOfAll ? texts.putInOrder : fill(texts.orderSome, { least, most });
  return {
    body: [ranked, rest, said],
    hint: asked,
    mayBeEmpty: isOfAll, // left as it was, it may be right
    value: (isFinal) => ((isTouched || (isFinal && isOfAll)) && ids().length ? ids() : undefined),
    fault: () => ((ids().length || min) && (ids().length < least || ids().length > most) ? asked : ""),
    fill(value) {
      isTouched = true;
      arrange(value);
    },
  };
}
