// A question that asks in any of the ways of docs/QUESTIONS.md: its fields in the text and after it, its answer,
// what is missing in it. One builder a type gives
//   places   [[id, field]]: what stands in the text, where that has a place for it
//   body     elements around which the interaction gets a frame
//   value()  as it is sent; undefined for none.  fill(value) shows one
//   fault()  what keeps it from being sent, in words; else ""
//   hint     what to do; `name` is said where no prompt is
//   update() after each change;  mayBeEmpty: untouched it may be the answer

import { choice, hottext, inlineChoice } from "./choosing.js";
import { fill, make } from "./elements.js";
import { slider, textEntry } from "./entering.js";
import { order } from "./ordering.js";
import { associate, gapMatch, match } from "./pairing.js";

const BUILDERS = { choice, inlineChoice, textEntry, order, match, associate, gapMatch, hottext, slider };

/** Whether the whole question is one choice of one option, as most are. */
export const isSingleChoice = ({ interactions: asked = [] }) =>
  !asked.length || (asked.length === 1 && asked[0].type === "choice" && asked[0].max_choices === 1);

/** The interactions of a question: into the places of `content`, what has none there into `list`. */
export function showInteractions(question, content, list, texts) {
  const { direction } = getComputedStyle(content.querySelector("p") ?? content);
  const slots = [...content.querySelectorAll(".slot")];
  const parts = question.interactions.map((interaction, index) => {
    const html = question.interactions_html[index];
    const context = { html, texts, direction, id: `part-${index}` };
    const part = BUILDERS[interaction.type](interaction, context);
    place(part, interaction, context, slots, list);
    return { ...part, response: interaction.response };
  });
  for (const slot of slots) if (!slot.childNodes.length) slot.remove();
  nameFields(content, texts);
  return new Parts(parts, list, texts);
}

/** Where a part stands. What it says of itself stands before its first place in the text, else around it. */
function place(part, { response }, context, slots, list) {
  const { html, id, direction } = context;
  const own = slots.filter((slot) => slot.dataset.response === response);
  const left = [];
  let first;
  for (const [name, field] of part.places ?? []) {
    const slot = own.find((each) => (each.dataset.part ?? "") === name && !each.childNodes.length);
    if (!slot) left.push(field);
    slot?.append(field);
    first ??= slot;
  }
  const body = [...(part.body ?? []), ...left.map((field) => make("div", { className: "left" }, field))];
  part.error = make("p", { className: "error", role: "alert", id: `${id}-error` });
  const prompt = html.prompt && make("div", { className: "prompt", dir: "auto", html: html.prompt });
  const hint = part.hint && make("p", { className: "small", textContent: part.hint });
  const isInText = first && !left.length;
  if (isInText) {
    const block = blockOf(first);
    const before = [prompt, hint, ...body].filter(Boolean);
    if (before.length) block.before(make("div", { className: "before" }, ...before));
    block.after(part.error);
    part.elements = own.map((slot) => slot.firstElementChild).filter(Boolean);
    return;
  }
  const legend = make("legend", {}, prompt || part.hint || part.name || context.texts.yourAnswer);
  const inside = [legend, prompt && hint, part.error, ...body].filter(Boolean);
  const frame = make("fieldset", { className: "part", dir: direction }, ...inside);
  const whole = own.find((slot) => !slot.childNodes.length && !slot.dataset.part);
  if (whole) putAt(whole, frame);
  else list.append(frame);
  part.elements = [frame];
  if (part.field) part.field.setAttribute("aria-label", legend.textContent.trim());
}

const blockOf = (slot) => slot.closest(".wide, p") ?? slot;

/** A frame is no part of a paragraph: it stands between what was before its place and what was after. */
function putAt(slot, frame) {
  const paragraph = slot.parentElement;
  if (paragraph.localName !== "p") return slot.replaceWith(frame);
  const rest = paragraph.cloneNode(false);
  while (slot.nextSibling) rest.append(slot.nextSibling);
  slot.remove();
  paragraph.after(frame);
  if (rest.textContent.trim() || rest.children.length) frame.after(rest);
  if (!paragraph.textContent.trim() && !paragraph.children.length) paragraph.remove();
}

/** Fields get the number of their place in the question, for whoever hears them one by one. */
function nameFields(content, texts) {
  const root = content.parentElement;
  const fields = [...root.querySelectorAll(".slot > :is(input, select), .left > :is(input, select)")];
  fields.forEach((field, index) => {
    const name = fields.length > 1 ? fill(texts.gap, { number: index + 1 }) : texts.yourAnswer;
    field.setAttribute("aria-label", name);
    const label = make("span", { textContent: name, "aria-hidden": "true" });
    if (field.parentElement.className === "left" && fields.length > 1) field.before(label);
  });
}

class Parts {
  constructor(parts, list, texts) {
    this.parts = parts;
    this.texts = texts;
    this.unfinished = make("p", { className: "error", role: "alert" });
    list.append(this.unfinished);
    this.isWarned = false;
    this.changed();
  }

  /** After each change. */
  changed() {
    this.isWarned = false;
    this.unfinished.textContent = "";
    for (const part of this.parts) {
      if (part.error.textContent && !part.fault()) this.#say(part, "");
      part.update?.();
    }
  }

  /** The values of the response variables, as they are sent. `isFinal`: what was left as it was is meant so. */
  value(isFinal = false) {
    const all = this.parts.map((part) => [part.response, part.value(isFinal)]);
    return Object.fromEntries(all.filter(([, value]) => value !== undefined));
  }

  fill(values) {
    for (const part of this.parts) if (values[part.response] !== undefined) part.fill(values[part.response]);
    this.changed();
  }

  /** Whether it can be sent. Else it says why, and puts the focus there. What may be left out is asked for once. */
  check(allowsDontKnow) {
    for (const part of this.parts) this.#say(part, part.fault());
    const faulty = this.parts.find((part) => part.fault());
    if (faulty) return this.#goTo(faulty);
    const empty = this.parts.filter((part) => part.value() === undefined);
    const isNothing = empty.length === this.parts.length && !this.parts.some((part) => part.mayBeEmpty);
    if (isNothing) {
      this.#say(empty[0], allowsDontKnow ? this.texts.answerFirstOr : this.texts.answerFirst);
      return this.#goTo(empty[0]);
    }
    if (!empty.length || this.isWarned) return true;
    this.isWarned = true;
    this.unfinished.textContent = this.texts.unfinished;
    this.unfinished.scrollIntoView({ block: "nearest" });
    return false;
  }

  /** The server takes another view of this variable. Whether it is one of these. */
  refuse(response) {
    const part = this.parts.find((each) => each.response === response);
    if (!part) return false;
    this.#say(part, this.texts.partNotAccepted);
    this.#goTo(part);
    return true;
  }

  #say(part, text) {
    part.error.textContent = text;
    for (const field of part.elements) {
      if (text) field.setAttribute("aria-describedby", part.error.id);
      else field.removeAttribute("aria-describedby");
      if (field.matches("input, select")) field.setAttribute("aria-invalid", Boolean(text));
    }
  }

  #goTo(part) {
    const [element] = part.elements;
    const fields = "input, select, button, [tabindex]";
    (element.matches(fields) ? element : element.querySelector(fields)).focus();
    part.error.scrollIntoView({ block: "nearest" });
    return false;
  }
}
