// What stands before the first question: the teacher's words, and what an invitation opens.

import { wear } from "./brand.js";
import { moment } from "./clock.js";
import { Kept, Refused, call, now, sessionOf } from "./connection.js";
import { fill } from "./elements.js";
import { insist } from "./patience.js";
import { one, show, showName, stop, texts } from "./screen.js";

/** What the teacher wrote, before the first question. `minutes` is the limit of a test that has not begun. */
export function showIntroduction(test, minutes) {
  if (test?.title) document.title = one("title").textContent = test.title;
  one("introduction").innerHTML = test?.introduction_html ?? ""; // made safe by the server
  one("introduction").hidden = !test?.introduction_html;
  one("limit").hidden = !minutes;
  one("limit").textContent = minutes ? fill(texts.limit, { minutes }) : "";
  one("begin").disabled = false;
  show("invitation");
}

function refuseInvitation(refusal, { open, clearAddress, stopBecause }) {
  if (!(refusal instanceof Refused)) return stopBecause(refusal);
  const { opens_at: opens, closes_at: closes } = refusal.problem;
  if (refusal.problem.session_token) {
    clearAddress(); // the test has closed, and its result is there now
    return open(refusal.problem.session_token);
  }
  if (refusal.code === "invitation_used") return stop(texts.usedTitle, texts.used);
  if (refusal.code === "name_taken") return stop(texts.nameTakenTitle, texts.nameTaken);
  if (refusal.code === "no_attempts_left") return stop(texts.notOpenTitle, texts.noAttempts);
  if (refusal.code === "test_not_open" && opens && Date.parse(opens) > now())
    return stop(texts.notOpenTitle, fill(texts.opensAt, { moment: moment(opens) }));
  if (refusal.code === "test_not_open" && closes)
    return stop(texts.notOpenTitle, fill(texts.closedAt, { moment: moment(closes) }));
  if (refusal.status === 409) return stop(texts.notOpenTitle, texts.askInviter);
  return stop(texts.unknownTitle, texts.unknown);
}

/** What an invitation is to, before the test begins and its time runs. */
export async function invite(invitation, page) {
  const body = { invitation };
  let name;
  try {
    const found = await insist(() => call("invitations/read?render=html", { body }), texts.offlineLoading);
    const { test, student_name: student, time_limit_minutes: minutes, is_running: isRunning } = found;
    // A server of the release before, while one is being put up, does not say whose test it is.
    if (found.organisation && !wear(found.organisation, location.hash.slice(1))) return;
    name = student;
    showName(name);
    showIntroduction(test, isRunning ? null : minutes);
  } catch (refusal) {
    return refuseInvitation(refusal, page);
  }
  one("begin").onclick = async () => {
    one("begin").disabled = true;
    try {
      const started = await insist(() => call("invitations/start", { body }), texts.offlineLoading);
      page.clearAddress();
      const kept = new Kept(sessionOf(started.session_token));
      kept.hasBegun = true;
      kept.name = name;
      await page.open(started.session_token);
    } catch (refusal) {
      refuseInvitation(refusal, page);
    }
  };
}
