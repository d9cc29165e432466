"""Replies to whoever reads results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.replies.values import (
    Ability,
    Address,
    MaybeAbility,
    OverallScore,
    Reply,
    ScoredWith,
    Status,
    accuracy,
    overall_score,
)
from sessions_app.replies.values import ability as told_ability
from sessions_app.reporting.results import Totals
from sessions_app.reporting.said import answered
from sessions_app.sitting.decisions import score_rests_on
from sessions_app.sitting.proficiency import learning_gain, proficiencies_of, proficiency_of
from sessions_app.sitting.responses import as_values
from sessions_app.sitting.standing import overall_of
from sessions_app.sitting.thousandths import plain

_PAGES = "https://tests.example.org/api/sessions?{}=WyIyMDI2Il0"


@dataclass(frozen=True)
class Place:
    """Where a page lies in a list: how long that is, and the addresses of the pages beside it."""

    count: int
    next: str | None
    previous: str | None


class Page(Reply, frozen=True):
    count: Annotated[int, Meta(extra_json_schema={"example": 123})]
    next: Annotated[Address | None, Meta(extra_json_schema={"example": _PAGES.format("after")})]
    previous: Annotated[Address | None, Meta(extra_json_schema={"example": _PAGES.format("before")})]
    results: list[Any]


IsPilot = Annotated[
    bool | UnsetType,
    Meta(description="true: the question was only tried out, its answer counts in nothing. Left out: false."),
]
IsRapid = Annotated[
    bool | UnsetType,
    Meta(
        description="true: it came too fast to be one of effort, the ability leaves it out. Left out: false."
    ),
]
RapidAnswers = Annotated[
    int | UnsetType,
    Meta(description="Of `questions_answered`, those that came too fast to count. Left out: 0."),
]
ResponseTimeEffort = Annotated[
    float | UnsetType,
    Meta(
        description="Share of answers given with effort, 0 to 1 (Wise & Kong 2005); below 0.9 the test says "
        "little. Left out: no thresholds, or no answer."
    ),
]
PilotsAnswered = Annotated[
    int | UnsetType,
    Meta(description="Of `questions_answered`, those that were only tried out. Left out: 0."),
]


class SessionReply(Reply, frozen=True):
    session_id: UUID
    student_id: str
    question_pool_id: UUID
    revision: int
    status: Status
    end_reason: str
    concept_names: list[str]
    rules: dict[str, Any]
    current_proficiency: list[float]
    ability: MaybeAbility
    overall: OverallScore
    scored_with: ScoredWith
    questions_answered: int
    accuracy: float
    started_at: datetime
    last_activity: datetime
    completed_at: datetime | None
    pilots_answered: PilotsAnswered = UNSET
    rapid_answers: RapidAnswers = UNSET
    response_time_effort: ResponseTimeEffort = UNSET


class ResponseReply(Reply, frozen=True):
    position: int
    question_id: str
    question_version: int
    response: Annotated[
        int | dict[str, str | list[str]] | None,
        Meta(
            description="Index of the chosen option in the question's own order, or the value of each "
            'response variable; null: "I don\'t know".'
        ),
    ]
    score: int
    is_correct: bool
    response_time_ms: int | None
    proficiency_after: list[float]
    ability_after: MaybeAbility
    answered_at: datetime
    is_pilot: IsPilot = UNSET
    is_rapid: IsRapid = UNSET


class ProficiencyReply(Reply, frozen=True):
    student_id: str
    proficiency: list[float]
    concept_names: list[str]
    scales: Annotated[
        list[str],
        Meta(description="The scale of each: one name on two scales is two concepts, each in its own line."),
    ]
    ability: Ability
    last_updated: datetime | None


class HistoryEntry(Reply, frozen=True):
    session_id: UUID
    status: Status
    started_at: datetime
    completed_at: datetime | None
    total_questions: int
    accuracy: float
    learning_gain: float | None
    final_proficiency: list[float]
    overall: OverallScore
    scored_with: ScoredWith
    concept_names: list[str]


class History(Reply, frozen=True):
    student_id: str
    count: int
    next: Address | None
    previous: Address | None
    test_sessions: list[HistoryEntry]


class TimelineEntry(Reply, frozen=True):
    session_id: UUID
    date: datetime
    proficiency: list[float]
    scored_with: ScoredWith
    concept_names: list[str]
    accuracy: float
    questions_answered: int


class ConceptPoint(Reply, frozen=True):
    date: datetime
    value: float


class ConceptProgress(Reply, frozen=True):
    timeline: list[ConceptPoint]
    improvement: float
    current_level: float


class ProgressData(Reply, frozen=True):
    progress_timeline: list[TimelineEntry]
    concept_progress: dict[str, ConceptProgress]
    total_sessions: int
    avg_accuracy: float


class Progress(Reply, frozen=True):
    student_id: str
    count: int
    next: Address | None
    previous: Address | None
    progress_data: ProgressData


class DictionaryEntry(Reply, frozen=True, kw_only=True):
    table: Annotated[str | UnsetType, Meta(description="With rows=dictionary alone.")] = UNSET
    column: str
    type: Annotated[str, Meta(extra={"choices": ["text", "number", "truth value", "time"]})]
    meaning: str


class Exported(Reply, frozen=True):
    dictionary: list[DictionaryEntry]
    rows: Annotated[list[dict[str, Any]], Meta(description="By the names of the dictionary.")]
    is_whole: Annotated[bool, Meta(description="True, at the very end.")]


def page(place: Place, results: list[Any]) -> Page:
    """`results`: a reply a row."""
    return Page(count=place.count, next=place.next, previous=place.previous, results=results)


def session(session: TestSession) -> SessionReply:
    effort = session.response_time_effort
    return SessionReply(
        session_id=session.pk,
        student_id=session.student.external_id,
        question_pool_id=session.revision.pool_id,
        revision=session.revision.number,
        status=session.status,
        end_reason=session.end_reason,
        concept_names=session.plan.concept_names,
        rules=session.plan.rules,
        current_proficiency=proficiencies_of(session.theta),
        ability=_ability(session),
        overall=overall_score(overall_of(session)),
        scored_with=score_rests_on(session),
        questions_answered=session.questions_answered,
        pilots_answered=session.pilots_answered or UNSET,
        rapid_answers=session.rapid_answers or UNSET,
        response_time_effort=UNSET if effort is None else round(effort, 6),
        accuracy=accuracy(session.correct_responses, session.questions_counted),
        started_at=session.started_at,
        last_activity=session.last_activity,
        completed_at=session.completed_at,
    )


def response(response: TestResponse) -> ResponseReply:
    return ResponseReply(
        position=response.position,
        question_id=response.question.external_id,
        question_version=response.question.version,
        response=as_values(answered(response)),
        score=response.score,
        is_correct=response.is_correct,
        is_pilot=response.is_pilot or UNSET,
        is_rapid=response.is_rapid or UNSET,
        response_time_ms=response.response_time_ms,
        proficiency_after=proficiencies_of(response.theta),
        ability_after=_ability(response),
        answered_at=response.answered_at,
    )


def proficiency(student: Student, known: Sequence[StudentProficiency]) -> ProficiencyReply:
    return ProficiencyReply(
        student_id=student.external_id,
        proficiency=proficiencies_of(row.theta_now for row in known),
        concept_names=[row.concept_name for row in known],
        scales=[row.scale.name for row in known],
        ability=Ability([plain(row.theta_now) for row in known], [row.standard_error_now for row in known]),
        last_updated=max((row.updated_at_now for row in known), default=None),
    )


def history(student: Student, sessions: Sequence[TestSession], place: Place) -> History:
    """`sessions`: those of one page."""
    return History(
        student_id=student.external_id,
        count=place.count,
        next=place.next,
        previous=place.previous,
        test_sessions=[_history_entry(session) for session in sessions],
    )


def progress(student: Student, sessions: Sequence[TestSession], place: Place, totals: Totals) -> Progress:
    """`sessions`: those of one page; `totals` count all of the student's, not only these."""
    return Progress(
        student_id=student.external_id,
        count=place.count,
        next=place.next,
        previous=place.previous,
        progress_data=ProgressData(
            progress_timeline=[_timeline_entry(session) for session in sessions],
            concept_progress=_concept_progress(sessions),
            total_sessions=totals.sessions,
            avg_accuracy=round(totals.mean_accuracy, 6),
        ),
    )


def _ability(row: TestSession | TestResponse) -> Ability | None:
    return told_ability(row.theta, row.standard_error)


def _history_entry(session: TestSession) -> HistoryEntry:
    return HistoryEntry(
        session_id=session.pk,
        status=session.status,
        started_at=session.started_at,
        completed_at=session.completed_at,
        total_questions=session.questions_counted,
        accuracy=accuracy(session.correct_responses, session.questions_counted),
        learning_gain=learning_gain(session.prior_mean, session.theta),
        final_proficiency=proficiencies_of(session.theta),
        overall=overall_score(overall_of(session)),
        scored_with=score_rests_on(session),
        concept_names=session.plan.concept_names,
    )


def _timeline_entry(session: TestSession) -> TimelineEntry:
    return TimelineEntry(
        session_id=session.pk,
        date=_end_of(session),
        proficiency=proficiencies_of(session.theta),
        scored_with=score_rests_on(session),
        concept_names=session.plan.concept_names,
        accuracy=accuracy(session.correct_responses, session.questions_counted),
        questions_answered=session.questions_counted,
    )


def _concept_progress(sessions: Sequence[TestSession]) -> dict[str, ConceptProgress]:
    timelines: dict[str, list[ConceptPoint]] = {}
    for session in (each for each in sessions if each.has_ability):
        for name, theta in zip(session.plan.concept_names, session.theta, strict=True):
            point = ConceptPoint(date=_end_of(session), value=proficiency_of(theta))
            timelines.setdefault(name, []).append(point)
    return {
        name: ConceptProgress(
            timeline=timeline,
            improvement=round(timeline[-1].value - timeline[0].value, 6),
            current_level=timeline[-1].value,
        )
        for name, timeline in timelines.items()
    }


def _end_of(session: TestSession) -> datetime:
    assert session.completed_at is not None  # progress is over tests that are over
    return session.completed_at
