"""Answers of one imported session: which count, what they were, and how sure they make us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np

from sessions_app.legacy.export import Row
from sessions_app.legacy.report import TableReport
from sessions_app.legacy.values import BadValue, canonical, count, identifier, moment, shares, truth
from sessions_app.sitting.proficiency import theta_of
from testing_engine.models import PoolRevision, Question, QuestionPool
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision, load_revision


@dataclass(frozen=True)
class LegacyResponse:
    label: str
    session_id: str
    student_id: str | None
    question_id: str
    response: object
    is_correct: bool | None
    response_time_ms: int | None
    theta: list[float] | None
    answered_at: datetime


@dataclass(frozen=True)
class Answer:
    """A response that counts. `item`: index of its question in the revision."""

    row: LegacyResponse
    item: int
    question_pk: int
    option: int | None
    is_correct: bool


@dataclass(frozen=True)
class ImportedPool:
    """What a session needs of a pool: its first revision, which is what was imported."""

    pool: QuestionPool
    revision: FrozenRevision
    options: dict[int, list[str]]  # by primary key

    @property
    def concepts(self) -> int:
        return self.revision.bank.n_dimensions


def read_response(row: Row) -> LegacyResponse:
    after = row.optional("proficiency_after", shares)
    return LegacyResponse(
        label=row.label,
        session_id=canonical(row.required("session_id", identifier)),
        student_id=row.checked("student_id", identifier),
        question_id=row.required("question_id", identifier),
        response=row.raw.get("response"),
        is_correct=row.checked("is_correct", truth),
        response_time_ms=row.optional("response_time_ms", count),
        theta=None if after is None else list(map(theta_of, after)),
        answered_at=row.required("timestamp", moment),
    )


def load_pool(pool_id: UUID) -> ImportedPool | None:
    revision = PoolRevision.objects.filter(pool_id=pool_id, number=1).select_related("pool").first()
    if revision is None:
        return None
    options = Question.objects.filter(revisions=revision).values_list("pk", "options")
    return ImportedPool(revision.pool, load_revision(revision.pk), dict(options))


def answers_of(
    rows: Sequence[LegacyResponse], student_id: str, pool: ImportedPool, table: TableReport
) -> list[Answer]:
    """In the order of their times; of a question the first counts. The others are reported."""
    counted: dict[int, Answer] = {}
    for row in sorted(rows, key=lambda row: row.answered_at):
        try:
            answer = _answer(row, student_id, pool, table)
            if answer.item in counted:
                raise BadValue(f"question {row.question_id} was answered before: the first answer counts")
        except BadValue as error:
            table.refuse(row.label, str(error))
        else:
            counted[answer.item] = answer
    return list(counted.values())


def _answer(row: LegacyResponse, student_id: str, pool: ImportedPool, table: TableReport) -> Answer:
    if row.student_id not in (None, student_id):
        raise BadValue(f"is by student {row.student_id}, its session is {student_id}'s")
    item = pool.revision.positions.get(row.question_id)
    if item is None:
        raise BadValue(f"question {row.question_id} is not in the session's pool, or was refused there")
    question_pk = int(pool.revision.question_ids[item])
    key = pool.revision.option_scores[item]
    right = key.index(max(key))
    option = _chosen(row.response, pool.options[question_pk])
    is_correct = row.is_correct
    if is_correct is None:
        is_correct = _said(row.response) if option is None else key[option] == key[right]
    if is_correct is None:
        raise BadValue("neither is_correct nor response says whether it was right")
    if option is not None and (key[option] == key[right]) != is_correct:
        table.note(row.label, "is_correct and the answer key disagree: is_correct, as it was then, stays")
    if option is None and is_correct:
        option = right
    return Answer(row, item, question_pk, option, is_correct)


def _chosen(response: object, options: list[str]) -> int | None:
    """The option that a response names, by text or index. 0 and 1 name none: they meant wrong and right."""
    if isinstance(response, str) and response not in ("0", "1") and response in options:
        return options.index(response)
    if isinstance(response, str | int) and not isinstance(response, bool):
        try:
            index = count(response)
        except BadValue:
            return None
        return index if 2 <= index < len(options) else None
    return None


def _said(response: object) -> bool | None:
    """Right or wrong, where the response itself is the verdict."""
    try:
        return truth(response)
    except BadValue:
        return None


def standard_errors(
    pool: ImportedPool, rules: CatRules, prior_mean: list[float], answers: list[Answer]
) -> list[list[float]]:
    """What our engine finds after 0, 1, … answers. The original kept no errors."""
    bank = pool.revision.bank
    prior = NormalPrior(mean=np.array(prior_mean), covariance=np.eye(bank.n_dimensions))
    items = [answer.item for answer in answers]
    scores = [int(answer.is_correct) for answer in answers]
    return [
        engine.observe(
            engine.TestSoFar(bank, rules, prior, 0, items[:n], scores[:n])
        ).estimate.standard_error.tolist()
        for n in range(len(answers) + 1)
    ]
