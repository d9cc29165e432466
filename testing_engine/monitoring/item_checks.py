"""Population first, then whether questions and persons still go with the parameters in use.

All on one fit in which every parameter is given and only the population is free: drift by posterior score
tests with purification (`calibration.drift`), and on the posterior without what drifts, the shape of curves
(`item_fit`) and persons (`prequential_fit`). They keep their level under adaptive selection.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from testing_engine.calibration import ScoreTest, drift, item_fit, prequential_fit
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.responses import Responses
from testing_engine.calibration.score_tests import FEWEST
from testing_engine.monitoring.log import WatchedQuestion

FEWEST_TESTS = 100
FEWEST_OF_A_PERSON = 5  # answers, before a person's fit is looked at


@dataclass(frozen=True, eq=False)
class Checks:
    """By question id; `persons` whose fit was looked at, and how many of them fit badly at 5 %. `concepts`:
    which of the pool's the population is of, those that the questions measure.
    """

    concepts: tuple[int, ...]
    population: PopulationEstimate
    drift: dict[Hashable, ScoreTest]
    shape: dict[Hashable, ScoreTest]
    rounds: int
    persons: int
    misfitting: int


def are_enough(responses: Responses) -> bool:
    """Whether there are enough tests, and one question at least with enough answers for a test."""
    return responses.n_persons >= FEWEST_TESTS and responses.answers_per_item.max(initial=0) >= FEWEST


def checks_of(responses: Responses, questions: Sequence[WatchedQuestion]) -> Checks | None:
    """None where these are not enough."""
    if not are_enough(responses):
        return None
    known = {each.id: each for each in questions}
    seen = [known[str(item)] for item in responses.items]
    slopes = np.array([np.atleast_1d((each.parameters or {})["a"]) for each in seen])
    measured = np.flatnonzero(slopes.any(axis=0))
    parameters = {
        each.id: {**(each.parameters or {}), "a": own[measured]}
        for each, own in zip(seen, slopes, strict=True)
    }
    found = drift(
        responses,
        parameters,
        {each.id: str(each.model) for each in seen},
        q_matrix=slopes[:, measured] != 0,
        predictive=True,
    )
    assert found.fit is not None
    persons = prequential_fit(found.fit)
    counted = np.isfinite(persons.z) & (persons.n >= FEWEST_OF_A_PERSON)
    return Checks(
        tuple(measured.tolist()),
        found.population[responses.groups[0]],
        found.items,
        item_fit(found.fit).items,
        found.rounds,
        int(counted.sum()),
        int((persons.flagged & counted).sum()),
    )
