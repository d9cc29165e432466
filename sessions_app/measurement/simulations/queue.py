"""Simulations from being asked for until they are over: one a pool at a time, in parts that workers share."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from sessions_app.long_work import jobs
from sessions_app.measurement.simulations.asking import OWN, RECORDED, Asked, Plan, planned
from sessions_app.models import Simulation, SimulationPart
from sessions_app.refusals import (
    IdempotencyKeyReused,
    SimulationNotFound,
    SimulationNotOpen,
    SimulationRuns,
)
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision
from testing_engine.sentences import marked
from testing_engine.simulation.packing import packed_answers

State = Simulation.State
Send = Callable[[uuid.UUID], object]  # a simulation to a worker, which takes one part and sends it on
DIED = marked("Its worker died 3 times: these rules need too much time or memory, perhaps.")
SENT_AT_ONCE = 8  # workers that may share one


def ask(
    pool: QuestionPool,
    asked: Asked,
    by_id: int | None = None,
    key: str | None = None,
    send: Send | None = None,
) -> Simulation:
    """A new simulation of the pool's newest revision, or the one that this key asked for before.

    `send` is called with its id once it is stored, for each worker that may share it. Raises
    `SimulationRefused`, `SimulationRuns`, `IdempotencyKeyReused`.
    """
    revision_id = pool.current_revision_id
    assert revision_id is not None
    plan = planned(asked, load_revision(revision_id))

    def create() -> Simulation:
        simulation = Simulation.objects.create(
            pool=pool,
            revision_id=revision_id,
            request=plan.request,
            abilities=plan.abilities.astype("<f8").tobytes(),
            recorded=None if plan.answers is None else packed_answers(plan.answers),
            by_id=by_id,
            idempotency_key=key,
        )
        parts = SimulationPart.objects.bulk_create(parts_of(simulation, plan))
        if send is not None:
            transaction.on_commit(lambda: _send(simulation.pk, len(parts), send))
        return simulation

    def refuse() -> None:
        running = Simulation.objects.filter(pool=pool, state__in=jobs.OPEN).first()
        if running is not None:
            raise SimulationRuns(running.pk)

    return jobs.ask_once(lambda: _asked_before(pool, plan, by_id, key), create, refuse)


def _send(simulation_id: uuid.UUID, waiting: int, send: Send) -> None:
    for _ in range(min(waiting, SENT_AT_ONCE)):
        send(simulation_id)


def parts_of(simulation: Simulation, plan: Plan) -> list[SimulationPart]:
    """In the order in which they are put together."""
    students = plan.request["students"]
    return [
        SimulationPart(
            simulation=simulation, design=design, first=first, students=min(size, students - first)
        )
        for design, size in enumerate(plan.request["parts"])
        for first in range(0, students, size)
    ]


def _asked_before(pool: QuestionPool, plan: Plan, by_id: int | None, key: str | None) -> Simulation | None:
    """What this key asked for. Raises `IdempotencyKeyReused` where that was something else."""
    if key is None:
        return None
    before = _listed().filter(by_id=by_id, idempotency_key=key).first()
    if before is not None and (before.pool_id, _said(before.request)) != (pool.pk, _said(plan.request)):
        raise IdempotencyKeyReused
    return before


def _said(request: dict[str, Any]) -> dict[str, Any]:
    """Without what the pool's own students, or recorded answers, were at that time."""
    population = request["population"]
    if population["kind"] == OWN:
        return {**request, "population": OWN}
    if population["kind"] == RECORDED:
        asked = {name: each for name, each in population.items() if name not in ("sittings", "enough")}
        return {**request, "students": None, "population": asked}
    return request


def find(pool: QuestionPool, simulation_id: str) -> Simulation:
    """Raises `SimulationNotFound`."""
    try:
        return _listed().get(pool=pool, pk=uuid.UUID(simulation_id))
    except (ValueError, Simulation.DoesNotExist) as error:
        raise SimulationNotFound from error


def of_pool(pool: QuestionPool) -> QuerySet[Simulation]:
    """The newest first, without their results."""
    return _listed().filter(pool=pool).defer("abilities", "recorded", "result")


def _listed() -> QuerySet[Simulation]:
    return Simulation.objects.select_related("revision", "pool").defer("abilities", "recorded")


def cancel(simulation: Simulation, now: datetime) -> Simulation:
    """Parts that wait at once, those that run as soon as their worker looks. Safe to repeat."""
    with transaction.atomic():
        open_now = Simulation.objects.filter(pk=simulation.pk, state__in=jobs.OPEN)
        open_now.update(cancel_requested=True)
        for part in SimulationPart.objects.filter(simulation=simulation, state__in=jobs.OPEN):
            jobs.cancel(part, now)
    settle(simulation.pk, now)
    simulation.refresh_from_db(fields=["state", "cancel_requested", "finished_at"])
    if not simulation.cancel_requested:
        raise SimulationNotOpen(simulation.state)
    return simulation


def advance(simulation_id: uuid.UUID, now: datetime) -> None:
    """Where the whole stands, by its parts: a bar that does not go back."""
    parts = SimulationPart.objects.filter(simulation_id=simulation_id)
    sums = parts.aggregate(whole=Sum("students"), done=Sum(F("students") * F("progress")))
    if not parts.filter(started_at__isnull=False).exists():
        return
    share = min(sums["done"] / sums["whole"], 1.0)
    open_now = Simulation.objects.filter(pk=simulation_id, state__in=jobs.OPEN)
    open_now.filter(started_at=None).update(state=State.RUNNING, started_at=now)
    open_now.filter(progress__lt=share).update(progress=share)
    open_now.update(heartbeat_at=now)


def settle(
    simulation_id: uuid.UUID,
    now: datetime,
    put_together: Callable[[Simulation], dict[str, Any]] | None = None,
) -> None:
    """The end of a simulation whose parts are over; nothing while one is not. Safe to repeat, and to call
    twice at once: the second waits for the first one's row lock and finds it over.

    `put_together` makes the fields of one that is done.
    """
    advance(simulation_id, now)
    with transaction.atomic():
        simulation = Simulation.objects.select_for_update().get(pk=simulation_id)
        parts = SimulationPart.objects.filter(simulation=simulation)
        if not simulation.is_open:
            return
        failed = parts.filter(state=State.FAILED).first()
        if failed is not None:
            parts.filter(state=State.QUEUED).update(state=State.CANCELLED, finished_at=now)
            parts.filter(state=State.RUNNING).update(cancel_requested=True)
        if parts.filter(state__in=jobs.OPEN).exists():
            return
        fields: dict[str, Any] = {}
        if failed is not None:
            state, fields = State.FAILED, {"error": failed.error}
        elif simulation.cancel_requested or parts.filter(state=State.CANCELLED).exists():
            state = State.CANCELLED
        elif put_together is None:
            return
        else:
            state, fields = State.DONE, {**put_together(simulation), "progress": 1.0}
        Simulation.objects.filter(pk=simulation_id).update(state=state, finished_at=now, **fields)
        parts.delete()


def give_up(simulation_id: uuid.UUID, error: str, now: datetime) -> None:
    """It cannot be put together."""
    open_now = Simulation.objects.filter(pk=simulation_id, state__in=jobs.OPEN)
    open_now.update(state=State.FAILED, error=error, finished_at=now)
    SimulationPart.objects.filter(simulation_id=simulation_id).delete()


def waiting_parts(simulation_id: uuid.UUID) -> QuerySet[SimulationPart]:
    """Which nobody computes yet, in order."""
    return SimulationPart.objects.filter(simulation_id=simulation_id, state=State.QUEUED)


def take_up(now: datetime, send: Send, settle_one: Callable[[uuid.UUID], object]) -> tuple[int, int]:
    """What dead workers and the broker lost: how many simulations were sent again, how many parts given up.

    A worker may die between its part and the whole: what is ready is put together. Safe to repeat.
    """
    _, given_up = jobs.take_up(SimulationPart, now, lambda part_id: None, DIED)
    open_now = Simulation.objects.filter(state__in=jobs.OPEN)
    parts = SimulationPart.objects.order_by().values("simulation")
    ready = ~Q(pk__in=parts.filter(state__in=jobs.OPEN)) | Q(pk__in=parts.filter(state=State.FAILED))
    for simulation_id in open_now.filter(ready).values_list("pk", flat=True):
        settle_one(simulation_id)
    long_ago, queued = now - jobs.WAITING_AFTER, parts.filter(state=State.QUEUED)
    silent = Q(heartbeat_at__lt=long_ago) | Q(heartbeat_at=None, created_at__lt=long_ago)
    left = Q(heartbeat_at__lt=now - jobs.SILENT_AFTER, pk__in=queued.filter(heartbeat_at__isnull=False))
    in_vain = open_now.filter(silent | left, pk__in=queued)
    ids = list(in_vain.values_list("pk", flat=True))
    Simulation.objects.filter(pk__in=ids).update(heartbeat_at=now)
    for simulation_id in ids:
        _send(simulation_id, waiting_parts(simulation_id).count(), send)
    return len(ids), given_up
