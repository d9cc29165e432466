// A pause: the clock stands still and the question is hidden, until somebody goes on or the pause is over.

import { timeOfDay, left, span } from "./clock.js";
import { now } from "./connection.js";
import { fill } from "./elements.js";
import { one, show, texts } from "./screen.js";

let waking;

/** What is shown meanwhile; `look` asks the server once the pause is over. */
export function showPause({ paused: { since, until }, deadline, pauses }, look) {
  one("paused-until").textContent = fill(texts.pausedUntil, { time: timeOfDay(until) });
  one("paused-left").hidden = !deadline;
  one("paused-left").textContent = deadline ? left(Date.parse(deadline) - Date.parse(since)) : "";
  one("paused-more").textContent = pauses ? pausesLeft(pauses) : "";
  one("continue").disabled = false;
  if (one("paused").hidden) show("paused");
  clearTimeout(waking);
  const rest = Math.max(1000, Date.parse(until) - now() + 500);
  waking = setTimeout(() => !one("paused").hidden && look(), Math.min(rest, 2 ** 31 - 1));
}

/** What the test's rules leave of them, in words; "" where nobody can say. */
export function pausesLeft({ times_left: times, seconds_left: seconds }) {
  if (typeof times !== "number") return "";
  return times && seconds ? fill(texts.pausesLeft, { times, time: span(1000 * seconds) }) : texts.noMorePauses;
}

/** Why there is none, or none any more. */
export const whyNot = (code) => ({ no_pause_left: texts.noPauseLeft, pauses_not_allowed: texts.noPauses })[code] ?? "";
