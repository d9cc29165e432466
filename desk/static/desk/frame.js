// A question that is being written, drawn by the student's page's own code. The page around it says what to show,
// and is told each answer that is sent here, and how high the page has become.

import { onAnswer, showAnswer, showQuestion, unlock } from "../student_page/question.js";

const { texts } = JSON.parse(document.getElementById("page-data").textContent);
const { origin } = location;
const section = document.getElementById("question");
const form = document.getElementById("answer");
const tell = (said) => parent.postMessage(said, origin);
let kept;

onAnswer((response) => [tell({ answer: response }), unlock()], (response) => (kept = response), texts);

addEventListener("message", ({ data, source, origin: from }) => {
  if (from !== origin || source !== parent) return;
  if (data.isThere) tell({ ready: true, height: document.documentElement.scrollHeight });
  if (!data.question) return;
  const hadFocus = document.hasFocus();
  const wasTold = [...form.querySelectorAll(".error, #missing")].some((each) => each.textContent);
  section.hidden = false;
  // What was heard counts anew with each change: an author may listen as often as need be.
  const { number = 1, most = 1, allowsDontKnow = true, isNew = false } = data;
  if (isNew) kept = undefined; // another question of a test that is tried
  showQuestion(data.question, { number, most, allowsDontKnow, heard: {}, keepHeard: () => {} }, texts);
  if (!hadFocus) document.activeElement?.blur();
  try {
    if (kept !== undefined) showAnswer(kept);
  } catch {
    kept = undefined; // an answer to what the question asked before
  }
  if (hadFocus && wasTold) form.requestSubmit(); // what the button said stays, of what is asked now
});
new ResizeObserver(() => tell({ height: document.documentElement.scrollHeight })).observe(document.body);
tell({ ready: true });
