"""The small simulation by which a pool's requirements are judged: on the spot, or by a worker beforehand.

A `Look` says all that its numbers depend on, so what a worker found is good for whoever asks for the same.
It is a worker's where somebody waits and it takes long; commands and workers take it themselves.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from sessions_app.long_work import files
from sessions_app.models import LongJob
from testing_engine.canonical import as_stored
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import load_revision
from testing_engine.sentences import from_plain, say, to_plain, together
from testing_engine.simulation.populations import normal_abilities
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.summary import summary

KIND = "look"
SEED = 1
NUMBERS = ("coverage", "mean_standard_error", "rmse", "largest_exposure", "mean_length", "students")


class Look(msgspec.Struct, frozen=True):
    """`revision`: its primary key, where it is one; else the parameters are brought, of this hash. `name`: of
    the file, without what follows the dot.
    """

    name: str
    pool: UUID
    revision: int | None
    sha256: str
    plan: dict[str, Any]
    students: int
    correlation: float


@dataclass(frozen=True, eq=False)
class Subject:
    """Whose questions are looked at: a revision's, or parameters that no revision has yet."""

    pool: UUID
    bank: ItemBank
    revision: int | None = None
    parameters: Sequence[ItemParameters] = ()

    @property
    def content(self) -> bytes:
        """What is brought."""
        return b"" if self.revision is not None else msgspec.json.encode(self.parameters)

    def look(self, rules: CatRules, students: int, correlation: float) -> Look:
        return Look(
            f"{self.pool}-requirements",
            self.pool,
            self.revision,
            hashlib.sha256(self.content).hexdigest(),
            as_stored(rules.to_plan()),
            students,
            correlation,
        )


class LookFirst(Exception):
    """Somebody waits, and a worker has not looked yet: the same request again goes on when it has."""

    def __init__(self, look: Look, content: bytes) -> None:
        super().__init__("A worker looks at what the pool requires first.")
        self.look, self.content = look, content or None


def bank_of(look: Look, content: Callable[[], bytes]) -> ItemBank:
    """The questions that are looked at."""
    if look.revision is not None:
        return load_revision(look.revision).bank
    return ItemBank.from_parameters(msgspec.json.decode(content(), type=list[ItemParameters]))


def found_by(look: Look, bank: ItemBank, tell: Callable[[float], None]) -> dict[str, Any]:
    """`numbers` of students from N(0, 1), always the same ones; or the `problem` why there are none."""
    rules, concepts = CatRules.from_plan(look.plan), bank.n_dimensions
    correlation = look.correlation if concepts > 1 else 0.0
    try:
        thetas = normal_abilities(look.students, [0.0] * concepts, [1.0] * concepts, correlation, SEED)
        tests = simulate(bank, rules, thetas, SEED, tell=tell)
    except RulesError as error:
        why = together((message for _, message in error.problems), "; ")
        return {"problem": say("The rules cannot be simulated: {why}.", why=why)}
    return {"numbers": as_stored(numbers_of(summary(tests)))}


def numbers_of(design: Mapping[str, Any]) -> dict[str, Any]:
    """What requirements go by, of a simulation's summary."""
    return {name: design[name] for name in NUMBERS}


def as_bytes(found: Mapping[str, Any]) -> bytes:
    """What `found_by` gave, to be kept."""
    kept = {name: to_plain(value) if name == "problem" else value for name, value in found.items()}
    return json.dumps(kept).encode()


def kept(look: Look) -> dict[str, Any] | None:
    """What a worker found; None where none did, or it is not kept any more."""
    now, asked = timezone.now(), msgspec.json.decode(msgspec.json.encode(look))
    done = LongJob.objects.filter(kind=KIND, state=LongJob.State.DONE, expires_at__gt=now, request=asked)
    job = done.order_by("-created_at").first()
    if job is None:
        return None
    found: dict[str, Any] = json.loads(b"".join(files.blocks_of(job, now)))
    return found | {"problem": from_plain(found["problem"])} if "problem" in found else found
