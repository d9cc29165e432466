// A student's way through a test. Where it stands, the server alone decides; this page shows it and sends answers,
// each with a key of its own, again and again until the server has it.

import { Kept, NotReached, Refused, call, keepToken, keptToken, newKey, now, sessionOf } from "./connection.js";
import { answerIsOnItsWay, fill, lock, onAnswer, showQuestion, unlock } from "./question.js";
import { showResult } from "./result.js";

const data = JSON.parse(document.getElementById("page-data").textContent);
const { texts } = data;
const one = (id) => document.getElementById(id);
const LONGEST_PAUSE = 30_000; // between two tries

let token, session, kept, others;
let standing = null; // what the server last said
let shownAt = null; // when the question appeared, if it did so in this page's life
let loads = 0;

// --- What is on the screen -----------------------------------------------------------------------------------

function show(name) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== name;
  if (name !== "question") one(name).querySelector("h2")?.focus();
}

function notice(text) {
  if (one("notice").textContent !== text) one("notice").textContent = text;
  if (text === texts.backOnline) setTimeout(() => one("notice").textContent === text && notice(""), 4000);
}

function stop(title, text) {
  clearInterval(clock);
  notice("");
  one("stopped").querySelector("h2").textContent = title;
  one("stopped").querySelector("p").textContent = text;
  show("stopped");
}

function stopBecause(refusal) {
  if (!(refusal instanceof Refused)) {
    stop(texts.failedTitle, texts.failed);
    throw refusal;
  }
  if (![401, 403, 404].includes(refusal.status)) return stop(texts.failedTitle, texts.failed);
  if (refusal.status === 401) stop(texts.expiredLinkTitle, texts.expiredLink);
  else stop(texts.unknownTitle, texts.unknown);
  kept?.forget(token);
}

// --- Try until it works --------------------------------------------------------------------------------------

const pause = (milliseconds, isServer) =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (!isServer) addEventListener("online", done);
  });

/** The reply of `action`, however long it takes. `waiting` is what the student reads meanwhile. */
async function insist(action, waiting) {
  for (let tries = 0; ; tries++) {
    try {
      const reply = await action();
      if (tries) notice(texts.backOnline);
      return reply;
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      notice(error.isServer ? texts.busy : waiting);
      const usual = Math.min(LONGEST_PAUSE, 1000 * 2 ** tries) * (0.75 + Math.random() / 2);
      await pause(error.wait ?? usual, error.isServer);
    }
  }
}

// --- Where the test stands -----------------------------------------------------------------------------------

/** Ask the server, and show what it says. */
async function load() {
  const mine = ++loads;
  const isNewest = () => mine === loads && !answerIsOnItsWay();
  try {
    const said = await insist(
      () => (isNewest() ? call(`test/status/${session}?render=html`, { token }) : null),
      standing ? texts.offlineReading : texts.offlineLoading,
    );
    if (said && isNewest()) await goTo(said);
  } catch (refusal) {
    stopBecause(refusal);
  }
}

async function goTo(said) {
  const isNew = said.next_question?.id !== standing?.next_question?.id;
  standing = said;
  kept.standing = said;
  if (said.next_question === null) return finish();
  if (isNew || one("question").hidden) {
    present();
    shownAt = performance.now();
  }
  startClock();
}

function present() {
  const { next_question: question, questions_answered: answered, max_questions: most, test } = standing;
  if (test?.title) document.title = one("title").textContent = test.title;
  one("introduction").textContent = test?.introduction ?? "";
  one("introduction").hidden = !test?.introduction || answered > 0;
  show("question");
  // The one place that decides it: a named test may rule it out.
  const allowsDontKnow = test?.allow_dont_know ?? true;
  showQuestion(question, { number: answered + 1, most, allowsDontKnow }, texts);
}

async function finish() {
  clearInterval(clock);
  const test = standing.test;
  const result = await insist(() => call(`test/result/${session}`, { token }), texts.offlineLoading);
  showResult(result, test, data);
  if (test?.title) document.title = one("title").textContent = test.title;
  show("result");
  kept.clear(token);
}

// --- Answers -------------------------------------------------------------------------------------------------

function answer(response) {
  const took = shownAt === null ? {} : { response_time_ms: Math.round(performance.now() - shownAt) };
  const given = { question_id: standing.next_question.id, response, key: newKey(), ...took };
  kept.answer = given;
  send(given);
}

/** Send an answer until it is recorded. `isOld`: from before a reload, so the test may have gone on since. */
async function send(given, isOld = false) {
  const { key, question_id, response, response_time_ms } = given;
  const body = { session_id: session, question_id, response, response_time_ms };
  lock(standing?.next_question?.id === question_id ? response : undefined);
  notice(isOld ? texts.sending : "");
  try {
    const reply = await insist(() => call("test/submit?render=html", { token, body, key }), texts.offline);
    kept.dropAnswer(key);
    unlock();
    others.postMessage("moved");
    notice("");
    if (isOld || reply.status !== "continue") await load();
    else await goTo({ ...standing, ...reply, status: "active" });
  } catch (refusal) {
    kept.dropAnswer(key);
    unlock();
    if (!(refusal instanceof Refused) || ![400, 409].includes(refusal.status)) return stopBecause(refusal);
    const reasons = { already_submitted: texts.answeredElsewhere, session_not_active: texts.tooLate };
    const moved = refusal.status === 400 ? texts.notAccepted : texts.answeredElsewhere;
    await load();
    notice(reasons[refusal.code] ?? moved);
  }
}

async function end() {
  if (answerIsOnItsWay()) return notice(texts.offline);
  try {
    await call(`test/end/${session}`, { token, body: {} });
    others.postMessage("moved");
    await load();
  } catch (error) {
    if (error instanceof NotReached) notice(texts.notEnded);
    else stopBecause(error);
  }
}

// --- Time ----------------------------------------------------------------------------------------------------

let clock;
let lastLeft = Infinity;

function startClock() {
  clearInterval(clock);
  one("timer").hidden = !standing.deadline;
  if (!standing.deadline) return;
  const deadline = Date.parse(standing.deadline);
  const tick = () => {
    const left = Math.max(0, Math.round((deadline - now()) / 1000));
    const minutes = String(Math.floor(left / 60));
    one("timer").textContent = fill(texts.timeLeft, { time: `${minutes}:${String(left % 60).padStart(2, "0")}` });
    const passed = (seconds) => left <= seconds && lastLeft > seconds && lastLeft !== Infinity;
    if (passed(300)) one("announcement").textContent = texts.fiveMinutes;
    if (passed(60)) one("announcement").textContent = texts.oneMinute;
    if (left === 0 && lastLeft > 0) one("announcement").textContent = texts.timeUp;
    if (left === 0 && Math.floor(performance.now() / 1000) % 5 === 0) load(); // until the server closes it
    lastLeft = left;
  };
  lastLeft = Infinity;
  tick();
  clock = setInterval(tick, 1000);
}

// --- Beginning -----------------------------------------------------------------------------------------------

function fragment() {
  let text;
  try {
    text = decodeURIComponent(location.hash.slice(1));
  } catch {
    text = "?"; // a link that was cut: it opens nothing
  }
  // An invitation stays until it is used: after a reload this device must not go on with somebody else's test.
  if (!text.startsWith("invitation=")) clearAddress();
  return text;
}

/** Neither the token nor the language stays in the address. */
function clearAddress() {
  history.replaceState(null, "", location.pathname);
}

async function open(newToken) {
  const opened = sessionOf(newToken);
  if (!opened) return stop(texts.expiredLinkTitle, texts.expiredLink);
  [token, session] = [newToken, opened];
  keepToken(token);
  kept = new Kept(session);
  standing = null;
  others?.close();
  others = new BroadcastChannel(`take.${session}`);
  others.onmessage = async () => {
    if (answerIsOnItsWay()) return; // its own reply says where the test stands
    const before = standing?.next_question?.id;
    await load();
    if (standing?.next_question && standing.next_question.id !== before) notice(texts.movedOn);
  };
  const { standing: last, answer: unsent } = kept;
  if (last?.next_question) {
    standing = last;
    present();
    startClock();
  }
  if (unsent) await send(unsent, true);
  else await load();
}

function invite(invitation) {
  show("invitation");
  one("begin").onclick = async () => {
    one("begin").disabled = true;
    try {
      const body = { invitation };
      const started = await insist(() => call("invitations/start", { body }), texts.offlineLoading);
      clearAddress();
      await open(started.session_token);
    } catch (refusal) {
      if (!(refusal instanceof Refused)) stopBecause(refusal);
      else if (refusal.code === "invitation_used") stop(texts.usedTitle, texts.used);
      else if (refusal.status === 409) stop(texts.notOpenTitle, refusal.message);
      else stop(texts.unknownTitle, texts.unknown);
    }
  };
}

function begin() {
  const given = fragment();
  if (given.startsWith("invitation=")) return invite(given.slice("invitation=".length));
  const known = given || keptToken();
  if (!known) return stop(texts.noLinkTitle, texts.noLink);
  return open(known);
}

onAnswer(answer, texts);
one("end").addEventListener("click", () => one("confirm").showModal());
one("confirm").addEventListener("close", () => {
  if (one("confirm").returnValue === "end") end();
  one("confirm").returnValue = "";
});
one("print").addEventListener("click", () => print());
one("forget").addEventListener("click", () => {
  kept.forget(token);
  stop(texts.forgotten, "");
});
addEventListener("hashchange", () => location.hash && begin());
addEventListener("offline", () => notice(answerIsOnItsWay() ? texts.offline : texts.offlineReading));
addEventListener("online", () => notice(texts.backOnline));
document.addEventListener("visibilitychange", () => {
  // Another device may have gone on.
  if (!document.hidden && standing?.next_question && !answerIsOnItsWay()) load();
});
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/take/sw.js").catch(() => {});
begin();
