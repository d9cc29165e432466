"""Replies about simulations."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from sessions_app.models import Simulation
from sessions_app.replies.calibrations import State
from sessions_app.replies.values import Reply


class SimulationReply(Reply, frozen=True):
    """Where a simulation stands. `result` is null until it is done, and in lists."""

    simulation_id: UUID
    question_pool_id: UUID
    revision: Annotated[int, Meta(description="Whose questions are asked.")]
    state: State
    progress: Annotated[float, Meta(ge=0, le=1)]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Annotated[str, Meta(description="Why there is no result, in a sentence.")]
    request: Annotated[dict[str, Any], Meta(description="All that was asked for; it decides the result.")]
    engine_version: str
    result_hash: str
    result: Annotated[
        dict[str, Any] | None,
        Meta(description="A summary of each design, and a comparison of two: docs/SIMULATION.md."),
    ]


def simulation_in_list(found: Simulation) -> SimulationReply:
    """Without what it found."""
    return _simulation(found, None)


def simulation(found: Simulation) -> SimulationReply:
    """With what it found."""
    return _simulation(found, found.result)


def _simulation(found: Simulation, result: dict[str, Any] | None) -> SimulationReply:
    return SimulationReply(
        simulation_id=found.pk,
        question_pool_id=found.pool_id,
        revision=found.revision.number,
        state=found.state,
        progress=found.progress,
        created_at=found.created_at,
        started_at=found.started_at,
        finished_at=found.finished_at,
        error=found.error,
        request=found.request,
        engine_version=found.engine_version,
        result_hash=found.result_hash,
        result=result,
    )
