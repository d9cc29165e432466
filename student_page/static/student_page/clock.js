// Time: what is left of a test, and when something is.

import { now } from "./connection.js";
import { fill } from "./elements.js";
import { one, texts } from "./screen.js";

let clock;
let lastLeft = Infinity;

export const stopClock = () => clearInterval(clock);

/** Count down to a deadline, if there is one; `look` asks the server once it has passed. */
export function startClock(until, look) {
  stopClock();
  one("timer").hidden = !until;
  if (!until) return;
  const deadline = Date.parse(until);
  const tick = () => {
    if (!one("stopped").hidden) return stopClock();
    const left = Math.max(0, Math.round((deadline - now()) / 1000));
    const minutes = String(Math.floor(left / 60));
    one("timer").textContent = fill(texts.timeLeft, { time: `${minutes}:${String(left % 60).padStart(2, "0")}` });
    if (!one("invitation").hidden) {
      one("limit").textContent = one("timer").textContent;
      one("limit").hidden = false;
    }
    const passed = (seconds) => left <= seconds && lastLeft > seconds && lastLeft !== Infinity;
    if (passed(300)) one("announcement").textContent = texts.fiveMinutes;
    if (passed(60)) one("announcement").textContent = texts.oneMinute;
    if (left === 0 && lastLeft > 0) one("announcement").textContent = texts.timeUp;
    if (left === 0 && Math.floor(performance.now() / 1000) % 5 === 0) look(); // until the server closes it
    lastLeft = left;
  };
  lastLeft = Infinity;
  tick();
  clock = setInterval(tick, 1000);
}

/** When something is, by this device's clock and in the page's language, with the name of its time zone. */
const { lang } = document.documentElement;
export const moment = (text) =>
  new Intl.DateTimeFormat(navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "long",
  }).format(new Date(text));
