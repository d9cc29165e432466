// A student's way through a test. Where it stands, the server alone decides; this page shows it and sends answers,
// each with a key of its own, again and again until the server has it.

import { wear } from "./brand.js";
import { changed, moment, startClock, stopClock } from "./clock.js";
import { Kept, NotReached, Refused, call, keepToken, keptToken, newKey, now, sessionOf } from "./connection.js";
import { invite, showIntroduction } from "./introduction.js";
import { insist } from "./patience.js";
import { answerIsOnItsWay, lock, onAnswer, refusePart, showAnswer, showQuestion, unlock } from "./question.js";
import { showResult, showThanks } from "./result.js";
import { notice, noticeForAWhile, one, show, showName, stop, texts } from "./screen.js";

const LOOK_EVERY = 20_000; // milliseconds between two looks at what a supervisor may have changed
const PAUSED = "paused"; // in place of a question that is seen first when a pause is over
const LOOK_AT_EXPIRED_FOR = 15 * 60_000; // a test that expired may be let go on

const tell = document.querySelector("meta[name=embedding]") ? (await import("./embedding.js")).tell : () => {};

const pausing = () => import("./pause.js"); // few tests may be paused

let token, session, kept, others;
let standing = null; // what the server last said
let timed = { id: null, spent: null, since: null }; // how long the question was seen; `spent` null: nobody knows
let loads = 0;
let endedHere = false;

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
  const before = standing;
  standing = said;
  kept.standing = said;
  if (said.paused) {
    if (before && !before.paused) notice(""); // what was said before it, also that there is no pause left
    return standStill();
  }
  if (said.next_question === null) return finish();
  showTime();
  if (before && !before.paused && !before.waits_to_begin) tellTime(before.deadline);
  if (mustIntroduce()) return introduce();
  if (said.next_question.id !== before?.next_question?.id || one("question").hidden) {
    present();
    beginTiming();
  }
}

/** Its question is on the screen from now on, perhaps again. */
function beginTiming() {
  const { id } = standing.next_question;
  if (timed.id !== id) timed = { id, spent: timed.id === PAUSED ? null : 0 };
  timed.since = performance.now();
}

/** Its clock stands still; so does the time that its question takes. */
async function standStill() {
  stopClock();
  if (timed.id === null) timed = { id: PAUSED, spent: null, since: null };
  if (timed.spent !== null && timed.since !== null) timed.spent += performance.now() - timed.since;
  timed.since = null;
  (await pausing()).showPause(standing, load);
}

/** Pause, or go on: said until the server has it. */
async function letClock(what) {
  if (answerIsOnItsWay()) return notice(texts.offline);
  const [path, key] = [`test/${session}/${what}?render=html`, newKey()];
  try {
    const said = await insist(() => call(path, { token, body: {}, key }), texts.offlineReading);
    loads++; // what is on its way is older
    others.postMessage("moved");
    notice("");
    await goTo(said);
  } catch (refusal) {
    if (!(refusal instanceof Refused) || refusal.status !== 409) return stopBecause(refusal);
    await load();
    noticeForAWhile((await pausing()).whyNot(refusal.code));
  }
}

const mustIntroduce = () =>
  standing.questions_answered === 0 &&
  (standing.waits_to_begin || (standing.test?.introduction && !kept.hasBegun)) &&
  !answerIsOnItsWay();

/** A test that somebody else started, before its first question. Its time runs, and is shown; or it waits. */
function introduce() {
  if (!one("invitation").hidden) return;
  showIntroduction(standing.test, standing.waits_to_begin && standing.test?.time_limit_minutes);
  one("begin").onclick = async () => {
    if (standing.waits_to_begin && !(await letClockRun())) return;
    kept.hasBegun = true;
    present();
    beginTiming();
  };
}

/** Whether the server let the test begin now; else what it is instead is on the screen. */
async function letClockRun() {
  one("begin").disabled = true;
  try {
    const path = `test/begin/${session}?render=html`;
    standing = kept.standing = await insist(() => call(path, { token, body: {} }), texts.offlineLoading);
    loads++; // what is on its way is older
    others.postMessage("moved");
    notice("");
    showTime();
    return true;
  } catch (refusal) {
    if (refusal instanceof Refused && refusal.status === 409) await load();
    else stopBecause(refusal);
    return false;
  }
}

/** A test that waits for its student has no clock yet. */
const showTime = () => startClock(standing.waits_to_begin ? null : standing.deadline, load);

function present() {
  const { next_question: question, questions_answered: answered, max_questions: most, test } = standing;
  const isFixed = standing.is_length_fixed;
  if (test?.title) document.title = one("title").textContent = test.title;
  show("question");
  // The one place that decides it: a named test may rule it out.
  const allowsDontKnow = test?.allow_dont_know ?? true;
  const { heard } = kept;
  const keepHeard = (more) => (kept.heard = { ...kept.heard, ...more });
  showQuestion(question, { number: answered + 1, most, isFixed, allowsDontKnow, heard, keepHeard }, texts);
  one("pause").hidden = one("pauses").hidden = !standing.pauses;
  if (standing.pauses) pausing().then((pause) => (one("pauses").textContent = pause.pausesLeft(standing.pauses)));
  const { draft } = kept;
  if (draft?.question_id === question.id) showAnswer(draft.response);
}

async function finish() {
  stopClock();
  const test = standing.test;
  const ended = endedHere ? texts.endedTest : texts.endedByOthers;
  one("closing").innerHTML = test?.closing_html ?? ""; // made safe by the server
  one("closing").hidden = !test?.closing_html;
  const words = { ...texts, endedTest: ended };
  const isForStudent = test?.is_result_for_student ?? true;
  if (isForStudent && !(Date.parse(test?.result_released_at) > now())) {
    showResult(await insist(() => call(`test/result/${session}`, { token }), texts.offlineLoading), test, words);
  } else {
    const released = isForStudent ? moment(test.result_released_at) : "";
    showThanks(standing, released, words);
  }
  if (test?.title) document.title = one("title").textContent = test.title;
  show("result");
  tell("done", { status: standing.status });
  kept.clear(token);
}

// --- Answers -------------------------------------------------------------------------------------------------

/** Half an answer, for a reload. */
function keepDraft(response) {
  kept.draft = { question_id: standing.next_question.id, response };
}

function answer(response) {
  const isKnown = timed.spent !== null && timed.since !== null;
  const took = isKnown ? { response_time_ms: Math.round(timed.spent + performance.now() - timed.since) } : {};
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
    tell("answered", { count: reply.questions_answered ?? reply.total_questions });
    notice("");
    if (isOld || reply.status !== "continue") await load();
    else await goTo({ ...standing, ...reply, status: "active", waits_to_begin: false });
  } catch (refusal) {
    kept.dropAnswer(key);
    unlock();
    if (!(refusal instanceof Refused) || ![400, 409].includes(refusal.status)) return stopBecause(refusal);
    const reasons = {
      already_submitted: texts.answeredElsewhere,
      session_not_active: texts.tooLate,
      session_paused: texts.pausedMeanwhile,
    };
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
  const isOver = standing?.next_question === null && !standing.paused;
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
  if (said.waits_to_begin !== standing.waits_to_begin) return load();
  if (said.paused?.since !== standing.paused?.since) return load();
  const before = standing.deadline;
  if (said.deadline === before) return;
  standing.deadline = said.deadline;
  kept.standing = standing;
  if (standing.waits_to_begin) return;
  if (standing.paused) await standStill();
  else showTime();
  tellTime(before);
}

/** Says for a while that somebody has moved the deadline, if so. */
function tellTime(before) {
  if (!before || !standing.deadline || standing.deadline === before) return;
  noticeForAWhile(changed(before, standing.deadline));
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

/** Neither the token nor the language stays in the address; whose frame this is does, for a reload. */
function clearAddress() {
  const query = new URLSearchParams(location.search);
  query.delete("language");
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

/** The way out of somebody's frame. */
function offerOwnTab() {
  if (window.self === window.top) return;
  one("own-tab").querySelector("a").href = `${location.pathname}#${token}`;
  one("own-tab").hidden = false;
}

async function open(newToken) {
  const opened = sessionOf(newToken);
  if (!opened) return stop(texts.expiredLinkTitle, texts.expiredLink);
  [token, session] = [newToken, opened];
  keepToken(token);
  offerOwnTab();
  kept = new Kept(session);
  showName(kept.name);
  standing = null;
  timed = { id: null, spent: null, since: null };
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
  call(`test/${session}/organisation`, { token }).then((organisation) => wear(organisation, token), () => {});
  const { standing: last, answer: unsent } = kept;
  if (last?.next_question) {
    standing = last;
    showTime();
    if (mustIntroduce()) introduce();
    else {
      present();
      timed.id = last.next_question.id; // since when it was seen, nobody knows
    }
  }
  if (unsent) await send(unsent, true);
  else await load();
}

function begin() {
  const given = fragment();
  if (given.startsWith("invitation="))
    return invite(given.slice("invitation=".length), { open, clearAddress, stopBecause });
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
one("pause").addEventListener("click", () => letClock("pause"));
one("continue").addEventListener("click", () => letClock("continue"));
one("not-me").addEventListener("click", () => one("another").showModal());
one("another").addEventListener("close", () => {
  const isOther = one("another").returnValue === "other";
  one("another").returnValue = "";
  if (!isOther) return;
  if (answerIsOnItsWay()) return notice(texts.offline); // it is still theirs
  kept?.forget(token);
  location.assign("/take/");
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
  if (!document.hidden && (standing?.next_question || standing?.paused) && !answerIsOnItsWay()) load();
  if (!document.hidden && standing) lookLater();
});
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/take/sw.js").catch(() => {});
begin();
