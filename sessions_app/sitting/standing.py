"""Where a session stands: read from its rows or from its hot state, for whoever may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import numpy as np

from sessions_app import metrics
from sessions_app.audit.chain import microseconds
from sessions_app.models import NamedTest, TestResponse, TestSession
from sessions_app.refusals import ResultNotShown, SessionNotFound, TokenRevoked, WrongStudent
from sessions_app.sitting import hot_state, named_tests
from sessions_app.sitting.result_specs import USUAL, ResultSpec, load_spec
from sessions_app.sitting.session_state import SessionState, ShownQuestion
from testing_engine.models import Question
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar
from testing_engine.psychometrics.rules import STANDARD_NORMAL, CatRules
from testing_engine.questions import interactions
from testing_engine.revisions import FrozenRevision, load_plan, load_revision


@dataclass(frozen=True)
class Caller:
    """Who asks: an API client by its id, or the holder of one session's token."""

    client_id: int | None = None
    session_id: UUID | None = None
    token_generation: int = 0

    def holds_newest(self, generation: int) -> bool:
        """Whether the caller's session token, if it is one, is of the session's generation."""
        return self.session_id is None or self.token_generation == generation

    def may_open(self, session_id: UUID, client_id: int | None) -> bool:
        if self.session_id is not None:
            return self.session_id == session_id
        return client_id is not None and self.client_id == client_id


@dataclass(frozen=True)
class Standing:
    """Where a session stands. `next_question` is None when it is over, or where nobody asked for it."""

    session_id: UUID
    student_id: int
    status: str
    concept_names: tuple[str, ...]
    prior_mean: list[float]
    theta: list[float]
    standard_error: list[float]
    answered: int
    correct: int
    started_at: datetime
    max_questions: int
    completed_at: datetime | None = None
    end_reason: str = ""
    next_question: ShownQuestion | None = None
    token_generation: int = 0
    deadline: datetime | None = None
    test: NamedTest | None = None
    result_spec: ResultSpec = USUAL

    @property
    def is_active(self) -> bool:
        return self.status == TestSession.Status.ACTIVE


def may_see_result(standing: Standing, caller: Caller, now: datetime) -> bool:
    """Whether the result is for the caller: a school's own system, which started the test, gets every one; a
    student those for students, once they are released."""
    if caller.session_id is None:
        return True
    released_at = named_tests.released_at(standing.test)
    return standing.result_spec.is_shown and (released_at is None or now >= released_at)


def check_shown(standing: Standing, caller: Caller, now: datetime) -> None:
    """Raises `ResultNotShown` where the result is not for the caller, or not yet."""
    if not may_see_result(standing, caller, now):
        is_for_students = standing.result_spec.is_shown
        raise ResultNotShown(named_tests.released_at(standing.test) if is_for_students else None)


def check_access(state: SessionState, session_id: UUID, student_id: str | None, caller: Caller) -> None:
    """The same checks as `session_for`, without a query.

    Except for the token's generation: where that differs, the state may be the older one, and only the row
    tells. The callers ask `Caller.holds_newest` and go there.
    """
    if not caller.may_open(session_id, state.client_id):
        raise SessionNotFound
    if student_id is not None and not state.is_of_student(student_id):
        raise WrongStudent


def session_for(
    session_id: UUID, caller: Caller, student_id: str | None, *, for_update: bool = False
) -> TestSession:
    """The session's row, if the caller may see it and it is that student's.

    A session whose student was erased is nobody's any more.
    """
    sessions = TestSession.objects.select_related("student", "named_test").filter(pk=session_id)
    session = (sessions.select_for_update(of=("self",)) if for_update else sessions).first()
    if session is None or not caller.may_open(session_id, session.client_id):
        raise SessionNotFound
    if session.student.erased_at is not None:
        raise SessionNotFound
    if not caller.holds_newest(session.token_generation):
        raise TokenRevoked
    if student_id is not None and student_id != session.student.external_id:
        raise WrongStudent
    return session


def rebuild_state(session: TestSession) -> SessionState:
    """Fill Redis from the rows of an active session. The caller holds the row's lock.

    Under the lock, because `end` deletes the state after its own update: it must not come back behind it.
    """
    state = state_of(session, list(session.responses.order_by("position")))
    hot_state.write_state(session.pk, state)
    metrics.REBUILDS.inc()
    return state


def prior_for(rules: CatRules, mean: Sequence[float], sd: Sequence[float]) -> NormalPrior | None:
    """What was known before the test, independent for each concept.

    None where the rules set a prior of their own, which then holds for every student alike.
    """
    if rules.prior != STANDARD_NORMAL:
        return None
    return _independent(tuple(mean), tuple(sd))


@lru_cache(maxsize=1024)
def _independent(mean: tuple[float, ...], sd: tuple[float, ...]) -> NormalPrior:
    """Kept, because checking and inverting the covariance costs as much as choosing a question."""
    return NormalPrior(mean=np.array(mean), covariance=np.diag(np.square(sd)))


def state_of(session: TestSession, responses: list[TestResponse]) -> SessionState:
    """The hot state of an active session, from its rows."""
    assert session.current_position is not None
    positions = load_revision(session.revision_id).positions_by_key
    return SessionState.pack(
        client_id=session.client_id,
        student_id=session.student_id,
        student_external_id=session.student.external_id,
        revision_id=session.revision_id,
        plan_id=session.plan_id,
        seed=session.seed,
        current=session.current_position,
        correct=session.correct_responses,
        items=[positions[response.question_id] for response in responses],
        scores=[response.score for response in responses],
        theta=session.theta,
        standard_error=session.standard_error,
        prior_mean=session.prior_mean,
        prior_sd=session.prior_sd,
        started_at=microseconds(session.started_at),
        chain_head=bytes(session.chain_head),
        token_generation=session.token_generation,
    )


def standing_of(session: TestSession, question: ShownQuestion | None = None) -> Standing:
    """Where a session stands, from its row."""
    plan = load_plan(session.plan_id)
    return Standing(
        session_id=session.pk,
        student_id=session.student_id,
        status=session.status,
        concept_names=plan.concept_names,
        prior_mean=session.prior_mean,
        theta=session.theta,
        standard_error=session.standard_error,
        answered=session.questions_answered,
        correct=session.correct_responses,
        started_at=session.started_at,
        max_questions=plan.rules.max_questions,
        completed_at=session.completed_at,
        end_reason=session.end_reason,
        next_question=question,
        token_generation=session.token_generation,
        deadline=session.deadline,
        test=session.named_test,
        result_spec=load_spec(session.result_spec_id),
    )


def standing_of_state(session_id: UUID, state: SessionState) -> Standing:
    """Where a running session stands, from its hot state."""
    theta, standard_error = state.ability
    plan = load_plan(state.plan_id)
    return Standing(
        session_id=session_id,
        student_id=state.student_id,
        status=TestSession.Status.ACTIVE,
        concept_names=plan.concept_names,
        prior_mean=state.prior_mean_sd[0],
        theta=theta,
        standard_error=standard_error,
        answered=state.answered,
        correct=state.correct,
        started_at=state.began,
        max_questions=plan.rules.max_questions,
    )


def next_item_after(session: TestSession, responses: Sequence[TestResponse], answered: int) -> int | None:
    """The question that followed answer number `answered`, as an index in the revision.

    It is on record, unless the test ended before it was answered: then the engine says it once more.
    """
    revision = load_revision(session.revision_id)
    if answered < len(responses):
        return revision.positions_by_key[responses[answered].question_id]
    if session.current_position is not None or session.status == TestSession.Status.COMPLETED:
        return session.current_position
    items = [revision.positions_by_key[response.question_id] for response in responses]
    scores = [response.score for response in responses]
    return engine.next_step(so_far_of(session, items, scores)).next_item


def so_far_of(session: TestSession, items: Sequence[int], scores: Sequence[int]) -> TestSoFar:
    """The session after these answers, as the engine takes it."""
    rules = load_plan(session.plan_id).rules
    at_start = prior_for(rules, session.prior_mean, session.prior_sd)
    bank = load_revision(session.revision_id).bank
    return TestSoFar(bank, rules, at_start, session.seed, items, scores)


def shown_item(revision: FrozenRevision, item: int) -> ShownQuestion:
    """What the student sees of a question of the revision."""
    return shown_by_key(int(revision.question_ids[item]))


def shown_by_key(question_pk: int) -> ShownQuestion:
    """The same, by primary key: from the cache, else from the database."""
    return hot_state.read_question(question_pk) or shown_from_database(question_pk)


def shown_from_database(question_pk: int) -> ShownQuestion:
    """The same, after the cache had nothing; fills the cache."""
    question = (
        Question.objects.select_related("passage").defer("scoring", "option_scores").get(pk=question_pk)
    )
    shown = shown_of(question)
    hot_state.cache_question(question_pk, shown)
    return shown


def shown_of(question: Question) -> ShownQuestion:
    """What a student may see of a question's row."""
    options = question.options
    if question.interactions is not None:
        asked = interactions.decode(question.interactions)
        options = interactions.options_of_single_choice(asked)
    return ShownQuestion(
        id=question.external_id,
        content=question.content,
        options=options,
        concepts=question.concepts,
        interactions=question.interactions or [],
        passage=question.passage.content if question.passage else "",
    )
