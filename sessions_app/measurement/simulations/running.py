"""Parts of a simulation, computed by workers or by the command in its own process; and the whole of them."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from sessions_app.measurement import jobs
from sessions_app.measurement.simulations import queue
from sessions_app.measurement.simulations.asking import designs_in
from sessions_app.models import Simulation, SimulationPart
from testing_engine.canonical import as_stored, hash_of
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision, load_revision
from testing_engine.simulation.packing import packed, unpacked
from testing_engine.simulation.result import Simulation as Tests
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.summary import compare, summary
from testing_engine.simulation.taken import Taken
from testing_engine.simulation.version import engine_version

logger = logging.getLogger(__name__)

TESTING = "testing"
STAGES = {TESTING: (0.0, 1.0)}


def run_next(simulation_id: uuid.UUID) -> bool:
    """Compute one part that nobody else does, and with the last of them the whole. Whether more wait."""
    for part_id in queue.waiting_parts(simulation_id).values_list("pk", flat=True):
        try:
            if jobs.run(SimulationPart, part_id, _compute):
                break
        except jobs.Superseded:  # it was taken for dead, or all are over
            logger.info("Part %s is another's", part_id)
            break
    settle(simulation_id)
    return queue.waiting_parts(simulation_id).exists()


def run_here(simulation: Simulation, tell: Callable[[float], object] = lambda share: None) -> None:
    """All parts that nobody has taken yet, one after the other."""
    while run_next(simulation.pk):
        simulation.refresh_from_db(fields=["state", "progress"])
        tell(simulation.progress)
    simulation.refresh_from_db()


def settle(simulation_id: uuid.UUID) -> None:
    """Put it together if all its parts are there. Whatever goes wrong ends up in its row."""
    try:
        queue.settle(simulation_id, timezone.now(), put_together)
    except Exception:
        logger.exception("Simulation %s failed", simulation_id)
        queue.give_up(simulation_id, jobs.BROKE_OFF, timezone.now())
        raise


def _compute(part: SimulationPart) -> dict[str, Any]:
    simulation = part.simulation
    revision = load_revision(simulation.revision_id)
    rules = designs_in(simulation.request)[part.design]
    heart = jobs.Heart(part, STAGES, _Bar(part.simulation_id))
    heart(TESTING, 0.0)
    tests = simulate(
        revision.bank,
        rules,
        abilities_of(simulation, revision),
        simulation.request["seed"],
        members=slice(part.first, part.first + part.students),
        tell=lambda share: heart(TESTING, share),
    )
    return {"taken": packed(tests.taken)}


class _Bar:
    """Moves the bar of the whole while a part goes on."""

    def __init__(self, simulation_id: uuid.UUID) -> None:
        self._simulation_id, self._last = simulation_id, 0.0

    def __call__(self, stage: str, share: float) -> None:
        now = time.monotonic()
        if now - self._last >= jobs.BEAT_EVERY:
            self._last = now
            queue.advance(self._simulation_id, timezone.now())


def abilities_of(simulation: Simulation, revision: FrozenRevision) -> FloatArray:
    """(S, D) true ones."""
    numbers = np.frombuffer(bytes(simulation.abilities), dtype="<f8")
    return numbers.reshape(-1, revision.bank.n_dimensions)


def put_together(simulation: Simulation) -> dict[str, Any]:
    """The fields of a simulation whose parts are all done."""
    revision = load_revision(simulation.revision_id)
    thetas = abilities_of(simulation, revision)
    taken = [_taken(simulation, design) for design in range(len(simulation.request["designs"]))]
    result = result_of(simulation.request["cuts"], revision, thetas, taken)
    return {"engine_version": engine_version(), "result": result, "result_hash": hash_of(result)}


def _taken(simulation: Simulation, design: int) -> Taken:
    parts = SimulationPart.objects.filter(simulation=simulation, design=design).order_by("first")
    return Taken.joined([unpacked(bytes(part.taken or b"")) for part in parts])


def result_of(
    cuts: Sequence[float], revision: FrozenRevision, thetas: FloatArray, taken: Sequence[Taken]
) -> dict[str, Any]:
    """As it is stored: a summary of each design, and of two side by side."""
    tests = [Tests(revision.bank.n_items, thetas, (), each) for each in taken]
    result: dict[str, Any] = as_stored(
        {
            "concepts": list(revision.concept_names),
            "items": list(revision.external_ids),
            "designs": [summary(each, cuts) for each in tests],
            "comparison": compare(tests[0], tests[1], cuts) if len(tests) == 2 else None,
        }
    )
    return result


def again(simulation: Simulation) -> str:
    """The hash of the same simulation from its record, without changing it."""
    revision = load_revision(simulation.revision_id)
    thetas = abilities_of(simulation, revision)
    request = simulation.request
    taken = [
        _whole(revision, rules, thetas, request["seed"], size)
        for rules, size in zip(designs_in(request), request["parts"], strict=True)
    ]
    return hash_of(result_of(request["cuts"], revision, thetas, taken))


def _whole(revision: FrozenRevision, rules: CatRules, thetas: FloatArray, seed: int, size: int) -> Taken:
    """In the same parts."""
    starts = range(0, len(thetas), size)
    parts = (simulate(revision.bank, rules, thetas, seed, members=slice(at, at + size)) for at in starts)
    return Taken.joined([each.taken for each in parts])
