"""start · status · end · expire, and beside it `submission`: the only code that writes a session.

PostgreSQL is the truth; everything here works the same with and without Redis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from sessions_app import metrics
from sessions_app.audit import chain, entries
from sessions_app.models import NamedTest, Student, TestSession
from sessions_app.refusals import (
    ConceptNamesMismatch,
    IdempotencyKeyReused,
    NoAttemptsLeft,
    PoolNotFound,
    RulesRefused,
    StudentErased,
    StudentIdRefused,
)
from sessions_app.sitting import hot_state, ledger, losses, named_tests, pausing, times
from sessions_app.sitting.access import Caller, check_access, session_for
from sessions_app.sitting.decisions import beliefs_of, so_far_of, so_far_of_state
from sessions_app.sitting.named_tests import TIME_LIMIT
from sessions_app.sitting.pilots import with_open_pilots
from sessions_app.sitting.proficiency import prior_of
from sessions_app.sitting.result_specs import ResultRefused, load_spec, spec_for, store_spec
from sessions_app.sitting.session_state import SessionState
from sessions_app.sitting.shown import showing_of, showing_of_state
from sessions_app.sitting.standing import (
    Standing,
    rebuild_state,
    standing_of,
    standing_of_state,
    state_of,
    with_pauses_left,
)
from testing_engine.interchange.names import problem_of_student_id
from testing_engine.pools import drawn_from
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import FrozenRevision, load_revision, store_plan

# Why a test is over that the engine did not end.
END_REASONS: dict[str, str] = {
    TestSession.Status.ENDED: "ended by request",
    TestSession.Status.EXPIRED: "inactivity",
}
STUDENT_ERASED = "student erased"


@dataclass(frozen=True)
class TestRequest:
    """What `start` is asked for: a named test, or pool, names and rules spelled out.

    `rules_without_ability` stand for `rules`, which nobody spelled out, in a pool that has no parameters.
    `fingerprint` tells two different requests with one key apart. `revision_id`: of the pool, the newest
    unless named. `known`: mean and standard deviation of θ by concept, which the caller knows of the student
    and which stand for what this service does.
    """

    student_id: str
    pool_id: UUID | None = None
    concept_names: tuple[str, ...] = ()
    rules: CatRules = field(default_factory=CatRules)
    rules_without_ability: CatRules | None = None
    test: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    revision_id: int | None = None
    known: tuple[list[float], list[float]] | None = None


def start(
    request: TestRequest, caller: Caller, *, seed: int, now: datetime, is_invited: bool = False
) -> Standing:
    """Begin a test: the session into the database, its hot state into Redis, the first question out.

    `is_invited`: the student came by an invitation to the test.
    """
    if request.idempotency_key and (earlier := _started_with_key(request, caller)):
        return earlier
    test = named_tests.named_test(request.test) if request.test is not None else None
    if test is not None:
        named_tests.check_open(test, now)
        request = replace(request, pool_id=test.pool_id, concept_names=tuple(test.concept_names))
    pool = drawn_from(request.pool_id)
    if pool is None:
        raise PoolNotFound
    revision = load_revision(request.revision_id or pool.revision_id)
    names = _concept_names(request.concept_names, revision)
    asked = _rules_of(request, test, revision)
    rules = asked
    if is_adaptive := asked.is_adaptive(revision.bank):
        rules = asked.on_scale(pool.correlation, revision.bank.n_dimensions)
    try:
        rules.check(revision.bank)
    except RulesError as error:
        raise RulesRefused(error.problems) from error
    try:
        told_by = spec_for(test, asked, revision.bank, pool.reporting_scale, pool.level_names)
    except ResultRefused as error:
        raise RulesRefused(error.problems) from error
    try:
        with transaction.atomic():
            settled = rules.settled(revision.bank)
            if settled.pilots is not None:
                settled = with_open_pilots(settled, revision)
            settled = times.with_thresholds(settled, revision)
            plan = store_plan(settled, names)
            # Whose the pool is, the test is and its student.
            student, is_new = _student_called(request.student_id, pool.organisation_id)
            if test is not None:
                named_tests.check_may_take(test, student, is_invited=is_invited)
            is_known = asked.prior is None and named_tests.carries_over(test)
            dimensions = len(names) if is_adaptive else 0
            mean, sd = [0.0] * dimensions, [1.0] * dimensions
            if is_known and is_adaptive and request.known:
                mean, sd = request.known
            elif is_known and is_adaptive and not is_new:  # of a new one there is nothing to be read
                mean, sd = prior_of(student.pk, pool.scale_id, names)
            is_scored_alone = named_tests.is_scored_alone(test)
            beliefs = beliefs_of(plan.rules, mean, sd, is_scored_alone)
            so_far = engine.TestSoFar(revision.bank, plan.rules, beliefs.prior, seed, hint=beliefs.hint)
            step = engine.next_step(so_far)
            if beliefs.prior is None:  # the rules say what is taken to be known
                mean, sd = step.ability.theta.tolist(), step.ability.standard_error.tolist()
            if step.next_item is None:
                raise RulesRefused([("", "Under these rules the pool has no question to begin with.")])
            session = TestSession(
                organisation_id=pool.organisation_id,
                client_id=caller.client_id,
                student=student,
                revision_id=revision.id,
                plan_id=plan.id,
                seed=seed,
                prior_mean=mean,
                prior_sd=sd,
                is_scored_alone=is_scored_alone,
                shuffles_options=test is not None and test.shuffle_options,
                theta=step.ability.theta.tolist(),
                standard_error=step.ability.standard_error.tolist(),
                current_position=step.next_item,
                started_at=now,
                last_activity=now,
                activity_mark=now,
                named_test=test,
                result_spec=store_spec(told_by),
                deadline=named_tests.deadline_of(test, student.pk, now) if test is not None else None,
                waits_to_begin=named_tests.waits_to_begin(test, is_invited=is_invited),
                chain_head=chain.BEGINNING,
                idempotency_key=request.idempotency_key,
                request_hash=request.fingerprint,
            )
            event = entries.started(session, revision.content_hash, plan.content_hash)
            ledger.begin(session, event)
    except (IntegrityError, NoAttemptsLeft):
        if request.idempotency_key and (earlier := _started_with_key(request, caller)):
            return earlier  # the same request came twice at once, and the other one was first
        raise
    metrics.STARTED.inc()
    hot_state.write_state(session.pk, state_of(session, []))
    return standing_of(session, showing_of(session).question(step.next_item))


def _rules_of(request: TestRequest, test: NamedTest | None, revision: FrozenRevision) -> CatRules:
    """Those of the named test, else the request's own; what nobody spelled out fits the pool."""
    if test is not None:
        return named_tests.rules_of(test, revision.bank)
    if request.rules_without_ability is not None and not counting(revision.bank).n_items:
        return request.rules_without_ability
    return request.rules


_STUDENT = """
WITH found AS (
  SELECT id, erased_at FROM students
  WHERE organisation_id = %(organisation_id)s AND external_id = %(external_id)s FOR NO KEY UPDATE
), made AS (
  INSERT INTO students (organisation_id, external_id, name, email, grade_level, created_at)
  SELECT %(organisation_id)s, %(external_id)s, '', '', '', %(now)s
  WHERE %(may_be_made)s AND NOT EXISTS (SELECT FROM found)
  ON CONFLICT (organisation_id, external_id) DO NOTHING
  RETURNING id, erased_at
)
SELECT id, erased_at, false FROM found UNION ALL SELECT id, erased_at, true FROM made
"""


def _student_called(external_id: str, organisation_id: int) -> tuple[Student, bool]:
    """The student of the organisation, who is made if need be, and whether that was so.

    Locked: nobody is erased while a test of theirs begins. So two starts of one student wait for each other,
    and attempts are counted right. One statement; again only where another start made the student in that
    moment, or an erasure took the name away.
    """
    problem = problem_of_student_id(external_id)
    asked: dict[str, Any] = {
        "organisation_id": organisation_id,
        "external_id": external_id,
        "may_be_made": problem is None,
        "now": timezone.now(),
    }
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute(_STUDENT, asked)
            found = cursor.fetchone()
        if found is not None:
            break
        if problem:  # of older days, it stays in use
            raise StudentIdRefused(f"The id {problem}.")
    else:
        raise OperationalError("A student's row comes and goes.")
    pk, erased_at, is_new = found
    if erased_at is not None:
        raise StudentErased
    names = ["id", "organisation_id", "external_id", "erased_at"]
    return Student.from_db("default", names, [pk, organisation_id, external_id, erased_at]), is_new


def _started_with_key(request: TestRequest, caller: Caller) -> Standing | None:
    session = TestSession.objects.filter(
        client_id=caller.client_id, idempotency_key=request.idempotency_key
    ).first()
    if session is None:
        return None
    if session.request_hash != request.fingerprint:
        raise IdempotencyKeyReused
    step = engine.next_step(so_far_of(session, [], []))
    return replace(
        standing_of(session),
        status=TestSession.Status.ACTIVE,
        theta=step.ability.theta.tolist(),
        standard_error=step.ability.standard_error.tolist(),
        answered=0,
        next_question=showing_of(session).question(step.next_item) if step.next_item is not None else None,
    )


def _concept_names(asked: tuple[str, ...], revision: FrozenRevision) -> tuple[str, ...]:
    concepts = revision.bank.n_dimensions
    names = asked or revision.concept_names
    if not names:
        raise ConceptNamesMismatch(f"Pool {revision.pool_id} names no concepts: send {concepts} names.")
    if len(names) != concepts:
        raise ConceptNamesMismatch(f"Pool {revision.pool_id} measures {concepts} concepts, not {len(names)}.")
    return names


def status(session_id: UUID, caller: Caller, *, student_id: str | None = None) -> Standing:
    """Where the session stands: from Redis while it runs, else from PostgreSQL.

    What Redis says is shown only if PostgreSQL is at the same answer: a Redis that hung may hold a state that
    another process could not replace.
    """
    state = hot_state.read_state(session_id)
    if state is not None:
        check_access(state, session_id, student_id, caller)
    is_known = state is not None and caller.holds_newest(state.token_generation)
    if state is not None and is_known and (newest := _if_newest(session_id, state)):
        return replace(newest, next_question=showing_of_state(state).question(state.current))
    if state is not None:
        losses.look({session_id: state})  # before it is overwritten
    with transaction.atomic():
        session = session_for(session_id, caller, student_id, for_update=True)
        pausing.end_if_over(session)
        if session.status == TestSession.Status.ACTIVE and session.paused_at is None:
            rebuild_state(session)
    if session.current_position is None:
        return standing_of(session)
    return with_pauses_left(standing_of(session, showing_of(session).question(session.current_position)))


# By hand, because a page asks it whenever it is opened: the ORM takes three times as long as all else.
_NEWEST = """
SELECT theta, standard_error, deadline, waits_to_begin AND questions_answered = 0, named_test_id,
       result_spec_id
FROM test_sessions
WHERE id = %s AND status = 'active' AND paused_at IS NULL AND chain_head = %s AND token_generation = %s
"""


def _if_newest(session_id: UUID, state: SessionState) -> Standing | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST, [session_id, state.chain_head, state.token_generation])
            found = cursor.fetchone()
        if found is None:
            return None
        theta, standard_error, deadline, is_waiting, test_id, spec_id = found
        test = NamedTest._base_manager.filter(pk=test_id).first() if test_id else None
        spec = load_spec(spec_id)
    except OperationalError:  # without PostgreSQL nobody can have gone on
        ability = engine.next_step(so_far_of_state(state, state.item_indices, state.item_scores)).ability
        theta, standard_error = ability.theta.tolist(), ability.standard_error.tolist()
        return standing_of_state(session_id, state, theta, standard_error)
    standing = standing_of_state(
        session_id,
        state,
        theta,
        standard_error,
        deadline=deadline,
        waits_to_begin=is_waiting,
        test=test,
        result_spec=spec,
    )
    return with_pauses_left(standing)


def end(
    session_id: UUID,
    caller: Caller,
    *,
    now: datetime,
    student_id: str | None = None,
    idempotency_key: str | None = None,
    fingerprint: str = "",
) -> Standing:
    """End a running test early, with its results so far. A test that is over gives its result again.

    Raises `IdempotencyKeyReused` where the key ended this test with another request.
    """
    with transaction.atomic():
        session = session_for(session_id, caller, student_id, for_update=True)
        is_known = ledger.came_before(session, idempotency_key, fingerprint)
        if not is_known and session.status == TestSession.Status.ACTIVE:
            deadline = pausing.deadline_of(session, now)
            is_late = deadline is not None and now >= deadline and not session.is_waiting
            ledger.close(
                [session],
                TestSession.Status.ENDED,
                reason=TIME_LIMIT if is_late else END_REASONS[TestSession.Status.ENDED],
                now=max(now, session.started_at),  # whatever this machine's clock says
                idempotency_key=idempotency_key,
                request_hash=fingerprint,
            )
            metrics.ENDED.inc()
            session.refresh_from_db()
    state = hot_state.read_state(session_id)
    if state is not None and state.answered > session.questions_answered:
        losses.look({session_id: state})
    hot_state.forget([session_id])
    return standing_of(session)


def renew_token(session_id: UUID, caller: Caller) -> TestSession:
    """Revoke all tokens of the session; the one of the generation that it now has opens it instead."""
    with transaction.atomic():
        session = session_for(session_id, caller, None, for_update=True)
        revoke_tokens(session)
    return session


def revoke_tokens(session: TestSession) -> None:
    """The same, where the caller may, and holds the lock on the session's row."""
    session.token_generation += 1
    session.save(update_fields=["token_generation"])
    # An older state that comes back behind this opens nothing new: no answer is recorded on it.
    hot_state.forget([session.pk])


def expire(sessions: Sequence[TestSession], *, now: datetime) -> None:
    """End active sessions that nobody continued. The caller holds their locks, and forgets their state."""
    status = TestSession.Status.EXPIRED
    ledger.close(sessions, status, reason=END_REASONS[status], now=now)


def end_overdue(sessions: Sequence[TestSession], *, now: datetime) -> None:
    """End active sessions whose time is up. The caller holds their locks, and forgets their state."""
    ledger.close(sessions, TestSession.Status.ENDED, reason=TIME_LIMIT, now=now)


def end_for_erasure(sessions: Sequence[TestSession], *, now: datetime) -> None:
    """End active sessions of a student who is being erased. The caller locks and forgets, as for `expire`."""
    ledger.close(sessions, TestSession.Status.ENDED, reason=STUDENT_ERASED, now=now)
