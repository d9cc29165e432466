"""What each column of exported results means, and how it is read from a row. No answer key."""

import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sessions_app.models import TestSession
from sessions_app.reporting.levels import levels_of
from sessions_app.reporting.report import probability_of
from sessions_app.reporting.said import answered
from sessions_app.sitting.decisions import score_rests_on
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.sitting.raw_scores import RawScore
from sessions_app.sitting.responses import as_values
from sessions_app.sitting.result_specs import ResultSpec
from sessions_app.sitting.thousandths import plain, thousandths
from testing_engine.models import Question


class Heading(NamedTuple):
    """What is said of a column."""

    name: str
    type: str
    meaning: str

    @property
    def is_written_here(self) -> bool:
        """Whether nobody else writes its cells, so that none is a formula."""
        return self.type in ("time", "number", "truth value") or self.name == "session_id"


@dataclass(frozen=True)
class Column:
    """The same, and how it is read from a row's object: as text, number, truth value, or None."""

    name: str
    type: str
    meaning: str
    read: Callable[[Any], Any]

    @property
    def heading(self) -> Heading:
        return Heading(self.name, self.type, self.meaning)


class ToldBy:
    """A specification with what it says of any θ, looked up once for all rows that have it."""

    def __init__(self, spec: ResultSpec) -> None:
        """Names of levels in the active language."""
        levels = levels_of(spec)
        self.spec = spec
        self.names = [each.name for each in levels]
        self._edges = sorted(map(thousandths, spec.cuts))
        cuts = ", ".join(f"{cut:g}" for cut in spec.cuts)
        self.in_words = f"{cuts}: {', '.join(self.names)}" if levels else None

    def probability(self, theta: float, error: float) -> float | None:
        """Of the level that θ lies in, to six digits; None where there are none."""
        if not self._edges:
            return None
        level = bisect_right(self._edges, thousandths(theta))
        return round(probability_of(level, self.spec.cuts, theta, error), 6)

    def level(self, theta: float) -> str | None:
        """Its name, as `levels.level_of` says it; None where there are none."""
        return self.names[bisect_right(self._edges, thousandths(theta))] if self.names else None


class Plan(NamedTuple):
    """What columns read of the plan of a test."""

    concept_names: tuple[str, ...]
    has_effort: bool


class Sat(NamedTuple):
    """A session as the columns read it. `row`: its own columns, for a model's object costs more than all, and
    moments as text."""

    row: Any
    plan: Plan
    told_by: ToldBy
    whole: tuple[float, float] | None  # θ and its standard error; nothing before the first answer
    raw: RawScore | None  # points, where the test has no abilities
    is_asked: Sequence[bool]

    @property
    def counted(self) -> int:
        """Answers that count."""
        return int(self.row.questions_answered - self.row.pilots_answered)


class Given(NamedTuple):
    """An answer as the columns read it."""

    session: TestSession
    question: Question
    position: int
    answer: int | None
    response: dict[str, Any] | None
    score: int
    is_correct: bool
    is_pilot: bool
    is_rapid: bool
    response_time_ms: int | None
    answered_at: str
    theta: list[float]
    standard_error: list[float]
    is_asked: Sequence[bool]  # which concepts the session had asked about by then


def _effort(sat: Sat) -> float | None:
    if not sat.row.questions_answered or not sat.plan.has_effort:
        return None
    return float(round(1 - sat.row.rapid_answers / sat.row.questions_answered, 6))


def _of_whole(read: Callable[[ToldBy, float, float], Any]) -> Callable[[Sat], Any]:
    """Reads θ and its standard error of a session as a whole; nothing before the first answer."""
    return lambda sat: None if sat.whole is None else read(sat.told_by, *sat.whole)


def _of_points(read: Callable[[RawScore], Any]) -> Callable[[Sat], Any]:
    """Reads a session's points; nothing of a test with abilities."""
    return lambda sat: None if sat.raw is None else read(sat.raw)


def _values_of(given: Given) -> str | None:
    if given.response is None:
        return None
    return json.dumps(as_values(answered(given)), ensure_ascii=False, sort_keys=True)


STUDENT_ID = "The student's id in the school's own system."
SESSION: tuple[Column, ...] = (
    Column("session_id", "text", "The session's id, a UUID.", lambda s: str(s.row.pk)),
    Column("test", "text", "Name of the named test.", lambda s: s.row.named_test__name),
    Column(
        "student_id",
        "text",
        "The student's id in the school's own system.",
        lambda s: s.row.student__external_id,
    ),
    Column("grade", "text", "The student's grade, as it is now.", lambda s: s.row.student__grade_level),
    Column("status", "text", "active, completed, ended or expired.", lambda s: s.row.status),
    Column(
        "end_reason", "text", "Which rule, or who, ended it; empty while it runs.", lambda s: s.row.end_reason
    ),
    Column("started_at", "time", "UTC, ISO 8601.", lambda s: s.row.began),
    Column("completed_at", "time", "UTC, ISO 8601; empty while it runs.", lambda s: s.row.ended),
    Column("deadline", "time", "UTC, ISO 8601; empty: no time limit.", lambda s: s.row.ends),
    Column("duration_seconds", "number", "From start to end; empty while it runs.", lambda s: s.row.seconds),
    Column("pool_revision", "number", "Revision of the pool that it used.", lambda s: s.row.revision__number),
    Column("questions_answered", "number", "Answers given that count.", lambda s: s.counted),
    Column(
        "pilots_answered",
        "number",
        "Answers beside those, to questions that are only tried out: they count in nothing.",
        lambda s: s.row.pilots_answered,
    ),
    Column(
        "rapid_answers",
        "number",
        "Of all answers, those that came too fast to be ones of effort: abilities leave them out.",
        lambda s: s.row.rapid_answers,
    ),
    Column(
        "response_time_effort",
        "number",
        "Share of the others, 0 to 1; empty before the first answer, and where the rules have no thresholds.",
        _effort,
    ),
    Column("correct_responses", "number", "Answers that were right.", lambda s: s.row.correct_responses),
    Column(
        "accuracy",
        "number",
        "Their share, 0 to 1; empty before the first answer.",
        lambda s: round(s.row.correct_responses / s.counted, 6) if s.counted else None,
    ),
    Column(
        "points",
        "number",
        "Of a test in linear or random order, which has no abilities; empty for others.",
        _of_points(lambda raw: raw.points),
    ),
    Column(
        "most_points",
        "number",
        "Points that the whole test has, those of questions that were not reached among them.",
        _of_points(lambda raw: raw.most_points),
    ),
    Column(
        "percent",
        "number",
        "Points out of these, in percent.",
        _of_points(lambda raw: None if raw.percent is None else round(raw.percent, 6)),
    ),
    Column(
        "scored_with",
        "text",
        "answers_only: the abilities rest on this test's answers alone; earlier_results: on what earlier "
        "tests found, too.",
        lambda s: score_rests_on(s.row),
    ),
    Column(
        "result_kind",
        "text",
        "What the result is: levels, passing (passed or not), scale (a score on a rating scale), points, "
        "thanks.",
        lambda s: s.told_by.spec.kind,
    ),
    Column(
        "overall_theta",
        "number",
        "Mean of θ over the concepts that got a question; empty before the first answer.",
        _of_whole(lambda told, theta, error: plain(theta)),
    ),
    Column("overall_standard_error", "number", "Of that mean.", _of_whole(lambda told, theta, error: error)),
    Column(
        "overall_level",
        "text",
        "The level, or passed or not, that the mean lies in: θ and the cuts rounded to 0.001, halves up; a "
        "cut belongs to the level above it.",
        _of_whole(lambda told, theta, error: told.level(theta)),
    ),
    Column(
        "overall_level_probability",
        "number",
        "How probable that level is, 0 to 1, for an ability N(θ, SE²).",
        _of_whole(lambda told, theta, error: told.probability(theta, error)),
    ),
    Column(
        "score",
        "number",
        "Score on the reporting or rating scale; empty where the result has none.",
        _of_whole(lambda told, theta, error: told.spec.score(theta) if told.spec.has_score else None),
    ),
    Column(
        "score_standard_error",
        "number",
        "Its standard error, in the same unit.",
        _of_whole(
            lambda told, theta, error: told.spec.score_error(theta, error) if told.spec.has_score else None
        ),
    ),
    Column(
        "archive",
        "text",
        "The file to which its answers were taken, where they are not in the table of answers; else empty.",
        lambda s: s.row.archived__archive__name,
    ),
    Column(
        "cuts",
        "text",
        "θ between two levels, in order, and the names of the levels, the lowest first.",
        lambda s: s.told_by.in_words,
    ),
)

ANSWER: tuple[Column, ...] = (
    Column("session_id", "text", "The session's id, a UUID.", lambda r: str(r.session.pk)),
    Column("student_id", "text", STUDENT_ID, lambda r: r.session.student.external_id),
    Column("position", "number", "1 for the first question of the session.", lambda r: r.position),
    Column("question_id", "text", "The author's id of the question.", lambda r: r.question.external_id),
    Column(
        "question_version", "number", "Version of the question that was shown.", lambda r: r.question.version
    ),
    Column(
        "response",
        "number",
        "Option chosen, from 0, in the question's own order; empty: “I don't know”, or a question with "
        "response_values.",
        lambda r: r.answer,
    ),
    Column(
        "response_values",
        "text",
        "Of a question with interactions, the values of its response variables, as a JSON object (a variable "
        "without a value is left out); empty: “I don't know”, or a question of options.",
        _values_of,
    ),
    Column("score", "number", "Score that the server gave, or -1: not scored.", lambda r: r.score),
    Column("is_correct", "truth value", "Whether no option earns more.", lambda r: r.is_correct),
    Column(
        "is_pilot",
        "truth value",
        "Whether the question is only tried out: its answer counts in nothing.",
        lambda r: r.is_pilot,
    ),
    Column(
        "is_rapid",
        "truth value",
        "Whether it came too fast to be one of effort: abilities leave it out.",
        lambda r: r.is_rapid,
    ),
    Column(
        "response_time_ms", "number", "Milliseconds, as the client measured.", lambda r: r.response_time_ms
    ),
    Column("answered_at", "time", "UTC, ISO 8601.", lambda r: r.answered_at),
)


ABILITY = (  # of each concept
    ("theta", "number", "Ability {when}, logit scale."),
    ("standard_error", "number", "Of that ability."),
    ("proficiency", "number", "Share of the reference population at or below it, 0 to 1."),
    (
        "level",
        "text",
        "The level that θ lies in, as for overall_level; empty until a question asked about the concept.",
    ),
)


class Abilities:
    """θ, standard error, proficiency and level of each concept; empty where the test does not have it."""

    def __init__(self, names: Sequence[str], when: str) -> None:
        self._names, self._places = names, dict[tuple[str, ...], list[int | None]]()
        self.columns = [
            Heading(f"{name}: {concept}", kind, meaning.format(when=when))
            for concept in names
            for name, kind, meaning in ABILITY
        ]

    def of(
        self,
        plan: Plan,
        told_by: ToldBy,
        theta: Sequence[float],
        error: Sequence[float],
        is_asked: Sequence[bool],
    ) -> list[Any]:
        """In the order of the columns."""
        places = self._places.get(plan.concept_names)
        if places is None:
            known = {name: place for place, name in enumerate(plan.concept_names)}
            places = self._places[plan.concept_names] = [known.get(name) for name in self._names]
        values: list[Any] = []
        for place in places:
            if place is None or not theta:
                values += (None, None, None, None)
            else:
                ability = theta[place]
                level = told_by.level(ability) if is_asked[place] else None
                values += (plain(ability), error[place], proficiency_of(ability), level)
        return values
