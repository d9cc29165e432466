// Sounds in a question: a player of our own, which counts how often each was played. The count is this browser's.

import { fill, make } from "./elements.js";

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A question that goes takes its sounds along: what is not in the page any more would play on. */
export function hushSounds(root) {
  for (const audio of root.querySelectorAll("audio")) audio.pause();
}

/** Give every sound in `root` controls. `heard` has for each how often it was played and where it stands, under
 * `place` and its address; `keep` keeps it. */
export function showSounds(root, place, heard, keep, texts) {
  for (const audio of root.querySelectorAll("audio[controls]")) {
    const key = `${place} ${audio.getAttribute("src")}`;
    showSound(audio, heard[key] ?? [0, 0], (state) => keep({ [key]: state }), texts);
  }
}

function showSound(audio, [times, at], keep, texts) {
  const name = audio.getAttribute("aria-label") || texts.sound;
  const most = Number(audio.dataset.plays) || 0;
  audio.controls = false;
  audio.removeAttribute("aria-label");
  const button = make("button", { type: "button", className: "small-button" });
  // Where plays are counted nobody may go back in one.
  const position = most
    ? make("progress", { value: 0, "aria-label": texts.position })
    : make("input", { type: "range", min: 0, step: "any", value: 0, "aria-label": texts.position });
  const time = make("span", { className: "time" });
  const count = make("span", { className: "hint" });
  count.setAttribute("role", "status");
  const group = make("span", { className: "sound", role: "group", "aria-label": name }, button, position, time, count);
  audio.after(group);
  group.prepend(audio);

  const isSpent = () => most > 0 && times >= most && at === 0;
  function show(problem = "") {
    const length = Number.isFinite(audio.duration) ? audio.duration : 0;
    button.textContent = audio.paused ? "▶" : "⏸";
    button.setAttribute("aria-label", fill(audio.paused ? texts.play : texts.pause, { name }));
    button.setAttribute("aria-disabled", String(isSpent()));
    position.max = length || 1;
    position.value = Math.min(at, position.max);
    position.setAttribute("aria-valuetext", clock(at));
    time.textContent = length ? `${clock(at)} / ${clock(length)}` : "";
    const said = problem || (most ? fill(texts.played, { times, most }) : "");
    if (count.textContent !== said) count.textContent = said;
  }

  button.addEventListener("click", async () => {
    if (!audio.paused) return audio.pause();
    if (isSpent()) return show();
    if (audio.error) audio.load();
    try {
      hushSounds(document);
      await audio.play();
      if (at === 0) keep([++times, 0]); // it has begun: what goes on after a pause is the same play
      show();
    } catch (error) {
      if (error.name !== "AbortError") show(texts.noSound);
    }
  });
  for (const kind of ["input", "change"]) {
    position.addEventListener(kind, (event) => {
      event.stopPropagation(); // it is no answer
      audio.currentTime = at = Number(position.value);
      show();
    });
  }
  audio.addEventListener("loadedmetadata", () => {
    if (at) audio.currentTime = at;
    show();
  });
  audio.addEventListener("timeupdate", () => {
    if (audio.ended || !audio.currentTime) return;
    const isNextSecond = Math.floor(at) !== Math.floor(audio.currentTime);
    at = audio.currentTime;
    if (isNextSecond) keep([times, at]);
    show();
  });
  audio.addEventListener("ended", () => {
    at = 0;
    keep([times, 0]);
    show();
  });
  for (const kind of ["play", "pause"]) audio.addEventListener(kind, () => show());
  audio.addEventListener("error", () => show(texts.noSound));
  show();
}
