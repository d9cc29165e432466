// Pairs: of two lists, within one list, and of words with the gaps that they fill. Nothing is dragged.

import { fill, isLocked, make, nameOf, option, tellChange, wordsOf } from "./elements.js";
import { menuOf } from "./menus.js";

const isOn = (offer) => offer.selected || offer.checked;

/** What is used up can be chosen nowhere else. `offers`: entries of lists, and boxes. */
function limitUse(members, offers) {
  for (const { id, match_max: most } of members) {
    const own = offers.filter((offer) => offer.value === id);
    const isUsedUp = most > 0 && own.filter(isOn).length >= most;
    for (const offer of own) offer.disabled = isUsedUp && !isOn(offer);
  }
}

/** What is wrong with these pairs; else "". */
function faultOf(pairs, interaction, members, { html, texts }) {
  const { min_associations: least, max_associations: most } = interaction;
  if (pairs.length < least) return fill(texts.pairsAtLeast, { least });
  if (most && pairs.length > most) return fill(texts.pairsUpTo, { most });
  const ends = pairs.flatMap((pair) => pair.split(" "));
  const short = members.find(({ id, match_min: min }) => ends.filter((end) => end === id).length < min);
  if (!short || !pairs.length) return "";
  return fill(texts.useAtLeast, { name: wordsOf(short.content, html.choices[short.id]), least: short.match_min });
}

const someOf = (list) => (list.length ? list : undefined);

/** One source with its target in a list, or with boxes for several. */
function matchRow(source, index, targets, menu, { html, texts, id, direction }) {
  const shown = html.choices[source.id];
  const label = nameOf(source.content, shown, index, texts);
  if (source.match_max === 1) {
    const list = menu.list(label);
    return {
      element: make("label", { className: "pair" }, make("span", { className: "text", html: shown }), list),
      offers: [...list.options].slice(1),
      empty: () => (list.value = ""),
    };
  }
  const boxes = targets.map((target, place) => {
    const name = nameOf(target.content, html.choices[target.id], place, texts);
    const how = { type: "checkbox", name: `${id}-${index}`, value: target.id, label: name, direction };
    return option(html.choices[target.id], how);
  });
  const legend = make("legend", { html: shown });
  return {
    element: make("fieldset", { className: "several", "aria-label": label }, legend, ...boxes),
    offers: boxes.map((box) => box.querySelector("input")),
    empty() {},
  };
}

export function match(interaction, context) {
  const { sources, targets } = interaction;
  const menu = menuOf(targets, context.html.choices);
  const rows = sources.map((source, index) => matchRow(source, index, targets, menu, context));
  const hasLists = sources.some((source) => source.match_max === 1);
  const pairs = () =>
    rows.flatMap((row, index) => row.offers.filter(isOn).map((offer) => `${sources[index].id} ${offer.value}`));
  const limit = () => limitUse(targets, rows.flatMap((row) => row.offers));
  const limitBoxes = () => {
    for (const [index, { match_max: most }] of sources.entries()) {
      const { offers } = rows[index];
      if (most > 1 && offers.filter(isOn).length >= most) for (const offer of offers) offer.disabled ||= !isOn(offer);
    }
  };
  const update = () => [limit(), limitBoxes()];
  return {
    body: [...(hasLists ? menu.key : []), ...rows.map((row) => row.element)],
    hint: context.texts.matchEach,
    value: () => someOf(pairs()),
    fault: () => faultOf(pairs(), interaction, [...sources, ...targets], context),
    update,
    fill(value) {
      for (const [index, row] of rows.entries()) {
        row.empty();
        for (const offer of row.offers) {
          const isChosen = value.includes(`${sources[index].id} ${offer.value}`);
          if ("checked" in offer) offer.checked = isChosen;
          else if (isChosen) offer.selected = true;
        }
      }
      update();
    },
  };
}

export function gapMatch(interaction, context) {
  const { choices, gaps } = interaction;
  const menu = menuOf(choices, context.html.choices);
  const lists = gaps.map(() => menu.list());
  const pairs = () => gaps.flatMap((gap, index) => (lists[index].value ? [`${lists[index].value} ${gap.id}`] : []));
  const update = () => limitUse(choices, lists.flatMap((list) => [...list.options]));
  return {
    places: gaps.map((gap, index) => [gap.id, lists[index]]),
    body: menu.key,
    value: () => someOf(pairs()),
    fault: () => faultOf(pairs(), interaction, choices, context),
    update,
    fill(value) {
      for (const list of lists) list.value = "";
      for (const [choice, gap] of value.map((pair) => pair.split(" "))) {
        lists[gaps.findIndex((each) => each.id === gap)].value = choice;
      }
      update();
    },
  };
}

export function associate(interaction, context) {
  const { choices, max_associations: most } = interaction;
  const { texts } = context;
  const menu = menuOf(choices, context.html.choices);
  const rows = make("ul", { className: "pairs" });
  const add = make("button", { type: "button", textContent: texts.addPair });
  const listsOf = (row) => [...row.querySelectorAll("select")];
  const all = () => [...rows.children].map((row) => listsOf(row).map((list) => list.value));
  const pairs = () => all().filter((ends) => ends.every(Boolean)).map((ends) => ends.join(" "));
  const update = () => {
    limitUse(choices, listsOf(rows).flatMap((list) => [...list.options]));
    [...rows.children].forEach((row, index) => {
      const number = index + 1;
      listsOf(row).forEach((list, end) => list.setAttribute("aria-label", fill(texts.pairEnd, { number, end: end + 1 })));
      row.querySelector("button").setAttribute("aria-label", fill(texts.removePair, { number }));
    });
    add.hidden = most > 0 && rows.children.length >= most;
  };
  const addRow = ([first, second] = ["", ""]) => {
    const remove = make("button", { type: "button", className: "small-button", textContent: "×" });
    const row = make("li", {}, menu.list(), make("span", { textContent: "–", "aria-hidden": "true" }), menu.list(), remove);
    const lists = listsOf(row);
    [lists[0].value, lists[1].value] = [first, second];
    remove.addEventListener("click", () => {
      row.remove();
      tellChange(rows);
      (add.hidden ? rows.querySelector("select") : add).focus();
    });
    rows.append(row);
    return row;
  };
  add.addEventListener("click", () => {
    if (isLocked(add)) return;
    const row = addRow();
    update();
    row.querySelector("select").focus();
  });
  addRow();
  update();
  const asSet = (pair) => pair.split(" ").sort().join(" ");
  return {
    body: [...menu.key, rows, add],
    hint: texts.makePairs,
    value: () => someOf(pairs()),
    fault() {
      if (all().some(([first, second]) => Boolean(first) !== Boolean(second))) return texts.halfPair;
      if (new Set(pairs().map(asSet)).size < pairs().length) return texts.pairTwice;
      return faultOf(pairs(), interaction, choices, context);
    },
    update,
    fill(value) {
      rows.replaceChildren();
      for (const pair of value) addRow(pair.split(" "));
      update();
    },
  };
}
