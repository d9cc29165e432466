"""What a pool states: on which scale its results are told, and what must hold of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from sessions_app.measurement import gate
from sessions_app.models import GateCheck
from sessions_app.replies.values import Reply
from sessions_app.reporting.scale_preview import read_on
from testing_engine.models import QuestionPool
from testing_engine.reporting_scales import ReportingScale
from testing_engine.simulation.requirements import Requirements


class ScaleLevel(Reply, frozen=True):
    name: str
    meaning: str


class Scale(Reply, frozen=True):
    """docs/REPORTING_SCALES.md says what each field means."""

    name: str
    at_zero: float
    per_unit: float
    points: Annotated[list[list[float]], Meta(description="(θ, score) pairs; empty: the line holds.")]
    digits: int
    minimum: float | None
    maximum: float | None
    cuts: list[float]
    levels: list[ScaleLevel]


class ReadOnScale(Reply, frozen=True):
    """What a student with this θ would read, with a standard error of 0.3 in θ."""

    theta: float
    score: float
    standard_error: Annotated[float, Meta(description="In the score's unit.")]
    sentences: Annotated[list[str], Meta(description="In the language of `Accept-Language`.")]


class ReportingScaleReply(Reply, frozen=True):
    question_pool_id: UUID
    reporting_scale: Annotated[Scale | None, Meta(description="null: results are told on θ's own.")]
    preview: list[ReadOnScale]


class Required(Reply, frozen=True):
    """docs/SIMULATION.md, *The gate*. null: nothing is asked for."""

    coverage: float | None
    standard_error: float | None
    rmse: float | None
    exposure: float | None
    length: float | None
    no_errors: bool
    students: int
    rules: dict[str, Any] | None


class RequirementsReply(Reply, frozen=True):
    question_pool_id: UUID
    requirements: Annotated[Required | None, Meta(description="null: nothing is required.")]


class GateCheckReply(Reply, frozen=True):
    """What was required and what was found, when a calibration was published, a named test opened or changed,
    or questions changed."""

    question_pool_id: UUID
    revision: Annotated[int, Meta(description="The pool's newest before.")]
    calibration_id: Annotated[UUID | None, Meta(description="Of a calibration that was published.")]
    test: Annotated[str, Meta(description="The named test's name; empty: it was none.")]
    made_revision: Annotated[int | None, Meta(description="By a change of questions.")]
    requirements: dict[str, Any]
    found: Annotated[dict[str, Any], Meta(description="What was simulated, and its numbers.")]
    shortfalls: Annotated[list[str], Meta(description="What fell short; empty: all holds.")]
    override_reason: Annotated[str, Meta(description="Why it went on all the same.")]
    created_at: datetime


def gate_check(row: GateCheck) -> GateCheckReply:
    return GateCheckReply(
        question_pool_id=row.pool_id,
        revision=row.revision.number,
        calibration_id=row.calibration_id,
        test=row.test_name,
        made_revision=None if row.made is None else row.made.number,
        requirements=row.requirements,
        found=row.found,
        shortfalls=[str(each) for each in gate.shortfalls_of(row)],
        override_reason=row.override_reason,
        created_at=row.created_at,
    )


def reporting_scale(pool: QuestionPool) -> ReportingScaleReply:
    if pool.reporting_scale is None:
        return ReportingScaleReply(pool.pk, None, [])
    scale = ReportingScale.from_json(pool.reporting_scale)
    return ReportingScaleReply(
        question_pool_id=pool.pk,
        reporting_scale=Scale(
            name=scale.name,
            at_zero=scale.at_zero,
            per_unit=scale.per_unit,
            points=[list(point) for point in scale.points],
            digits=scale.digits,
            minimum=scale.minimum,
            maximum=scale.maximum,
            cuts=list(scale.cuts),
            levels=[ScaleLevel(each.name, each.meaning) for each in scale.levels],
        ),
        preview=[
            ReadOnScale(each.theta, each.score, each.standard_error, list(each.sentences))
            for each in read_on(scale)
        ],
    )


def requirements(pool_id: UUID, asked: Requirements | None) -> RequirementsReply:
    if asked is None:
        return RequirementsReply(pool_id, None)
    return RequirementsReply(
        question_pool_id=pool_id,
        requirements=Required(
            coverage=asked.coverage,
            standard_error=asked.standard_error,
            rmse=asked.rmse,
            exposure=asked.exposure,
            length=asked.length,
            no_errors=asked.no_errors,
            students=asked.students,
            rules=None if asked.rules is None else dict(asked.rules),
        ),
    )
