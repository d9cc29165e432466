// The text that several questions share: beside the question, or above it where there is little room.

import { hushSounds } from "./sounds.js";

const section = document.querySelector("#question");
export const passage = document.querySelector("#passage");
const text = passage.querySelector("div");
let shown = "";

/** Show the passage of a question; "" for none. One that is there already stays as it was scrolled and folded. */
export function showPassage(html = "") {
  passage.hidden = !html;
  section.classList.toggle("with-passage", Boolean(html));
  if (html === shown) return;
  shown = html;
  hushSounds(passage);
  text.innerHTML = html; // made safe by the server
  text.scrollTop = 0;
  passage.open = true;
}
