"""Replies about imported answers and calibrations."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils import timezone
from msgspec import Meta

from sessions_app.measurement import proposals, queue
from sessions_app.measurement.importing import Report
from sessions_app.models import Calibration, ResponseImport
from sessions_app.replies.values import Reply

STATES = Calibration.State.choices
FirstGroups = Annotated[list[str], Meta(description="Of the first column of groups.")]
GroupColumns = Annotated[dict[str, list[str]], Meta(description="The groups by the column that has them.")]
State = Annotated[str, Meta(extra={"choices": STATES})]


class ResponseImportReply(Reply, frozen=True):
    """Answers that were given elsewhere."""

    import_id: UUID
    file_name: str
    sha256: str
    persons: int
    questions: int
    answers: int
    groups: FirstGroups
    group_columns: GroupColumns
    left_out: Annotated[int, Meta(description="Bad lines and cells that were not taken.")]
    imported_at: datetime


class ImportedResponses(Reply, frozen=True):
    """What became of a file. `import_id` is null after a dry run."""

    import_id: UUID | None
    is_repeat: Annotated[bool, Meta(description="Whether this file had been imported before.")]
    shape: Annotated[
        str, Meta(extra={"choices": [("matrix", "a row a person"), ("long", "a row an answer")]})
    ]
    persons: int
    questions: list[str]
    answers: int
    groups: FirstGroups
    group_columns: GroupColumns
    problem_count: int
    problems: Annotated[list[str], Meta(description="Each bad line and cell, at most 1,000.")]


class CalibrationReply(Reply, frozen=True):
    """Where a calibration stands. `result` and `shift` are null until it is done, and in lists."""

    calibration_id: UUID
    question_pool_id: UUID
    revision: Annotated[int, Meta(description="Whose questions are calibrated.")]
    state: State
    stage: str
    progress: Annotated[float, Meta(ge=0, le=1)]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Annotated[str, Meta(description="Why there is no result, in a sentence.")]
    waits_for: Annotated[str, Meta(description="Why a queued one does not begin; usually empty.")]
    tests_in_archives: Annotated[
        int | None,
        Meta(description="Delivered tests left out, as archives have their answers; null: not counted."),
    ]
    request: Annotated[dict[str, Any], Meta(description="All that was asked for; with the data it decides.")]
    data_hash: Annotated[str, Meta(description="SHA-256 of the answers.")]
    engine_version: str
    result_hash: str
    published_revision: int | None
    published_at: datetime | None
    result: Annotated[
        dict[str, Any] | None,
        Meta(description="Convergence, findings, population, and each question old and new."),
    ]
    shift: Annotated[
        dict[str, Any] | None,
        Meta(description="What the proposal would change in the scores of the last month."),
    ]


class PublishedCalibration(Reply, frozen=True):
    """The revision that the proposal became."""

    calibration_id: UUID
    question_pool_id: UUID
    revision: int
    questions_changed: int


def response_import(source: ResponseImport) -> ResponseImportReply:
    return ResponseImportReply(
        import_id=source.pk,
        file_name=source.file_name,
        sha256=source.sha256,
        persons=source.person_count,
        questions=len(source.questions),
        answers=source.answer_count,
        groups=source.groups,
        group_columns=source.group_columns,
        left_out=source.left_out,
        imported_at=source.created_at,
    )


def imported_responses(report: Report) -> ImportedResponses:
    return ImportedResponses(**report.as_mapping())


def calibration_in_list(found: Calibration) -> CalibrationReply:
    """Without what it found."""
    return _calibration(found, None, None)


def calibration(found: Calibration) -> CalibrationReply:
    """With what it found."""
    return _calibration(found, found.result, found.shift)


def _calibration(
    found: Calibration, result: dict[str, Any] | None, shift: dict[str, Any] | None
) -> CalibrationReply:
    published = found.published_revision
    return CalibrationReply(
        calibration_id=found.pk,
        question_pool_id=found.pool_id,
        revision=found.revision.number,
        state=found.state,
        stage=found.stage,
        progress=found.progress,
        created_at=found.created_at,
        started_at=found.started_at,
        finished_at=found.finished_at,
        error=found.error,
        waits_for=f"{queue.waits_for(found, timezone.now()) or ''}",
        tests_in_archives=found.tests_in_archives,
        request=found.request,
        data_hash=found.data_hash,
        engine_version=found.engine_version,
        result_hash=found.result_hash,
        published_revision=published.number if published else None,
        published_at=found.published_at,
        result=result,
        shift=shift,
    )


def published_calibration(found: Calibration, revision_number: int) -> PublishedCalibration:
    return PublishedCalibration(
        calibration_id=found.pk,
        question_pool_id=found.pool_id,
        revision=revision_number,
        questions_changed=proposals.proposed(found),
    )
