"""Which persons' recorded answers a post-hoc simulation takes: those who answered all of the pool or most."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.utils import timezone

from sessions_app.measurement import asking, collecting
from sessions_app.measurement.simulations.refused import SimulationRefused
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.revisions import FrozenRevision
from testing_engine.sentences import say, together
from testing_engine.simulation.recorded import LEFT_OUT, MISSING

FEWEST_PERSONS = 20
CHOICE = 4  # stream of a simulation's seed, beside those of the engine


@dataclass(frozen=True)
class Recorded:
    """`imports` None: all there are. `least_answered`: share of the questions with parameters that a person
    must have answered. `missing`: what becomes of the others' answers."""

    imports: tuple[UUID, ...] | None = None
    delivered: bool = True
    since: datetime | None = None
    least_answered: float = 0.8
    missing: str = LEFT_OUT

    def to_json(self) -> dict[str, Any]:
        return {
            "imports": None if self.imports is None else [str(each) for each in self.imports],
            "delivered": self.delivered,
            "since": self.since.isoformat() if self.since else None,
            "least_answered": self.least_answered,
            "missing": self.missing,
        }


@dataclass(frozen=True, eq=False)
class Found:
    """`answers` (S, N) categories, −1 where there is none; `sittings`: how many were looked at, `enough` how
    many of them answered enough."""

    answers: IntArray
    sittings: int
    enough: int


def recorded_answers(asked: Recorded, most: int, seed: int, revision: FrozenRevision) -> Found:
    """At most so many persons, drawn where there are more. Raises `SimulationRefused`."""
    _check(asked)
    responses, positions = _collected(asked, revision)
    part = counting(revision.bank)
    counts = part.index[positions[responses.item]] >= 0
    person = np.repeat(np.arange(responses.n_persons), np.diff(responses.start))
    answered = np.bincount(person[counts], minlength=responses.n_persons)
    shares = answered / max(part.n_items, 1)
    enough = np.flatnonzero(answered >= max(math.ceil(asked.least_answered * part.n_items - 1e-9), 1))
    if len(enough) < FEWEST_PERSONS:
        raise SimulationRefused([_too_few(asked, shares, len(enough), part.n_items)])
    chosen = enough
    if len(enough) > most:
        rng = np.random.default_rng((seed, CHOICE))
        chosen = np.sort(rng.choice(enough, most, replace=False))
    row_of = np.full(responses.n_persons, -1, dtype=np.int64)
    row_of[chosen] = np.arange(len(chosen))
    kept = counts & (row_of[person] >= 0)
    answers = np.full((len(chosen), revision.bank.n_items), -1, dtype=np.int16)
    answers[row_of[person[kept]], positions[responses.item[kept]]] = responses.category[kept]
    return Found(answers.astype(np.intp), responses.n_persons, len(enough))


def _check(asked: Recorded) -> None:
    problems: list[tuple[str, str]] = []
    if not 0 < asked.least_answered <= 1:
        problems.append(("/population/least_answered", say("Above 0 and at most {most}.", most=1)))
    if asked.missing not in MISSING:
        problems.append(("/population/missing", say("Must be one of {names}.", names=", ".join(MISSING))))
    if problems:
        raise SimulationRefused(problems)


def _collected(asked: Recorded, revision: FrozenRevision) -> tuple[Any, IntArray]:
    """The answers as a calibration would read them, and their items' places in the revision."""
    pool = QuestionPool.objects.get(pk=revision.pool_id)
    wanted = asking.Asked(asked.imports, asked.delivered, asked.since, scale=asking.OWN)
    try:
        whole = asking.checked(wanted, revision, collecting.known_imports(pool))
        sessions = collecting.sessions_for(whole, pool.pk, timezone.now())
        found = collecting.collect(whole, revision, sessions)
    except asking.CalibrationRefused as refused:
        raise SimulationRefused([(f"/population{at}", told) for at, told in refused.problems]) from refused
    except collecting.NothingToCalibrate as nothing:
        told = say("There are no recorded answers: import some, or take delivered tests that are over.")
        raise SimulationRefused([("/population/kind", told)]) from nothing
    return found.responses, found.positions


def _too_few(asked: Recorded, shares: FloatArray, enough: int, questions: int) -> tuple[str, str]:
    told = say(
        "Of {sittings} sittings {enough} answered {percent} % or more of the {questions} questions with "
        "parameters; at least {least} are needed.",
        sittings=len(shares),
        enough=enough,
        percent=f"{100 * asked.least_answered:.0f}",
        questions=questions,
        least=FEWEST_PERSONS,
    )
    if len(shares) >= FEWEST_PERSONS:
        percent = math.floor(100 * np.sort(shares)[-FEWEST_PERSONS])
        more = say("{least} of them answered {percent} % or more.", least=FEWEST_PERSONS, percent=percent)
        told = together([told, more])
    return "/population/least_answered", told
