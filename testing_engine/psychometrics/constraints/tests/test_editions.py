"""Plans of an edition choose as they did before there was a newer one."""

from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.constraints.mixed_program import by_milp, guided, search_of
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.whole_tests import pool, whole_test

CONTENT = [
    {"name": "enemies"},
    {"name": "question_sets"},
    {
        "name": "area_limits",
        "limits": [{"area": "algebra", "minimum": 5, "maximum": 6}, {"area": "logic", "minimum": 4}],
    },
]
WHOLE = {
    "name": "shadow",
    "areas": [{"area": "algebra", "minimum": 5, "maximum": 6}, {"area": "logic", "minimum": 4}],
}
SOME = {
    "name": "shadow",
    "question_sets": "some",
    "set_count": {"minimum": 2, "maximum": 3},
    "areas": [{"area": "algebra", "minimum": 5, "maximum": 6}],
}


@pytest.mark.parametrize(
    ("eligibility", "seed", "items"),
    [  # as the engine chose before editions were named
        (CONTENT, 0, [52, 1, 0, 2, 3, 25, 18, 19, 16, 17, 12, 15, 13, 14]),
        (CONTENT, 1, [52, 4, 7, 6, 5, 41, 19, 18]),  # a corner
        ([WHOLE], 1, [52, 4, 7, 6, 5, 41, 33, 27, 24, 32, 20, 51, 46, 59]),
        ([SOME], 0, [52, 1, 0, 2, 35, 26, 18, 19, 16, 4, 7, 41, 27, 24]),
    ],
)
def test_a_plan_from_before_editions_goes_on_as_it_began(
    eligibility: list[dict[str, Any]], seed: int, items: list[int]
) -> None:
    bank = pool(np.random.default_rng(12), 60, set_size=4, enemy_groups=10)
    plan = {"max_questions": 14, "eligibility": eligibility}
    assert whole_test(bank, CatRules.from_plan(plan), seed) == items
    assert len(whole_test(bank, CatRules.from_json(plan), seed)) == 14


def test_a_plan_of_the_second_edition_goes_on_as_it_began() -> None:
    rng = np.random.default_rng(50)
    bank = pool(rng, 80, set_size=4, enemy_groups=10)
    seconds = rng.lognormal(4, 0.4, 80).round(1)
    longest = float(round(14 * np.median(seconds), 1))
    limits = [{"coefficients": seconds.tolist(), "maximum": longest}]
    areas = [{"area": "algebra", "minimum": 4, "maximum": 6}]
    shadow = SOME | {"areas": areas, "limits": limits, "tolerance": 0}
    plan = {"edition": 2, "max_questions": 14, "eligibility": [shadow]}
    assert whole_test(bank, CatRules.from_plan(plan), 0) == [
        72,
        39,
        37,
        57,
        4,
        5,
        14,
        12,
        10,
        9,
        27,
        51,
        68,
        71,
    ]


def test_each_edition_has_its_search() -> None:
    """What the second finds where several tests are good enough is another one than the third finds."""
    assert [search_of(edition) for edition in (1, 2, 3, 4)] == [by_milp, by_milp, guided, guided]
