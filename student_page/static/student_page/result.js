// The result. Its sentences, levels and places come from the server, the same for the teacher; here is only where
// they stand. Pictures repeat what stands beside them in words, so they are hidden from screen readers.

import { fill } from "./elements.js";

const WIDTH = 320;
const HEIGHT = 140;
const one = (id) => document.getElementById(id);

/** A test whose result is not for the student, or not yet: `released` is when, in words, or empty. */
export function showThanks({ status, questions_answered: count }, released, texts) {
  one("headline").replaceChildren(element("p", { className: "band" }, texts.thanks));
  if (released) one("headline").append(element("p", {}, fill(texts.released, { time: released })));
  showEnding({ status, count }, texts);
  one("found").hidden = true;
}

export function showResult(result, test, texts) {
  const { report } = result;
  showEnding({ status: result.status, count: result.total_questions }, texts);
  const lines = test?.show_theta && report.estimate ? [...report.lines, report.estimate] : report.lines;
  one("headline").replaceChildren(
    element("p", { className: "band" }, unbroken(report.headline)),
    ...lines.map((line) => element("p", { dir: "auto" }, line)),
    ...report.stands_out.map((line) => element("p", { dir: "auto" }, line)),
  );
  one("feedback").textContent = result.feedback ?? "";
  one("feedback").hidden = !result.feedback;
  one("found").hidden = report.whole === null;
  if (report.whole === null) return;
  const several = report.concepts.length > 1;
  if (!several) one("headline").querySelector(".band").after(scale(report.whole, report.levels));
  one("each").hidden = !several;
  one("concepts").replaceChildren(...report.concepts.map((concept) => card(concept, test, report.levels)));
  const isRating = report.kind === "scale";
  one("change").hidden = isRating;
  one("people").hidden = report.kind !== "levels";
  for (const line of document.querySelectorAll("#reading .right")) line.hidden = isRating;
  one("levels").replaceChildren(
    ...report.levels.map(({ name, meaning }) => {
      const row = element("div", { dir: "auto" });
      row.append(element("dt", {}, name), element("dd", {}, meaning));
      return row;
    }),
  );
  const paths = report.concepts.map(({ name }) => {
    const index = result.concept_names.indexOf(name);
    const points = result.path.map((point) => ({
      answered: point.questions_answered,
      proficiency: point.proficiency[index],
      interval: point.proficiency_95[index],
    }));
    return path(name, points, report, texts);
  });
  one("paths").replaceChildren(...paths);
}

function showEnding({ status, count }, texts) {
  const ending = { expired: texts.expiredTest, ended: texts.endedTest }[status];
  const lines = [ending, fill(texts.answered, { count })].filter(Boolean);
  one("ending").replaceChildren(...lines.map((line) => element("span", { className: "line", dir: "auto" }, line)));
}

function card(concept, test, levels) {
  const section = element("section", { className: "level" });
  section.append(
    element("h3", { dir: "auto" }, concept.name),
    element("p", { dir: "auto" }, unbroken(concept.headline)),
    scale(concept, levels),
    ...(test?.show_theta ? [...concept.lines, concept.estimate] : concept.lines).map((line) =>
      element("p", { className: "small", dir: "auto" }, line),
    ),
  );
  return section;
}

/** The levels side by side, as wide as their share of people, with the range and the best guess. */
function scale({ proficiency, proficiency_95: [low, high] }, levels) {
  const svg = picture(WIDTH, 34, "scale");
  const edges = [0, ...levels.map((level) => level.proficiency_from).slice(1), 1];
  for (let index = 0; index < edges.length - 1; index++) {
    const [from, to] = [edges[index] * WIDTH, edges[index + 1] * WIDTH];
    const width = Math.max(0, to - from - 2);
    svg.append(shape("rect", { x: from + 1, y: 6, width, height: 22, rx: 3, class: "segment" }));
  }
  const width = Math.max(4, (high - low) * WIDTH);
  svg.append(
    shape("rect", { x: low * WIDTH, y: 12, width, height: 10, rx: 5, class: "range" }),
    shape("circle", { cx: proficiency * WIDTH, cy: 17, r: 7, class: "point" }),
  );
  return svg;
}

/** How the estimate of one concept narrowed: the path with its band, and the same in words. */
function path(name, points, { kind, levels }, texts) {
  const last = points.at(-1).answered;
  const x = (answered) => 4 + (answered / last) * (WIDTH - 8);
  const y = (proficiency) => (1 - proficiency) * (HEIGHT - 8) + 4;
  const line = (those) => those.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  const upper = points.map((point) => [point.answered, point.interval[1]]);
  const lower = points.map((point) => [point.answered, point.interval[0]]);
  const middle = points.map((point) => [point.answered, point.proficiency]);
  const svg = picture(WIDTH, HEIGHT, "path");
  svg.append(shape("polygon", { points: line([...upper, ...lower.reverse()]), class: "range" }));
  for (const level of levels) {
    const place = y(level.proficiency_from ?? 0);
    const text = shape("text", { x: 6, y: place - 4, class: "level-name" });
    text.textContent = level.name;
    svg.append(shape("line", { x1: 0, x2: WIDTH, y1: place, y2: place, class: "cut" }), text);
  }
  svg.append(
    shape("polyline", { points: line(middle), class: "line" }),
    shape("circle", { cx: x(last), cy: y(points.at(-1).proficiency), r: 4, class: "point" }),
  );
  const figure = element("figure");
  const axis = element("p", { className: "axis small" });
  axis.append(element("span", {}, "0"), element("span", {}, texts.pathAxis), element("span", {}, last));
  axis.setAttribute("aria-hidden", "true");
  axis.dir = "ltr"; // time goes as in the picture
  figure.append(element("figcaption", { dir: "auto" }, name), svg, axis);
  if (kind === "levels") figure.append(inWords(points, texts));
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

// Paper folds nothing: all opens before printing, and what was closed closes again.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("#result details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

/** A percent sign stays with its number. */
function unbroken(words) {
  return words.replaceAll(" %", "\u00a0%");
}
