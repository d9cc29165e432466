"""Results as tables, for export: one row a session or one row an answer, and what each column means.

Rows come piece by piece (`reporting.pieces`): an export needs the same memory whatever its length, and no
transaction. No answer key.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import override

from sessions_app.models import TestResponse, TestSession
from sessions_app.reporting.asked import asked_in, either, measures
from sessions_app.reporting.levels import level_of, levels_of
from sessions_app.reporting.pieces import in_pieces
from sessions_app.reporting.report import Finding, Report, report_of_session
from sessions_app.reporting.said import answered
from sessions_app.reporting.spreadsheets import csv_lines
from sessions_app.sitting.decisions import score_rests_on
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.sitting.raw_scores import RawScore, raw_scores_of
from sessions_app.sitting.responses import as_values
from sessions_app.sitting.result_specs import load_spec
from sessions_app.sitting.thousandths import level_index, plain
from testing_engine.models import Question, TestPlan

MOST_QUESTIONS = 5000  # versions that are in memory at once


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, what it means, and how it is read from a row's object."""

    name: str
    type: str
    meaning: str
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Table:
    """Columns, the sessions, and what makes some of them into the objects that the columns read."""

    columns: Sequence[Column]
    sessions: QuerySet[TestSession]
    look_up: Callable[[list[TestSession]], Iterable[Any]]

    def rows(self) -> Iterator[list[Any]]:
        """Plain values: text, numbers, truth values, None; times as ISO 8601 in UTC."""
        return (row for piece in in_pieces(self.sessions, self._rows_of) for row in piece)

    def _rows_of(self, sessions: list[TestSession]) -> list[list[Any]]:
        read = [column.read for column in self.columns]
        with override("en"):
            return [[_plain(value(each)) for value in read] for each in self.look_up(sessions)]

    def csv(self, *, is_for_people: bool = False) -> Iterator[str]:
        """As CSV, a line at a time; no cell is a formula."""
        return csv_lines([c.name for c in self.columns], self.rows(), is_for_people=is_for_people)

    def json(self) -> Iterator[str]:
        """As one JSON object: `dictionary`, `rows` with an object each, a line a row; its end says that it is
        whole.
        """
        yield f'{{"dictionary": {json.dumps(self.dictionary())},\n"rows": ['
        names = [column.name for column in self.columns]
        for index, row in enumerate(self.rows()):
            yield ("," if index else "") + "\n" + json.dumps(dict(zip(names, row, strict=True)))
        yield '\n], "is_whole": true}\n'

    def dictionary(self) -> list[dict[str, str]]:
        """What each column means, in order."""
        return [{"column": c.name, "type": c.type, "meaning": c.meaning} for c in self.columns]


def export(
    sessions: QuerySet[TestSession], rows: str, form: str, *, is_for_people: bool = False
) -> Iterator[str]:
    """`rows`: sessions, answers, or dictionary (what the columns of both mean). `form`: csv or json."""
    makers = {"sessions": session_table, "answers": answer_table}
    if rows in makers:
        table = makers[rows](sessions)
        return table.csv(is_for_people=is_for_people) if form == "csv" else table.json()
    entries = [
        {"table": name, **entry} for name, make in makers.items() for entry in make(sessions).dictionary()
    ]
    if form == "csv":
        header = ["table", "column", "type", "meaning"]
        return csv_lines(header, ([*entry.values()] for entry in entries), is_for_people=is_for_people)
    return iter([json.dumps({"dictionary": entries, "rows": [], "is_whole": True}) + "\n"])


def session_table(sessions: QuerySet[TestSession]) -> Table:
    """One row a session."""
    names = concept_names(sessions)
    abilities = [column for name in names for column in _ability_columns(name, "at the end, or so far")]
    told = sessions.select_related("student", "plan", "revision", "named_test")
    return Table([*_SESSION, *abilities], told, _with_reports)


def answer_table(sessions: QuerySet[TestSession]) -> Table:
    """One row an answer, of the same sessions."""
    names = concept_names(sessions)
    abilities = [column for name in names for column in _ability_columns(name, "after this answer")]
    told = sessions.select_related("student", "plan").defer("plan__rules")
    return Table([*_ANSWER, *abilities], told, _Answers().of)


def _with_reports(sessions: list[TestSession]) -> Iterator[TestSession]:
    asked, raw = asked_in(sessions), raw_scores_of(sessions)
    for session in sessions:
        spec, key = load_spec(session.result_spec_id), session.pk
        session.report = report_of_session(session, spec, asked[key], raw=raw.get(key))  # type: ignore[attr-defined]
        session.is_asked = asked[session.pk]  # type: ignore[attr-defined]
        yield session


_READ = (
    *("session_id", "question_id", "position", "answer", "response", "score", "is_correct", "is_pilot"),
    *("is_rapid", "response_time_ms", "answered_at", "theta", "standard_error"),
)


class Given(NamedTuple):
    """An answer as the columns read it: a model's object for each would cost more than all its columns."""

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
    answered_at: datetime
    theta: list[float]
    standard_error: list[float]
    is_asked: list[bool]  # which concepts the session had asked about by then


class _Answers:
    """Answers of sessions, in order; each version of a question is read once."""

    def __init__(self) -> None:
        self.questions: dict[int, Question] = {}

    def of(self, sessions: list[TestSession]) -> Iterator[Given]:
        by_session: dict[UUID, list[tuple[Any, ...]]] = {session.pk: [] for session in sessions}
        rows = TestResponse.objects.filter(session__in=list(by_session)).order_by("session_id", "position")
        for session_id, *row in rows.values_list(*_READ):
            by_session[session_id].append(tuple(row))
        self._know({row[0] for own in by_session.values() for row in own})
        for session in sessions:
            is_asked: list[bool] = []
            for question_id, *row in by_session[session.pk]:
                question, is_pilot = self.questions[question_id], row[5]
                measured = [each and not is_pilot for each in measures(question.concepts)]
                is_asked = either(is_asked, measured) if is_asked else measured
                yield Given(session, question, *row, is_asked)  # type: ignore[call-arg]

    def _know(self, keys: set[int]) -> None:
        missing = keys - self.questions.keys()
        if len(self.questions) + len(missing) > MOST_QUESTIONS:
            self.questions.clear()
            missing = keys
        read = Question.objects.only("external_id", "version", "concepts", "interactions")
        self.questions |= read.in_bulk(missing)


def concept_names(sessions: QuerySet[TestSession]) -> list[str]:
    """Every concept that one of these sessions measured, in the order of their plans."""
    measuring = sessions.filter(theta__len__gt=0).order_by()
    plans = TestPlan.objects.filter(pk__in=measuring.values("plan_id")).order_by("pk")
    return list(
        dict.fromkeys(name for names in plans.values_list("concept_names", flat=True) for name in names)
    )


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _seconds(session: TestSession) -> float | None:
    if session.completed_at is None:
        return None
    return (session.completed_at - session.started_at).total_seconds()


def _of_whole(read: Callable[[Report, Finding], Any]) -> Callable[[Any], Any]:
    """Reads a session's result as a whole; nothing before the first answer."""

    def value(session: Any) -> Any:
        report = session.report
        return None if report.whole is None else read(report, report.whole)

    return value


def _of_points(read: Callable[[RawScore], Any]) -> Callable[[Any], Any]:
    """Reads a session's points; nothing of a test with abilities."""
    return lambda session: None if session.report.raw is None else read(session.report.raw)


def _levels_in_words(report: Report) -> str | None:
    levels = levels_of(report.spec)
    if not levels:
        return None
    cuts = ", ".join(f"{cut:g}" for cut in report.spec.cuts)
    return f"{cuts}: {', '.join(level.name for level in levels)}"


def _values_of(response: Given) -> str | None:
    if response.response is None:
        return None
    return json.dumps(as_values(answered(response)), ensure_ascii=False, sort_keys=True)


STUDENT_ID = "The student's id in the school's own system."
_SESSION = (
    Column("session_id", "text", "The session's id, a UUID.", lambda s: str(s.pk)),
    Column("test", "text", "Name of the named test.", lambda s: s.named_test and s.named_test.name),
    Column(
        "student_id", "text", "The student's id in the school's own system.", lambda s: s.student.external_id
    ),
    Column("grade", "text", "The student's grade, as it is now.", lambda s: s.student.grade_level),
    Column("status", "text", "active, completed, ended or expired.", lambda s: s.status),
    Column(
        "end_reason", "text", "Which rule, or who, ended it; empty while it runs.", lambda s: s.end_reason
    ),
    Column("started_at", "time", "UTC, ISO 8601.", lambda s: s.started_at),
    Column("completed_at", "time", "UTC, ISO 8601; empty while it runs.", lambda s: s.completed_at),
    Column("deadline", "time", "UTC, ISO 8601; empty: no time limit.", lambda s: s.deadline),
    Column("duration_seconds", "number", "From start to end; empty while it runs.", _seconds),
    Column("pool_revision", "number", "Revision of the pool that it used.", lambda s: s.revision.number),
    Column("questions_answered", "number", "Answers given that count.", lambda s: s.questions_counted),
    Column(
        "pilots_answered",
        "number",
        "Answers beside those, to questions that are only tried out: they count in nothing.",
        lambda s: s.pilots_answered,
    ),
    Column(
        "rapid_answers",
        "number",
        "Of all answers, those that came too fast to be ones of effort: abilities leave them out.",
        lambda s: s.rapid_answers,
    ),
    Column(
        "response_time_effort",
        "number",
        "Share of the others, 0 to 1; empty before the first answer, and where the rules have no thresholds.",
        lambda s: None if s.response_time_effort is None else round(s.response_time_effort, 6),
    ),
    Column("correct_responses", "number", "Answers that were right.", lambda s: s.correct_responses),
    Column(
        "accuracy",
        "number",
        "Their share, 0 to 1; empty before the first answer.",
        lambda s: round(s.accuracy, 6) if s.questions_counted else None,
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
        score_rests_on,
    ),
    Column(
        "result_kind",
        "text",
        "What the result is: levels, passing (passed or not), scale (a score on a rating scale), points, "
        "thanks.",
        lambda s: s.report.spec.kind,
    ),
    Column(
        "overall_theta",
        "number",
        "Mean of θ over the concepts that got a question; empty before the first answer.",
        _of_whole(lambda report, whole: plain(whole.theta)),
    ),
    Column("overall_standard_error", "number", "Of that mean.", _of_whole(lambda report, whole: whole.error)),
    Column(
        "overall_level",
        "text",
        "The level, or passed or not, that the mean lies in: θ and the cuts rounded to 0.001, halves up; a "
        "cut belongs to the level above it.",
        _of_whole(lambda report, whole: level_of(whole.theta, report.spec) or None),
    ),
    Column(
        "overall_level_probability",
        "number",
        "How probable that level is, 0 to 1, for an ability N(θ, SE²).",
        _of_whole(lambda report, whole: None if whole.probability is None else round(whole.probability, 6)),
    ),
    Column(
        "score",
        "number",
        "Score on the reporting or rating scale; empty where the result has none.",
        _of_whole(lambda report, whole: report.spec.score(whole.theta) if report.spec.has_score else None),
    ),
    Column(
        "score_standard_error",
        "number",
        "Its standard error, in the same unit.",
        _of_whole(
            lambda report, whole: (
                report.spec.score_error(whole.theta, whole.error) if report.spec.has_score else None
            )
        ),
    ),
    Column(
        "cuts",
        "text",
        "θ between two levels, in order, and the names of the levels, the lowest first.",
        lambda s: _levels_in_words(s.report),
    ),
)

_ANSWER = (
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


def _ability_columns(concept: str, when: str) -> list[Column]:
    """θ, standard error, proficiency and level of one concept; empty where the test does not have it."""

    def read(field: str, show: Callable[[float], Any]) -> Callable[[Any], Any]:
        def value(row: TestSession | Given) -> Any:
            place = _place(row, concept)
            return None if place is None else show(getattr(row, field)[place])

        return value

    names: dict[int | None, list[str]] = {}  # of levels, by specification: the lowest first

    def level(row: TestSession | Given) -> Any:
        place = _place(row, concept)
        if place is None or not row.is_asked[place]:  # type: ignore[union-attr]
            return None
        key = (row if isinstance(row, TestSession) else row.session).result_spec_id
        if key not in names:
            names[key] = [each.name for each in levels_of(load_spec(key))]
        return names[key][level_index(row.theta[place], load_spec(key).cuts)] if names[key] else None

    return [
        Column(f"theta: {concept}", "number", f"Ability {when}, logit scale.", read("theta", plain)),
        Column(
            f"standard_error: {concept}",
            "number",
            "Of that ability.",
            read("standard_error", lambda value: value),
        ),
        Column(
            f"proficiency: {concept}",
            "number",
            "Share of the reference population at or below it, 0 to 1.",
            read("theta", proficiency_of),
        ),
        Column(
            f"level: {concept}",
            "text",
            "The level that θ lies in, as for overall_level; empty until a question asked about the concept.",
            level,
        ),
    ]


def _place(row: TestSession | Given, concept: str) -> int | None:
    """Of the concept in the row's test."""
    names = (row if isinstance(row, TestSession) else row.session).plan.concept_names
    return names.index(concept) if concept in names and len(row.theta) else None
