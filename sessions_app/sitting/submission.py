"""Submit an answer: recorded exactly once, whatever dies and whoever retries.

Two round trips to Redis and one transaction in PostgreSQL; docs/ARCHITECTURE.md shows the steps.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from sessions_app import metrics
from sessions_app.models import TestResponse, TestSession
from sessions_app.refusals import (
    AlreadySubmitted,
    IdempotencyKeyReused,
    InvalidResponse,
    NotTheCurrentQuestion,
    QuestionNotFound,
    SessionConflict,
    SessionNotActive,
    SessionNotFound,
    SessionPaused,
    SubmissionInProgress,
    TooManyRequests,
)
from sessions_app.sitting import hot_state, ledger, losses, pausing, times
from sessions_app.sitting.access import Caller, check_access, session_for
from sessions_app.sitting.decisions import next_item_after, so_far_of_state
from sessions_app.sitting.named_tests import TIME_LIMIT, is_overdue
from sessions_app.sitting.rates import SessionRate
from sessions_app.sitting.raw_scores import raw_score
from sessions_app.sitting.responses import as_values, read_response, read_stored
from sessions_app.sitting.session_state import Advance, SessionState
from sessions_app.sitting.shown import (
    Given,
    Showing,
    showing_of,
    showing_of_state,
    shown_from_database,
)
from sessions_app.sitting.standing import (
    Standing,
    overall_of,
    rebuild_state,
    standing_of,
    standing_of_state,
)
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.overall import overall_score
from testing_engine.psychometrics.effort import MISSING
from testing_engine.psychometrics.items.parts import measured
from testing_engine.questions.answers import Points
from testing_engine.revisions import load_plan, load_revision


@dataclass(frozen=True)
class Submission:
    """An answer as it came in.

    `followed_by`: the question that the student has answered next, whatever the engine would ask: somebody
    else shows the questions, and could not ask it in between (`ahead`). The test goes on with it.
    """

    session_id: UUID
    question_id: str
    response: Given | Points
    student_id: str | None = None
    response_time_ms: int | None = None
    idempotency_key: str | None = None
    followed_by: str | None = None


def submit(
    submission: Submission, caller: Caller, *, now: datetime, rate: SessionRate | None = None
) -> Standing:
    """Record one answer, exactly once, and say what comes next.

    Two round trips to Redis and one transaction. A state that is missing or out of date is rebuilt from
    PostgreSQL, and the answer is tried once more.
    """
    if caller.session_id not in (None, submission.session_id):
        raise SessionNotFound  # before the lock: nobody holds up a test that is not theirs
    with metrics.CLAIM.time():
        claimed = hot_state.claim(submission.session_id, submission.question_id, rate)
    if claimed.is_over_rate:
        if claimed.is_free:
            hot_state.settle(claimed, None)
        raise TooManyRequests
    if not claimed.is_free:
        if claimed.state is not None:
            check_access(claimed.state, submission.session_id, submission.student_id, caller)
            if not caller.holds_newest(claimed.state.token_generation):
                session_for(submission.session_id, caller, submission.student_id)
        raise SubmissionInProgress
    settled = False
    try:
        after = _answer(claimed.state, submission, caller, now) if claimed.state is not None else None
        if after is None:
            if claimed.state is not None:
                losses.look({submission.session_id: claimed.state})  # before anybody overwrites it
            rebuilt = _rebuild(submission, caller, now)
            if isinstance(rebuilt, SessionConflict):
                hot_state.forget([submission.session_id])
                raise rebuilt
            if isinstance(rebuilt, Standing):
                return rebuilt
            after = _answer(rebuilt, submission, caller, now)
        if after is None:
            raise SubmissionInProgress  # another request moved the session on between our two looks
        settled = True
        return _settle_answer(claimed, after)
    finally:
        if not settled:
            hot_state.settle(claimed, None)


@dataclass(frozen=True)
class _Answered:
    """A recorded answer: the state behind it and the standing that the reply shows."""

    state: SessionState
    standing: Standing
    showing: Showing


def _answer(state: SessionState, submission: Submission, caller: Caller, now: datetime) -> _Answered | None:
    """Score, estimate, choose, record. None where `state` is not at this question, or not any more.

    None, too, where it does not know the caller's token: the row does.
    """
    check_access(state, submission.session_id, submission.student_id, caller)
    if not caller.holds_newest(state.token_generation):
        return None
    now = max(now, state.began)  # another machine's clock may have been ahead: no answer before the test
    revision, plan = load_revision(state.revision_id), load_plan(state.plan_id)
    if revision.external_ids[state.current] != submission.question_id:
        return None
    showing = showing_of_state(state)
    answer = read_response(revision, state.current, showing.own(state.current, submission.response))
    stored = as_values(answer)
    score = revision.score(state.current, answer)
    is_correct = revision.is_right(state.current, score)
    is_rapid = times.is_rapid(plan.rules, state.current, answer, times.taken(state.asked_at, now))
    counted = MISSING if is_rapid else score
    items, scores = [*state.item_indices, state.current], [*state.item_scores, counted]
    so_far = so_far_of_state(state, items, scores)
    is_pilot = plan.rules.pilots is not None and engine.is_pilot(so_far, state.current)
    with metrics.DECIDE.time():
        step = engine.next_step(so_far)
    theta, standard_error = step.ability.theta.tolist(), step.ability.standard_error.tolist()
    overall = overall_score(step.ability, revision.bank, items)
    if submission.followed_by is not None:
        step = replace(step, stop=None, next_item=revision.positions[submission.followed_by])
    is_over = step.next_item is None
    entry = ledger.Entry(
        session_id=submission.session_id,
        answered=state.answered,
        item=state.current,
        question_pk=int(revision.question_ids[state.current]),
        answer=stored if isinstance(stored, int) else None,
        response=stored if isinstance(stored, dict) else None,
        score=score,
        is_correct=is_correct,
        is_pilot=is_pilot,
        is_rapid=is_rapid,
        theta=theta,
        standard_error=standard_error,
        overall=overall,
        concept_names=list(plan.concept_names),
        is_measured=measured(revision.bank) if theta else [],
        next_item=step.next_item,
        status=TestSession.Status.COMPLETED if is_over else TestSession.Status.ACTIVE,
        end_reason=step.stop or "",
        completed_at=now if is_over else None,
        response_time_ms=submission.response_time_ms,
        idempotency_key=submission.idempotency_key,
        now=now,
        on_time=now - timedelta(seconds=settings.DEADLINE_GRACE),
        head_before=state.chain_head,
        token_generation=state.token_generation,
    )
    with metrics.RECORD.time():
        recorded = ledger.record(entry)
    if recorded is None:
        return None
    counts_as_right = is_correct and not is_pilot
    asked_at = times.now_asked(plan.rules, now)
    after = state.advanced(Advance(counted, counts_as_right, step.next_item, recorded.head, asked_at))
    standing = standing_of_state(
        submission.session_id, after, theta, standard_error, deadline=recorded.deadline, overall=overall
    )
    if is_over:
        standing = replace(
            standing,
            status=TestSession.Status.COMPLETED,
            completed_at=now,
            end_reason=step.stop or "",
            raw=None if theta else raw_score(revision, items, scores, items),
        )
    return _Answered(after, standing, showing)


def _settle_answer(claimed: hot_state.Claim, after: _Answered) -> Standing:
    if not after.standing.is_active:
        metrics.COMPLETED.inc()
        hot_state.settle(claimed, after.state, is_over=True)
        return after.standing
    current = after.state.current
    next_pk = int(after.showing.revision.question_ids[current])
    with metrics.SETTLE.time():
        shown = hot_state.settle(claimed, after.state, next_question_pk=next_pk)
    question = after.showing.arranged(current, shown or shown_from_database(next_pk))
    return replace(after.standing, next_question=question)


@transaction.atomic
def _rebuild(
    submission: Submission, caller: Caller, now: datetime
) -> SessionState | Standing | SessionConflict:
    """The state from PostgreSQL, or the reply of the first try; raises the refusal that the truth calls for.

    A session whose time is up is ended here; that refusal is returned, so that the end is not rolled back.
    """
    session = session_for(submission.session_id, caller, submission.student_id, for_update=True)
    responses = list(session.responses.order_by("position"))
    revision = load_revision(session.revision_id)
    current = None if session.current_position is None else revision.external_ids[session.current_position]
    if submission.idempotency_key:
        for response in responses:
            if response.idempotency_key == submission.idempotency_key:
                return _replayed(session, responses, response, submission)
    position = revision.positions.get(submission.question_id)
    if position is None:
        raise QuestionNotFound
    question_pk = int(revision.question_ids[position])
    pausing.end_if_over(session)
    is_running = session.status == TestSession.Status.ACTIVE and session.paused_at is None
    if is_running and is_overdue(session.deadline, now):
        ledger.close([session], TestSession.Status.ENDED, reason=TIME_LIMIT, now=now)
        return SessionNotActive("This test is over: time is up.", TestSession.Status.ENDED, None)
    conflict: type[SessionConflict]
    if any(response.question_id == question_pk for response in responses):
        conflict, message = AlreadySubmitted, "This question has been answered."
    elif session.status != TestSession.Status.ACTIVE:
        conflict, message = SessionNotActive, f"This test is over: it is {session.status}."
    elif session.paused_at is not None:
        conflict, message = SessionPaused, "This test is paused: nothing is answered until it goes on."
    elif submission.question_id != current:
        conflict, message = NotTheCurrentQuestion, "This is not the question that waits for an answer."
    elif (
        session.named_test
        and not session.named_test.allow_dont_know
        and read_response(revision, position, submission.response) is None
    ):
        raise InvalidResponse("This test does not take “I don't know”: choose an option.")
    else:
        return rebuild_state(session)
    raise conflict(message, session.status, current)


def _replayed(
    session: TestSession,
    responses: list[TestResponse],
    response: TestResponse,
    submission: Submission,
) -> Standing:
    """The reply that `response` got at its time."""
    showing = showing_of(session)
    revision = showing.revision
    item = revision.positions_by_key[response.question_id]
    same = revision.external_ids[item] == submission.question_id
    given = read_response(revision, item, showing.own(item, submission.response)) if same else None
    if not same or given != read_stored(response):
        raise IdempotencyKeyReused
    next_item = next_item_after(session, responses, response.position)
    standing = standing_of(session)
    return replace(
        standing,
        status=TestSession.Status.COMPLETED if next_item is None else TestSession.Status.ACTIVE,
        theta=response.theta,
        standard_error=response.standard_error,
        overall=overall_of(response),
        answered=response.position,
        pilots=sum(r.is_pilot for r in responses[: response.position]),
        correct=sum(r.is_correct and not r.is_pilot for r in responses[: response.position]),
        next_question=showing.question(next_item) if next_item is not None else None,
    )
