"""What a pool may require, and what is said to fall short of it."""

from typing import Any

import pytest

from testing_engine.simulation.requirements import Requirements, RequirementsInvalid, shortfalls

FOUND: dict[str, Any] = {
    "coverage": [0.95, 0.9],
    "mean_standard_error": [0.3, 0.4],
    "rmse": [0.31, None],
    "largest_exposure": 0.4,
    "mean_length": 17.25,
}
CONCEPTS = ("algebra", "geometry")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, []),
        ({"coverage": 0.9, "standard_error": 0.4, "exposure": 0.4, "length": 17.25}, []),
        (
            {"coverage": 0.91},
            ["Intervals of 95 % hold the truth in 0.9 of the tests in geometry"],
        ),
        ({"standard_error": 0.35}, ["The mean standard error in geometry is 0.4; at most 0.35 is required."]),
        ({"rmse": 0.5}, ["The real error (RMSE) in geometry is unknown; at most 0.5 is required."]),
        (
            {"exposure": 0.3, "length": 15},
            ["The most frequent question came in 0.4", "Tests have 17.2"],
        ),
    ],
)
def test_each_shortfall_is_a_sentence(asked: dict[str, Any], told: list[str]) -> None:
    found = shortfalls(FOUND, Requirements.from_json(asked), CONCEPTS)
    assert len(found) == len(told)
    assert all(sentence.startswith(start) for sentence, start in zip(found, told, strict=True))


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ([], [""]),
        ({"cover": 1}, ["/cover"]),
        ({"coverage": 1.2, "rmse": "a", "length": True}, ["/coverage", "/rmse", "/length"]),
        ({"exposure": float("nan"), "no_errors": 1, "students": 5}, ["/exposure", "/no_errors", "/students"]),
        ({"rules": {"max_questions": 0}}, ["/rules/max_questions"]),
    ],
)
def test_what_nobody_can_require_is_named(content: Any, places: list[str]) -> None:
    with pytest.raises(RequirementsInvalid) as refused:
        Requirements.from_json(content)
    assert [place for place, _ in refused.value.problems] == places


def test_it_is_kept_as_it_was_asked() -> None:
    content = {"coverage": 0.93, "no_errors": True, "students": 200, "rules": {"max_questions": 5}}
    asked = Requirements.from_json(content)
    assert asked.to_json() == content
    assert asked.cat_rules.max_questions == 5
