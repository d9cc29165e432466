"""Where a session stands: read from its rows or from its hot state, and that state made from the rows."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sessions_app import metrics
from sessions_app.audit.chain import microseconds
from sessions_app.models import NamedTest, TestResponse, TestSession
from sessions_app.sitting import hot_state, named_tests, times
from sessions_app.sitting.archived import kept_of
from sessions_app.sitting.decisions import ANSWERS_ONLY, score_rests_on, scored_with
from sessions_app.sitting.lengths import is_fixed, most_questions
from sessions_app.sitting.raw_scores import RawScore, raw_score_of
from sessions_app.sitting.result_specs import USUAL, ResultSpec, load_spec
from sessions_app.sitting.session_state import SessionState, ShownQuestion
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.pauses import Pauses
from testing_engine.psychometrics.values import quickly_made
from testing_engine.revisions import load_plan, load_revision


@quickly_made
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
    correct: int  # of those that count
    started_at: datetime
    max_questions: int
    is_length_fixed: bool
    pilots: int = 0  # answers that count in nothing: of questions that are only tried out
    pilots_right: int = 0  # of these, in a result
    completed_at: datetime | None = None
    end_reason: str = ""
    next_question: ShownQuestion | None = None
    token_generation: int = 0
    deadline: datetime | None = None
    pauses: Pauses | None = None  # that its rules allow
    pauses_left: times.PausesLeft | None = None  # of these, where somebody asked (`with_pauses_left`)
    paused_at: datetime | None = None  # its clock stands still since then; None: it runs
    paused_until: datetime | None = None
    waits_to_begin: bool = False
    test: NamedTest | None = None
    result_spec: ResultSpec = USUAL
    is_withheld: bool = False  # while it runs, the student gets no estimate
    scored_with: str = ANSWERS_ONLY
    overall: tuple[float, float] | None = None  # mean θ of several concepts, and its error; of a result
    raw: RawScore | None = None  # of a result without abilities

    @property
    def counted(self) -> int:
        """Answers that count."""
        return self.answered - self.pilots

    @property
    def right(self) -> int:
        """Right answers as the student counts them, who cannot tell what was only tried out."""
        return self.correct + self.pilots_right

    @property
    def has_ability(self) -> bool:
        """Whether the test finds abilities, or counts points."""
        return len(self.theta) > 0

    @property
    def is_active(self) -> bool:
        return self.status == TestSession.Status.ACTIVE


def rebuild_state(session: TestSession) -> SessionState:
    """Fill Redis from the rows of an active session. The caller holds the row's lock.

    Under the lock, because `end` deletes the state after its own update: it must not come back behind it.
    """
    state = state_of(session, list(session.responses.order_by("position")))
    hot_state.write_state(session.pk, state)
    metrics.REBUILDS.inc()
    return state


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
        scores=[response.counted_score for response in responses],
        prior_mean=session.prior_mean,
        prior_sd=session.prior_sd,
        started_at=microseconds(session.started_at),
        chain_head=bytes(session.chain_head),
        token_generation=session.token_generation,
        is_withheld=named_tests.is_withheld(session.named_test, load_spec(session.result_spec_id)),
        is_scored_alone=session.is_scored_alone,
        shuffles_options=session.shuffles_options,
        asked_at=times.asked_at(session, responses),
    )


def standing_of(session: TestSession, question: ShownQuestion | None = None) -> Standing:
    """Where a session stands, from its row."""
    plan, bank = load_plan(session.plan_id), load_revision(session.revision_id).bank
    is_over = session.status != TestSession.Status.ACTIVE
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
        pilots=session.pilots_answered,
        pilots_right=_pilots_right(session) if is_over and session.pilots_answered else 0,
        started_at=session.started_at,
        max_questions=most_questions(plan.rules, bank),
        is_length_fixed=is_fixed(plan.rules, bank),
        completed_at=session.completed_at,
        end_reason=session.end_reason,
        next_question=question,
        token_generation=session.token_generation,
        deadline=session.deadline,
        pauses=plan.rules.pauses,
        paused_at=session.paused_at,
        paused_until=session.paused_until,
        waits_to_begin=session.is_waiting,
        test=session.named_test,
        result_spec=(spec := load_spec(session.result_spec_id)),
        is_withheld=named_tests.is_withheld(session.named_test, spec),
        scored_with=score_rests_on(session),
        overall=overall_of(session),
        raw=raw_score_of(session) if not session.has_ability and is_over else None,
    )


def with_pauses_left(standing: Standing) -> Standing:
    """The same, with what its student has left of pauses: one query, where a running test allows some."""
    if standing.pauses is None or not standing.is_active:
        return standing
    return replace(standing, pauses_left=times.left_of(standing.session_id, standing.pauses))


def _pilots_right(session: TestSession) -> int:
    """As the hot state knows it, which keeps no score of an answer that came too fast."""
    here = session.responses.filter(is_pilot=True, is_correct=True, is_rapid=False).count()
    kept = [] if here else kept_of([session.pk]).get(session.pk, [])
    return here + sum(each.is_pilot and each.is_correct and not each.is_rapid for each in kept)


def overall_of(row: TestSession | TestResponse) -> tuple[float, float] | None:
    """Mean ability over the concepts and its standard error; None where nothing was summed up."""
    if row.overall_theta is None or row.overall_error is None:
        return None
    return row.overall_theta, row.overall_error


def standing_of_state(
    session_id: UUID, state: SessionState, theta: list[float], standard_error: list[float], **known: Any
) -> Standing:
    """Where a running session stands, from its hot state; with its ability, and what else is known of it."""
    plan, revision = load_plan(state.plan_id), load_revision(state.revision_id)
    bank, tried = revision.bank, []
    if plan.rules.pilots is not None:
        part = counting(bank)
        given = zip(state.item_indices, state.item_scores, strict=True)
        tried = [(item, score) for item, score in given if not part.holds(item)]
    prior_mean, prior_sd = state.prior_mean_sd
    return Standing(
        session_id=session_id,
        student_id=state.student_id,
        status=TestSession.Status.ACTIVE,
        concept_names=plan.concept_names,
        prior_mean=prior_mean,
        theta=theta,
        standard_error=standard_error,
        answered=state.answered,
        correct=state.correct,
        pilots=len(tried),
        pilots_right=sum(score >= 0 and revision.is_right(item, score) for item, score in tried),
        started_at=state.began,
        max_questions=most_questions(plan.rules, bank),
        is_length_fixed=is_fixed(plan.rules, bank),
        is_withheld=state.is_withheld,
        pauses=plan.rules.pauses,
        scored_with=scored_with(plan.rules, prior_mean, prior_sd, state.is_scored_alone),
        **known,
    )
