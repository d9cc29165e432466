"""Replies to authors of question pools. None holds an answer key."""

from datetime import datetime
from typing import Annotated, Any, get_args
from uuid import UUID

from django.utils.crypto import salted_hmac
from msgspec import UNSET, Meta, UnsetType

from sessions_app.administration import pool_imports
from sessions_app.models import PoolImport
from sessions_app.replies.values import Reply
from testing_engine.differences import Difference
from testing_engine.importing import Report
from testing_engine.interchange.exported import Whole, Written
from testing_engine.interchange.imported import Outcome
from testing_engine.interchange.questions import PoolDraft
from testing_engine.models import MODELS, PoolRevision, Question, QuestionPool, Scale
from testing_engine.pools import states_of
from testing_engine.psychometrics.items.states import OPERATIONAL, STATES
from testing_engine.publication import keyless_content

# As it was first chosen: an author compares hashes of today with those of last year.
_SALT = "sessions_app.api.authoring.content_hash"

OUTCOMES = [(outcome, outcome.replace("_", " ")) for outcome in get_args(Outcome)]
EXPORT_OUTCOMES = [(outcome, outcome.replace("_", " ")) for outcome in get_args(Whole)]
Model = Annotated[str, Meta(extra={"choices": MODELS})]
State = Annotated[str, Meta(extra={"choices": STATES})]
NO_NUMBERS = "null: the question is not calibrated."
Parameter = Annotated[float | None, Meta(description=NO_NUMBERS)]
Parameters = Annotated[list[float] | None, Meta(description=NO_NUMBERS)]
NUMBERS = (
    *("difficulty", "discrimination", "guessing", "upper_asymptote"),
    *("thresholds", "category_slopes", "category_intercepts"),
)


class Uploaded(Reply, frozen=True):
    message: str
    count: int
    question_pool_id: UUID
    not_calibrated: Annotated[
        int | UnsetType,
        Meta(
            description="Of them, without parameters: in no ability until they are calibrated. Left out: 0."
        ),
    ] = UNSET


class ImportedLine(Reply, frozen=True):
    """What became of one question of the file. `reasons`: what was lost, or why it is refused."""

    source: str
    id: str
    outcome: Annotated[str, Meta(extra={"choices": OUTCOMES})]
    reasons: list[str]


class ImportProblem(Reply, frozen=True):
    """Why nothing was taken. `pointer`: the field of the request."""

    pointer: str
    message: str


class Imported(Reply, frozen=True):
    """The id and revision are null after a dry run, and where no question could be taken."""

    question_pool_id: UUID | None
    name: str
    revision: int | None
    format: str
    taken: int
    refused: int
    report: list[ImportedLine]


class PoolImportReply(Reply, frozen=True):
    """`report` is there when the state is `done`, `errors` where it is `failed`. `questions`: how many the
    file holds, null until it is read.
    """

    import_id: UUID
    state: Annotated[str, Meta(extra={"choices": PoolImport.State.choices})]
    file_name: str
    looked_at: int
    questions: int | None
    report: Imported | None
    errors: list[ImportProblem]


class ExportedLine(Reply, frozen=True):
    """What of one question the file holds. `reasons`: what it lacks, or why the question is left out."""

    id: str
    outcome: Annotated[str, Meta(extra={"choices": EXPORT_OUTCOMES})]
    reasons: list[str]


class ExportedPool(Reply, frozen=True):
    question_pool_id: UUID
    revision: int
    format: str
    whole: int
    with_loss: int
    left_out: int
    report: list[ExportedLine]


class PoolReply(Reply, frozen=True):
    question_pool_id: UUID
    name: str
    concept_names: list[str]
    concept_count: int
    question_count: int
    revision: int
    content_hash: str
    scale: Annotated[
        str,
        Meta(description="What pools share that were calibrated together; its own where no other has it."),
    ]
    is_default: Annotated[bool, Meta(description="Whether a test that names no pool draws from it.")]
    created_at: datetime
    states: Annotated[
        dict[str, int] | UnsetType,
        Meta(
            description="How many questions are operational, provisional, not_calibrated and retired; left "
            "out: all are operational. Where none is operational or provisional, tests count points."
        ),
    ] = UNSET


class RevisionReply(Reply, frozen=True):
    question_pool_id: UUID
    number: int
    question_count: int
    content_hash: str
    is_newest: Annotated[bool, Meta(description="Whether tests that begin now draw from it.")]
    created_at: datetime


class ChangedRevisionReply(RevisionReply, frozen=True):
    """Ids of questions, against the revision before."""

    added: list[str]
    changed: list[str]
    archived: list[str]


class QuestionReply(Reply, frozen=True):
    id: str
    content: str
    options: list[str]
    concepts: list[float]
    state: State
    model: Model
    difficulty: Parameter
    discrimination: Parameter
    guessing: Parameter
    upper_asymptote: Parameter
    thresholds: Parameters
    category_slopes: Parameters
    category_intercepts: Parameters
    area: str
    enemy_groups: list[str]
    question_set: str
    version: int
    fixed_options: Annotated[
        list[int], Meta(description="Options, from 0, that keep their place where a test shuffles.")
    ]
    interactions: Annotated[
        list[dict[str, Any]] | UnsetType, Meta(description="What is asked, where it is more than `options`.")
    ] = UNSET
    passage: Annotated[
        str | UnsetType, Meta(description="A text to which the question refers, where there is one.")
    ] = UNSET


def uploaded(pool: QuestionPool, draft: PoolDraft) -> Uploaded:
    count = len(draft.questions)
    message = f"Uploaded {count} question{'' if count == 1 else 's'}."
    without = draft.not_calibrated
    if without:
        which = "None of them has" if without == count else f"{without} of them have no"
        message += f" {which} parameters: these count in no ability until they are calibrated."
    if draft.ignored:
        message += f" These fields mean nothing here and were ignored: {', '.join(draft.ignored)}."
    return Uploaded(message=message, count=count, question_pool_id=pool.pk, not_calibrated=without or UNSET)


def imported(report: Report) -> Imported:
    """The report of an import, with every question."""
    revision = report.pool.current_revision if report.pool else None
    return Imported(
        question_pool_id=report.pool.pk if report.pool else None,
        name=report.name,
        revision=revision.number if revision else None,
        format=report.format,
        taken=report.taken,
        refused=report.refused,
        report=[ImportedLine(q.source, q.id, q.outcome, list(q.reasons)) for q in report.questions],
    )


def exported_pool(
    pool: QuestionPool, revision: PoolRevision, name_of_format: str, written: Written
) -> ExportedPool:
    """What a file holds of a pool, question by question."""
    return ExportedPool(
        question_pool_id=pool.pk,
        revision=revision.number,
        format=name_of_format,
        whole=written.number_of("whole"),
        with_loss=written.number_of("with_loss"),
        left_out=written.number_of("left_out"),
        report=[ExportedLine(line.id, line.outcome, list(line.reasons)) for line in written.report],
    )


def pool_import(found: pool_imports.Progress) -> PoolImportReply:
    """How an import in the background stands."""
    return PoolImportReply(
        import_id=found.import_id,
        state=found.state,
        file_name=found.file_name,
        looked_at=found.looked_at,
        questions=found.questions,
        report=None if found.report is None else imported(found.report),
        errors=[ImportProblem(pointer, message) for pointer, message in found.problems],
    )


class ScaleReply(Reply, frozen=True):
    name: str
    correlation: Annotated[
        float, Meta(description="Of every two concepts, among students before their first answer.")
    ]
    description: str
    pools: Annotated[int, Meta(description="How many are on it.")]
    created_at: datetime


def scale(row: Scale) -> ScaleReply:
    return ScaleReply(row.name, row.correlation, row.description, row.pools.count(), row.created_at)


def pool(pool: QuestionPool) -> PoolReply:
    """A pool with its newest revision."""
    revision = pool.current_revision
    assert revision is not None
    states = states_of(pool)
    return PoolReply(
        question_pool_id=pool.pk,
        name=pool.name,
        concept_names=pool.concept_names,
        concept_count=pool.concept_count,
        question_count=revision.question_count,
        revision=revision.number,
        content_hash=_told_hash(revision),
        scale=pool.scale.name,
        is_default=pool.is_default,
        created_at=pool.created_at,
        states=UNSET if states[OPERATIONAL] == revision.question_count else states,
    )


def _told_hash(revision: PoolRevision) -> str:
    """The hash itself covers the key, which could be found from it by trying."""
    return salted_hmac(_SALT, revision.content_hash, algorithm="sha256").hexdigest()


def revision_in_list(row: PoolRevision) -> RevisionReply:
    """Of a row with its pool."""
    return RevisionReply(**_of_revision(row))


def revision(row: PoolRevision, difference: Difference) -> ChangedRevisionReply:
    """The same, and what it changed."""
    return ChangedRevisionReply(
        **_of_revision(row),
        added=list(difference.added),
        changed=list(difference.changed),
        archived=list(difference.archived),
    )


def _of_revision(row: PoolRevision) -> dict[str, Any]:
    return {
        "question_pool_id": row.pool_id,
        "number": row.number,
        "question_count": row.question_count,
        "content_hash": _told_hash(row),
        "is_newest": row.pk == row.pool.current_revision_id,
        "created_at": row.created_at,
    }


def question(question: Question) -> QuestionReply:
    """A question as its author may read it over the API: without the key."""
    content: dict[str, Any] = {**keyless_content(question), "fixed_options": question.fixed_options}
    content |= {"state": question.state, "version": question.version}
    if question.passage is not None:
        content["passage"] = question.passage.content
    if not question.has_parameters:
        content |= dict.fromkeys(NUMBERS)
    return QuestionReply(**content)
