// Time: what is left of a test, and when something is.

import { now } from "./connection.js";
import { fill } from "./elements.js";
import { one, texts } from "./screen.js";

let clock;
let lastLeft = Infinity;

export const stopClock = () => clearInterval(clock);

/** Minutes and seconds; of milliseconds. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** How much time is left, in words. */
export const left = (milliseconds) => fill(texts.timeLeft, { time: span(milliseconds) });

/** What is said when somebody has moved a deadline: how many minutes more, where that is so. */
export function changed(before, after) {
  const minutes = Math.round((Date.parse(after) - Date.parse(before)) / 60_000);
  if (!(minutes > 0)) return texts.timeChanged;
  return minutes === 1 ? texts.moreMinute : fill(texts.moreMinutes, { minutes });
}

/** Count down to a deadline, if there is one; `look` asks the server once it has passed. */
export function startClock(until, look) {
  stopClock();
  one("timer").hidden = !until;
  if (!until) return;
  const deadline = Date.parse(until);
  const tick = () => {
    if (!one("stopped").hidden) return stopClock();
    const rest = Math.max(0, Math.floor((deadline - now()) / 1000)); // the server says whole seconds: up to one late
    one("timer").textContent = left(1000 * rest);
    if (!one("invitation").hidden) {
      one("limit").textContent = one("timer").textContent;
      one("limit").hidden = false;
    }
    const passed = (seconds) => rest <= seconds && lastLeft > seconds && lastLeft !== Infinity;
    if (passed(300)) one("announcement").textContent = texts.fiveMinutes;
    if (passed(60)) one("announcement").textContent = texts.oneMinute;
    if (rest === 0 && lastLeft > 0) one("announcement").textContent = texts.timeUp;
    if (rest === 0 && Math.floor(performance.now() / 1000) % 5 === 0) look(); // until the server closes it
    lastLeft = rest;
  };
  lastLeft = Infinity;
  tick();
  clock = setInterval(tick, 1000);
}

/** When something is, by this device's clock and in the page's language, with the name of its time zone. */
const { lang } = document.documentElement;
const locale = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;
export const timeOfDay = (text) =>
  new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(new Date(text));
export const moment = (text) =>
  new Intl.DateTimeFormat(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "long",
  }).format(new Date(text));
