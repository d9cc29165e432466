// The result: levels with their uncertainty, the path of the estimate, what stood out. Words first; every picture
// repeats what stands beside it in words, so pictures are hidden from screen readers.

import { fill } from "./question.js";

const WIDTH = 320;
const HEIGHT = 140;
const CLEAR = 1.96; // standard errors by which a subject must differ from the mean of all: "very likely", as elsewhere

export function showResult(result, test, { texts, bands }) {
  const one = (id) => document.getElementById(id);
  const concepts = result.concept_names.map((name, index) => ({
    name,
    proficiency: result.final_proficiency[index],
    interval: result.path.at(-1).proficiency_95[index],
    theta: result.ability.theta[index],
    error: result.ability.standard_error[index],
    path: result.path.map((point) => ({
      answered: point.questions_answered,
      proficiency: point.proficiency[index],
      interval: point.proficiency_95[index],
    })),
  }));
  const ending = { expired: texts.expiredTest, ended: texts.endedTest }[result.status];
  const lines = [test?.closing, ending, fill(texts.answered, { count: result.total_questions })];
  one("ending").replaceChildren(...lines.filter(Boolean).map((line) => element("span", { className: "line" }, line)));
  one("found").hidden = result.total_questions === 0;
  if (result.total_questions === 0) {
    one("concepts").replaceChildren(element("p", {}, texts.noAnswers));
    return;
  }
  one("concepts").replaceChildren(...concepts.map((concept) => level(concept, test, texts, bands)));
  one("strengths").replaceChildren(...strengths(concepts, texts));
  one("paths").replaceChildren(...concepts.map((concept) => path(concept, texts, bands)));
}

function level(concept, test, texts, bands) {
  const [low, high] = concept.interval;
  const of = (proficiency) => bands.names[bands.cuts.filter((cut) => proficiency >= cut).length];
  const likely =
    of(low) === of(high)
      ? fill(texts.veryLikelyIs, { level: of(low) })
      : fill(texts.veryLikelyBetween, { low: of(low), high: of(high) });
  const card = element("section", { className: "card level" });
  card.append(
    element("h3", { dir: "auto" }, concept.name),
    element("p", { className: "band" }, headline(low, concept.proficiency, high, bands)),
    scale(concept, bands),
    element("p", {}, likely),
    element("p", { className: "small" }, fill(texts.aheadOf, { low: percent(low), high: percent(high) })),
  );
  if (test?.show_theta) {
    const numbers = { theta: concept.theta.toFixed(2), error: concept.error.toFixed(2) };
    card.append(element("p", { className: "small" }, fill(texts.theta, numbers)));
  }
  return card;
}

/** The level, or where more than two are very likely, from which to which: no more than what is known. */
function headline(low, proficiency, high, bands) {
  const [lowest, level, highest] = [low, proficiency, high].map(
    (value) => bands.cuts.filter((cut) => value >= cut).length,
  );
  return highest - lowest > 1 ? `${bands.names[lowest]} – ${bands.names[highest]}` : bands.names[level];
}

/** The levels side by side, as wide as their share of people, with the range and the best guess. */
function scale(concept, bands) {
  const svg = picture(WIDTH, 34, "scale");
  const edges = [0, ...bands.cuts, 1];
  for (let index = 0; index < edges.length - 1; index++) {
    const [from, to] = [edges[index] * WIDTH, edges[index + 1] * WIDTH];
    svg.append(shape("rect", { x: from + 1, y: 6, width: to - from - 2, height: 22, rx: 3, class: "segment" }));
  }
  const [low, high] = concept.interval;
  const width = Math.max(4, (high - low) * WIDTH);
  svg.append(
    shape("rect", { x: low * WIDTH, y: 12, width, height: 10, rx: 5, class: "range" }),
    shape("circle", { cx: concept.proficiency * WIDTH, cy: 17, r: 7, class: "point" }),
  );
  return svg;
}

/** How the estimate of one concept narrowed: the path with its band, and the same in words. */
function path(concept, texts, bands) {
  const last = concept.path.at(-1).answered;
  const x = (answered) => 4 + (answered / last) * (WIDTH - 8);
  const y = (proficiency) => (1 - proficiency) * (HEIGHT - 8) + 4;
  const line = (points) => points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  const upper = concept.path.map((point) => [point.answered, point.interval[1]]);
  const lower = concept.path.map((point) => [point.answered, point.interval[0]]);
  const middle = concept.path.map((point) => [point.answered, point.proficiency]);
  const svg = picture(WIDTH, HEIGHT, "path");
  svg.append(shape("polygon", { points: line([...upper, ...lower.reverse()]), class: "range" }));
  [0, ...bands.cuts].forEach((cut, index) => {
    const name = shape("text", { x: 6, y: y(cut) - 4, class: "level-name" });
    name.textContent = bands.names[index];
    svg.append(shape("line", { x1: 0, x2: WIDTH, y1: y(cut), y2: y(cut), class: "cut" }), name);
  });
  svg.append(
    shape("polyline", { points: line(middle), class: "line" }),
    shape("circle", { cx: x(last), cy: y(concept.proficiency), r: 4, class: "point" }),
  );
  const figure = element("figure");
  const axis = element("p", { className: "axis small" });
  axis.append(element("span", {}, "0"), element("span", {}, texts.pathAxis), element("span", {}, last));
  axis.setAttribute("aria-hidden", "true");
  axis.dir = "ltr"; // time goes as in the picture
  figure.append(element("figcaption", { dir: "auto" }, concept.name), svg, axis, inWords(concept.path, texts));
  return figure;
}

function inWords(points, texts) {
  const middle = points[Math.floor((points.length - 1) / 2)];
  const shown = [...new Set([points[0], middle, points.at(-1)])];
  const sentences = shown.map(({ answered, interval }) => {
    const text = answered === 0 ? texts.start : answered === 1 ? texts.afterOne : texts.after;
    return fill(text, { count: answered, low: percent(interval[0]), high: percent(interval[1]) });
  });
  return element("p", { className: "small" }, sentences.join(" "));
}

function strengths(concepts, texts) {
  const mean = concepts.reduce((sum, { theta }) => sum + theta, 0) / concepts.length;
  const names = (sign) =>
    concepts.filter(({ theta, error }) => sign * (theta - mean) > CLEAR * error).map(({ name }) => name);
  const found = [
    [texts.strong, names(1)],
    [texts.weak, names(-1)],
  ].filter(([, those]) => those.length);
  if (!found.length) return [element("p", {}, texts.noDifference)];
  return found.flatMap(([title, those]) => {
    const list = element("ul");
    list.append(...those.map((name) => element("li", { dir: "auto" }, name)));
    return [element("h4", {}, title), list];
  });
}

const percent = (proficiency) => Math.round(100 * proficiency);

function element(name, properties = {}, text = "") {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}

function picture(width, height, name) {
  return shape("svg", { viewBox: `0 0 ${width} ${height}`, class: name, "aria-hidden": "true", focusable: "false" });
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
