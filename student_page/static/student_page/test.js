// A student's way through a test. Where it stands, the server alone decides; this page shows it and sends answers,
// each with a key of its own, again and again until the server has it.

import { Kept, NotReached, Refused, call, keepToken, keptToken, newKey, now, sessionOf } from "./connection.js";
import { fill } from "./elements.js";
import { answerIsOnItsWay, lock, onAnswer, refusePart, showAnswer, showQuestion, unlock } from "./question.js";
import { showResult, showThanks } from "./result.js";

const data = JSON.parse(document.getElementById("page-data").textContent);
const { texts } = data;
const one = (id) => document.getElementById(id);
const LONGEST_PAUSE = 30_000; // between two tries
const LOOK_EVERY = 20_000; // milliseconds between two looks at what a supervisor may have changed
const LOOK_AT_EXPIRED_FOR = 15 * 60_000; // a test that expired may be let go on

let token, session, kept, others;
let standing = null; // what the server last said
let shownAt = null; // when the question appeared, if it did so in this page's life
let loads = 0;
let endedHere = false;

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
  startClock();
  if (mustIntroduce()) return introduce();
  if (isNew || one("question").hidden) {
    present();
    shownAt = performance.now();
  }
}

/** What the teacher wrote, before the first question. `minutes` is the limit of a test that has not begun. */
function showIntroduction(test, minutes) {
  if (test?.title) document.title = one("title").textContent = test.title;
  one("introduction").innerHTML = test?.introduction_html ?? ""; // made safe by the server
  one("introduction").hidden = !test?.introduction_html;
  one("limit").hidden = !minutes;
  one("limit").textContent = minutes ? fill(texts.limit, { minutes }) : "";
  one("begin").disabled = false;
  show("invitation");
}

const mustIntroduce = () =>
  standing.questions_answered === 0 && standing.test?.introduction && !kept.hasBegun && !answerIsOnItsWay();

/** A test that somebody else started, before its first question; its time runs, and is shown. */
function introduce() {
  if (!one("invitation").hidden) return;
  showIntroduction(standing.test);
  one("begin").onclick = () => {
    kept.hasBegun = true;
    present();
    shownAt = performance.now();
  };
}

function present() {
  const { next_question: question, questions_answered: answered, max_questions: most, test } = standing;
  if (test?.title) document.title = one("title").textContent = test.title;
  show("question");
  // The one place that decides it: a named test may rule it out.
  const allowsDontKnow = test?.allow_dont_know ?? true;
  showQuestion(question, { number: answered + 1, most, allowsDontKnow }, texts);
  const { draft } = kept;
  if (draft?.question_id === question.id) showAnswer(draft.response);
}

async function finish() {
  clearInterval(clock);
  const test = standing.test;
  const ended = endedHere ? texts.endedTest : texts.endedByOthers;
  one("closing").innerHTML = test?.closing_html ?? ""; // made safe by the server
  one("closing").hidden = !test?.closing_html;
  const words = { ...texts, endedTest: ended };
  const isForStudents = test?.result_kind !== "thanks" && !(Date.parse(test?.result_released_at) > now());
  if (isForStudents) {
    showResult(await insist(() => call(`test/result/${session}`, { token }), texts.offlineLoading), test, words);
  } else {
    const released = test.result_kind === "thanks" ? "" : moment(test.result_released_at);
    showThanks(standing, released, words);
  }
  if (test?.title) document.title = one("title").textContent = test.title;
  show("result");
  kept.clear(token);
}

// --- Answers -------------------------------------------------------------------------------------------------

/** Half an answer, for a reload. */
function keepDraft(response) {
  kept.draft = { question_id: standing.next_question.id, response };
}

function answer(response) {
  const took = shownAt === null ? {} : { response_time_ms: Math.round(performance.now() - shownAt) };
  const given = { question_id: standing.next_question.id, response, key: newKey(), ...took };
  kept.answer = given;
  send(given);
}

/** The response variable that a refusal names, by its JSON pointer; else undefined. */
function variableOf({ problem }) {
  const [, root, name] = problem.errors?.[0]?.pointer?.split("/") ?? [];
  return root === "response" ? name?.replaceAll("~1", "/").replaceAll("~0", "~") : undefined;
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
    if (standing?.next_question?.id === question_id && refusePart(variableOf(refusal))) return notice("");
    notice(reasons[refusal.code] ?? moved);
  }
}

async function end() {
  if (answerIsOnItsWay()) return notice(texts.offline);
  try {
    endedHere = true;
    await call(`test/end/${session}`, { token, body: {} });
    others.postMessage("moved");
    await load();
  } catch (error) {
    if (error instanceof NotReached) notice(texts.notEnded);
    else stopBecause(error);
  }
}

// --- What a supervisor changes: more time, an end, a test that may go on ------------------------------------------

let looking;

/** Look again in a while; longer and longer while nobody answers. Not while the page is hidden. */
function lookLater(pause = LOOK_EVERY) {
  clearTimeout(looking);
  looking = setTimeout(() => look(pause), pause);
}

async function look(pause) {
  const isOver = standing?.next_question === null;
  const expiredFor = standing?.completed_at ? now() - Date.parse(standing.completed_at) : 0;
  if (isOver && (standing.status !== "expired" || expiredFor > LOOK_AT_EXPIRED_FOR)) return;
  if (document.hidden || !standing || answerIsOnItsWay()) return lookLater(pause);
  const mine = loads;
  try {
    const said = await call(`test/status/${session}`, { token });
    if (mine === loads && !answerIsOnItsWay()) await noticeChanges(said);
    lookLater();
  } catch (error) {
    if (error instanceof NotReached) lookLater(error.wait ?? Math.min(2 * pause, 4 * LOOK_EVERY));
    else stopBecause(error);
  }
}

async function noticeChanges(said) {
  if (said.next_question?.id !== standing.next_question?.id || said.status !== standing.status) return load();
  if (said.deadline === standing.deadline) return;
  standing.deadline = said.deadline;
  kept.standing = standing;
  startClock();
  notice(texts.timeChanged);
  setTimeout(() => one("notice").textContent === texts.timeChanged && notice(""), 15_000);
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
    if (!one("invitation").hidden) {
      one("limit").textContent = one("timer").textContent;
      one("limit").hidden = false;
    }
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
  endedHere = false;
  lookLater();
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
    startClock();
    if (mustIntroduce()) introduce();
    else present();
  }
  if (unsent) await send(unsent, true);
  else await load();
}

/** When something is, by this device's clock and in the page's language, with the name of its time zone. */
const { lang } = document.documentElement;
const moment = (text) =>
  new Intl.DateTimeFormat(navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "long",
  }).format(new Date(text));

function refuseInvitation(refusal) {
  if (!(refusal instanceof Refused)) return stopBecause(refusal);
  const { opens_at: opens, closes_at: closes } = refusal.problem;
  if (refusal.problem.session_token) {
    clearAddress(); // the test has closed, and its result is there now
    return open(refusal.problem.session_token);
  }
  if (refusal.code === "invitation_used") return stop(texts.usedTitle, texts.used);
  if (refusal.code === "no_attempts_left") return stop(texts.notOpenTitle, texts.noAttempts);
  if (refusal.code === "test_not_open" && opens && Date.parse(opens) > now())
    return stop(texts.notOpenTitle, fill(texts.opensAt, { moment: moment(opens) }));
  if (refusal.code === "test_not_open" && closes)
    return stop(texts.notOpenTitle, fill(texts.closedAt, { moment: moment(closes) }));
  if (refusal.status === 409) return stop(texts.notOpenTitle, texts.askInviter);
  return stop(texts.unknownTitle, texts.unknown);
}

/** What an invitation is to, before the test begins and its time runs. */
async function invite(invitation) {
  const body = { invitation };
  try {
    const { test, time_limit_minutes: minutes, is_running: isRunning } = await insist(
      () => call("invitations/read?render=html", { body }),
      texts.offlineLoading,
    );
    showIntroduction(test, isRunning ? null : minutes);
  } catch (refusal) {
    return refuseInvitation(refusal);
  }
  one("begin").onclick = async () => {
    one("begin").disabled = true;
    try {
      const started = await insist(() => call("invitations/start", { body }), texts.offlineLoading);
      clearAddress();
      new Kept(sessionOf(started.session_token)).hasBegun = true;
      await open(started.session_token);
    } catch (refusal) {
      refuseInvitation(refusal);
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

onAnswer(answer, keepDraft, texts);
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
  if (!document.hidden && standing) lookLater();
});
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/take/sw.js").catch(() => {});
begin();
