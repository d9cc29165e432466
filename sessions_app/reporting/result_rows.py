"""Results as tables, for export: one row a session or one row an answer.

Rows come piece by piece (`reporting.pieces`): an export needs the same memory whatever its length, and no
transaction.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import F, FloatField, Func, QuerySet, TextField
from django.utils.translation import override

from sessions_app.models import TestSession
from sessions_app.reporting.asked import Asked, either, measures
from sessions_app.reporting.pieces import in_pieces
from sessions_app.reporting.report import whole_of
from sessions_app.reporting.result_columns import (
    ANSWER,
    SESSION,
    Abilities,
    Given,
    Heading,
    Plan,
    Sat,
    ToldBy,
)
from sessions_app.reporting.spreadsheets import csv_lines
from sessions_app.sitting.raw_scores import raw_scores_of
from sessions_app.sitting.result_specs import load_spec
from testing_engine.models import Question, TestPlan

SESSIONS, ANSWERS = "sessions", "answers"
AT_ONCE = {SESSIONS: 1000, ANSWERS: 200}  # sessions that are in memory
MOST_QUESTIONS = 5000  # versions that are in memory at once
_AT_THE_END, _AFTER_THIS = "at the end, or so far", "after this answer"


@dataclass(frozen=True)
class Table:
    """Columns, the sessions, and what makes rows of some of them, `at_once` at the most: plain values in the
    order of the columns. Texts of a row are in the active language."""

    columns: Sequence[Heading]
    sessions: QuerySet[Any]
    rows_of: Callable[[list[Any]], list[list[Any]]]
    at_once: int
    began: Callable[[Any], datetime] = attrgetter("started_at")  # when one of the sessions began

    def rows(self) -> Iterator[list[Any]]:
        """Plain values: text, numbers, truth values, None; times as ISO 8601 in UTC."""
        pieces = in_pieces(self.sessions, self._in_english, self.at_once, self.began)
        return (row for piece in pieces for row in piece)

    def _in_english(self, sessions: list[Any]) -> list[list[Any]]:
        with override("en"):
            return self.rows_of(sessions)

    def csv(self, *, is_for_people: bool = False) -> Iterator[str]:
        """As CSV, a line at a time; no cell is a formula."""
        header = [name for name, *_ in self.columns]
        ours = {place for place, column in enumerate(self.columns) if column.is_written_here}
        return csv_lines(header, self.rows(), is_for_people=is_for_people, written_here=ours)

    def json(self) -> Iterator[str]:
        """As one JSON object: `dictionary`, `rows` with an object each, a line a row; its end says that it is
        whole.
        """
        yield f'{{"dictionary": {json.dumps(self.dictionary())},\n"rows": ['
        names, encode = [name for name, *_ in self.columns], msgspec.json.Encoder().encode
        for index, row in enumerate(self.rows()):
            yield ("," if index else "") + "\n" + encode(dict(zip(names, row, strict=True))).decode()
        yield '\n], "is_whole": true}\n'

    def dictionary(self) -> list[dict[str, str]]:
        """What each column means, in order."""
        return [{"column": name, "type": kind, "meaning": meaning} for name, kind, meaning in self.columns]


def export(
    sessions: QuerySet[TestSession], rows: str, form: str, *, is_for_people: bool = False
) -> Iterator[str]:
    """`rows`: sessions, answers, or dictionary (what the columns of both mean). `form`: csv or json."""
    makers = {SESSIONS: session_table, ANSWERS: answer_table}
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
    abilities = Abilities(concept_names(sessions), _AT_THE_END)
    columns = [*(column.heading for column in SESSION), *abilities.columns]
    read = sessions.annotate(**_TOLD_OF_SESSION).values_list(*_READ_OF_SESSION, named=True)
    rows_of = _Sessions(abilities).rows_of
    return Table(columns, read, rows_of, AT_ONCE[SESSIONS], lambda row: datetime.fromisoformat(row.began))


def answer_table(sessions: QuerySet[TestSession]) -> Table:
    """One row an answer, of the same sessions."""
    abilities = Abilities(concept_names(sessions), _AFTER_THIS)
    columns = [*(column.heading for column in ANSWER), *abilities.columns]
    return Table(columns, sessions.select_related("student"), _Answers(abilities).rows_of, AT_ONCE[ANSWERS])


class _Known:
    """What many rows have alike, read once for a table."""

    def __init__(self, abilities: Abilities) -> None:
        self.abilities = abilities
        self._plans: dict[int, Plan] = {}
        self._told_by: dict[int | None, ToldBy] = {}

    def know_plans(self, ids: set[int]) -> None:
        missing = ids - self._plans.keys()
        if missing:
            read = TestPlan.objects.filter(pk__in=missing).values_list("pk", "concept_names", "rules")
            self._plans |= {pk: Plan(tuple(names), "effort" in rules) for pk, names, rules in read}

    def plan(self, plan_id: int) -> Plan:
        return self._plans[plan_id]

    def told_by(self, spec_id: int | None) -> ToldBy:
        if spec_id not in self._told_by:
            self._told_by[spec_id] = ToldBy(load_spec(spec_id))
        return self._told_by[spec_id]


# As Python writes a moment in UTC. PostgreSQL does: to make an object of each is a tenth of all work.
_MOMENT = """replace(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z')"""


def _moment(field: str) -> Func:
    return Func(F(field), template=_MOMENT.format("%(expressions)s"), output_field=TextField())


_TOLD_OF_SESSION = {
    "began": _moment("started_at"),
    "ended": _moment("completed_at"),
    "ends": _moment("deadline"),
    "seconds": Func(
        F("completed_at"),
        F("started_at"),
        template="extract(epoch FROM %(expressions)s)::float8",
        arg_joiner=" - ",
        output_field=FloatField(),
    ),
}
_READ_OF_SESSION = (
    *("pk", *_TOLD_OF_SESSION, "status", "end_reason", "plan_id", "result_spec_id"),
    *("named_test__name", "student__external_id", "student__grade_level", "revision__number"),
    "archived__archive__name",
    *("questions_answered", "pilots_answered", "rapid_answers", "correct_responses"),
    *("prior_mean", "prior_sd", "is_scored_alone", "theta", "standard_error", "overall_error"),
)


class _Sessions(_Known):
    """Sessions, from their columns."""

    def __init__(self, abilities: Abilities) -> None:
        super().__init__(abilities)
        self._asked = Asked()

    def rows_of(self, rows: list[Any]) -> list[list[Any]]:
        self.know_plans({row.plan_id for row in rows})
        asked = self._asked.about(rows)
        counting = [row.pk for row in rows if not row.theta]
        raw = raw_scores_of(TestSession.objects.filter(pk__in=counting)) if counting else {}
        read = [column.read for column in SESSION]
        made = []
        for row in rows:
            plan, told_by, is_asked = self.plan(row.plan_id), self.told_by(row.result_spec_id), asked[row.pk]
            whole = None
            if row.theta and row.questions_answered > row.pilots_answered:
                whole = whole_of(row.theta, row.standard_error, is_asked, row.overall_error)
            sat = Sat(row, plan, told_by, whole, raw.get(row.pk), is_asked)
            values = [each(sat) for each in read]
            made.append(values + self.abilities.of(plan, told_by, row.theta, row.standard_error, is_asked))
        return made


_ANSWERS_OF = """
SELECT known.place, answer.question_id, answer.position, answer.answer, answer.response, answer.score,
       answer.is_correct, answer.is_pilot, answer.is_rapid, answer.response_time_ms,
       {answered_at},
       answer.theta, answer.standard_error
FROM unnest(%s::uuid[]) WITH ORDINALITY AS known (id, place)
JOIN test_responses AS answer ON answer.session_id = known.id
ORDER BY known.place, answer.position
""".format(answered_at=_MOMENT.format("answer.answered_at"))
_NOTHING: Sequence[bool] = ()


class _Answers(_Known):
    """Answers of sessions, in order; each version of a question is read once."""

    def __init__(self, abilities: Abilities) -> None:
        super().__init__(abilities)
        self._questions: dict[int, tuple[Question, tuple[bool, ...]]] = {}

    def rows_of(self, sessions: list[TestSession]) -> list[list[Any]]:
        answers = _answers_of([session.pk for session in sessions])
        self.know_plans({session.plan_id for session in sessions})
        self._know({answer[1] for answer in answers})
        read = [column.read for column in ANSWER]
        made: list[list[Any]] = []
        place, is_asked = 0, _NOTHING
        for of, question_id, *rest in answers:
            if of != place:
                place, is_asked = of, _NOTHING
                session = sessions[place - 1]
                plan, told_by = self.plan(session.plan_id), self.told_by(session.result_spec_id)
            given, is_asked = self._given(session, question_id, rest, is_asked)
            values = [each(given) for each in read]
            made.append(
                values + self.abilities.of(plan, told_by, given.theta, given.standard_error, is_asked)
            )
        return made

    def _given(
        self, session: TestSession, question_id: int, row: list[Any], is_asked: Sequence[bool]
    ) -> tuple[Given, Sequence[bool]]:
        question, measured = self._questions[question_id]
        response = row[2]
        if response is not None:
            row[2] = json.loads(response)
        if row[5]:  # a question that is only tried out asks about nothing
            measured = (False,) * len(measured)
        is_asked = either(is_asked, measured) if is_asked else measured
        return Given(session, question, *row, is_asked), is_asked  # type: ignore[call-arg]

    def _know(self, keys: set[int]) -> None:
        missing = keys - self._questions.keys()
        if len(self._questions) + len(missing) > MOST_QUESTIONS:
            self._questions.clear()
            missing = keys
        read = Question.objects.only("external_id", "version", "concepts", "interactions").in_bulk(missing)
        self._questions |= {pk: (each, tuple(measures(each.concepts))) for pk, each in read.items()}


def _answers_of(sessions: list[UUID]) -> list[tuple[Any, ...]]:
    """In the order of these sessions; `place` counts from 1."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS_OF, [sessions])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def concept_names(sessions: QuerySet[TestSession]) -> list[str]:
    """Every concept that one of these sessions measured, in the order of their plans."""
    measuring = sessions.filter(theta__len__gt=0).order_by()
    plans = TestPlan.objects.filter(pk__in=measuring.values("plan_id")).order_by("pk")
    return list(
        dict.fromkeys(name for names in plans.values_list("concept_names", flat=True) for name in names)
    )
