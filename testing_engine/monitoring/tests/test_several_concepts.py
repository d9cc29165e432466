"""Looks at pools of several concepts: students first, then questions and persons, as of one concept."""

import numpy as np
import pytest

from testing_engine.monitoring import Assumed, Limits, Watched, watch
from testing_engine.monitoring.sentences import not_looked_at, told
from testing_engine.monitoring.tests.logs import log_of_several

NAMES = ("Algebra", "Geometry", "Logic", *"DEFGHI")


def look(concepts: int, seed: int | None = None, **given: float) -> tuple[Watched, int]:
    log, questions, steepest = log_of_several(np.random.default_rng(seed), concepts, **given)  # type: ignore[arg-type]
    assumed = Assumed((0.0,) * concepts, (1.0,) * concepts)
    return watch(log, questions, assumed, Limits(), NAMES[:concepts]), steepest


@pytest.mark.parametrize("concepts", [2, 3])
def test_a_question_that_became_harder_is_named_and_students_that_are_others(
    concepts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As few points a person as large data have.
    monkeypatch.setattr("testing_engine.calibration.several.POINTS_TIMES_ANSWERS", 1e5)
    watched, steepest = look(concepts, steepest_by=1.2, mean=0.8)
    found = {each.key: each.numbers for each in watched.found}
    assert ("harder", f"q{steepest}") in found
    assert 0.4 < found["harder", f"q{steepest}"]["shift"] < 3.0
    assert watched.numbers["questions"]["shift"][steepest] > 0
    population = found["population", None]
    assert population["concepts"][0] == "Algebra"
    assert abs(population["mean"][0] - 0.8) < 0.35
    said = told("population", None, population)
    assert said.what.startswith("In Algebra")
    numbers = watched.numbers
    assert numbers["population"]["concepts"] == list(NAMES[:concepts])
    assert np.shape(numbers["population"]["correlation"]) == (concepts, concepts)
    assert len(numbers["assumed"]["mean"]) == concepts
    assert numbers["persons"]["looked_at"] == 400
    assert numbers["persons"]["misfitting"] < 60
    assert numbers["not_looked_at"] == ["no_times"]


def test_a_concept_that_no_answered_question_measures_is_left_out() -> None:
    log, questions, _ = log_of_several(np.random.default_rng(), 1, tests=200, n=40)
    for each in questions:
        assert each.parameters is not None
        each.parameters["a"] = np.array([0.0, float(each.parameters["a"][0]), 0.0])  # type: ignore[index]
    watched = watch(log, questions, Assumed((0.0,) * 3, (1.0,) * 3), Limits(), NAMES[:3])
    assert watched.numbers["population"]["concepts"] == ["Geometry"]
    assert watched.numbers["assumed"] == {"mean": [0.0], "sd": [1.0]}
    assert watched.numbers["persons"]["looked_at"] == 200


def test_more_concepts_than_were_tried_are_told() -> None:
    watched, _ = look(9, tests=120)
    assert watched.numbers["not_looked_at"] == ["many_concepts", "no_times"]
    assert "more than 8 concepts" in not_looked_at("many_concepts")
    assert watched.numbers["population"] is None
