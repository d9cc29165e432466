"""Parts of a simulation, computed by workers or by the command in its own process; and the whole of them."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from sessions_app.long_work import jobs
from sessions_app.measurement.simulations import queue
from sessions_app.measurement.simulations.asking import designs_in
from sessions_app.models import Simulation, SimulationPart
from testing_engine.canonical import as_stored, hash_of
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision, load_revision
from testing_engine.simulation.packing import packed, unpacked, unpacked_answers, unpacked_criterion
from testing_engine.simulation.recorded import replay_answers
from testing_engine.simulation.result import Criterion
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
    members = slice(part.first, part.first + part.students)
    tests = _tests(simulation, revision, rules, members, lambda share: heart(TESTING, share))
    return {"taken": packed(tests.taken, tests.criterion)}


def _tests(
    simulation: Simulation,
    revision: FrozenRevision,
    rules: CatRules,
    members: slice,
    tell: Callable[[float], None] = lambda share: None,
) -> Tests:
    """Of some of its students."""
    seed = simulation.request["seed"]
    if simulation.recorded is None:
        return simulate(
            revision.bank, rules, abilities_of(simulation, revision), seed, members=members, tell=tell
        )
    return replay_answers(
        revision.bank,
        rules,
        unpacked_answers(bytes(simulation.recorded)),
        seed,
        criterion_rules=designs_in(simulation.request)[0],
        missing=simulation.request["population"]["missing"],
        members=members,
        tell=tell,
    )


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
    """(S, D) true ones; none of recorded persons."""
    numbers = np.frombuffer(bytes(simulation.abilities), dtype="<f8")
    return numbers.reshape(-1, revision.bank.n_dimensions)


def put_together(simulation: Simulation) -> dict[str, Any]:
    """The fields of a simulation whose parts are all done."""
    revision = load_revision(simulation.revision_id)
    designs = range(len(simulation.request["designs"]))
    tests = [_joined(simulation, revision, _contents(simulation, design)) for design in designs]
    result = result_of(simulation.request["cuts"], revision, tests)
    return {"engine_version": engine_version(), "result": result, "result_hash": hash_of(result)}


def _contents(simulation: Simulation, design: int) -> list[bytes]:
    """What workers handed over, in order."""
    parts = SimulationPart.objects.filter(simulation=simulation, design=design).order_by("first")
    return [bytes(part.taken or b"") for part in parts]


def _joined(simulation: Simulation, revision: FrozenRevision, contents: Sequence[bytes]) -> Tests:
    """All tests of a design."""
    criteria = [each for each in map(unpacked_criterion, contents) if each is not None]
    criterion = Criterion.joined(criteria) if criteria else None
    thetas = abilities_of(simulation, revision) if criterion is None else criterion.estimates
    return Tests(
        revision.bank.n_items, thetas, (), Taken.joined([unpacked(each) for each in contents]), criterion
    )


def result_of(cuts: Sequence[float], revision: FrozenRevision, tests: Sequence[Tests]) -> dict[str, Any]:
    """As it is stored: a summary of each design, and of two side by side."""
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
    request = simulation.request
    tests = []
    for rules, size in zip(designs_in(request), request["parts"], strict=True):
        starts = range(0, request["students"], size)  # in the same parts
        parts = (_tests(simulation, revision, rules, slice(at, at + size)) for at in starts)
        contents = [packed(each.taken, each.criterion) for each in parts]
        tests.append(_joined(simulation, revision, contents))
    return hash_of(result_of(request["cuts"], revision, tests))
