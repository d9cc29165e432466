"""Whatever `check` accepts can be finished: hard content rules together, on random small pools."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.psychometrics.engine import TestSoFar, explain
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.whole_tests import enemy_pairs, in_area, runs, whole_test

AREAS = ("a", "b", "c")
ENEMIES, SETS = {"name": "enemies"}, {"name": "question_sets"}


def small_pool(rng: np.random.Generator, n: int, one_area: bool = True) -> ItemBank:
    """Two thirds in sets of 2 to 5, of one area each or of any, and enemy groups of 2 to 4 that overlap."""
    areas = rng.choice(AREAS, n).tolist()
    sets = [""] * n
    start = 0
    while start < 2 * n // 3:
        size = int(rng.integers(2, 6))
        for item in range(start, min(start + size, n)):
            sets[item] = f"set {start}"
            areas[item] = areas[start] if one_area else areas[item]
        start += size
    enemies: list[list[str]] = [[] for _ in range(n)]
    for group in range(int(rng.integers(0, n // 2))):
        for item in rng.choice(n, int(rng.integers(2, 5)), replace=False):
            if sets[item] == "" or rng.random() < 0.2:
                enemies[item].append(f"group {group}")
    return ItemBank.from_arrays(
        concepts=np.ones((n, 1)),
        discrimination=rng.lognormal(0.2, 0.3, n),
        difficulty=rng.normal(0, 1, n),
        area=areas,
        question_set=sets,
        enemy_groups=enemies,
    )


def limits(rng: np.random.Generator, length: int) -> dict[str, Any]:
    """Narrow ones, around a random share of the test."""
    counts = rng.multinomial(length, rng.dirichlet(np.ones(len(AREAS)) * 3)).tolist()
    return {
        "name": "area_limits",
        "limits": [
            {
                "area": area,
                "minimum": max(count - int(rng.integers(0, 2)), 0),
                "maximum": count + int(rng.integers(0, 2)),
            }
            for area, count in zip(AREAS, counts, strict=True)
        ],
    }


def accepted(rng: np.random.Generator, bank: ItemBank, length: int) -> CatRules | None:
    """Content rules in any order, often an exposure rule after them."""
    targets = [{"area": area, "share": float(rng.uniform(0.2, 1))} for area in AREAS]
    offered: list[dict[str, Any]] = [
        ENEMIES,
        SETS,
        limits(rng, length),
        {"name": "area_targets", "targets": targets},
    ]
    chosen = [rule for rule in offered if rng.random() < 0.75]
    rng.shuffle(chosen)
    if rng.random() < 0.5:
        probabilities = rng.random(bank.n_items).round(3).tolist()
        chosen.append({"name": "sympson_hetter", "probabilities": probabilities})
    rules = CatRules.from_json(
        {
            "max_questions": length,
            "eligibility": chosen,
            "strategy": {"name": str(rng.choice(["best", "randomesque"]))},
        }
    )
    try:
        rules.check(bank)
    except RulesError:
        return None
    return rules


def broken(bank: ItemBank, rules: CatRules, items: list[int]) -> list[str]:
    """Which rules a finished test does not keep."""
    found = []
    for rule in rules.to_json().get("eligibility", []):
        if rule["name"] == "enemies" and enemy_pairs(bank, items):
            found.append("enemies")
        if rule["name"] == "question_sets":
            counts = bank.attributes.question_set.counts
            found += ["question_sets" for code, run in runs(bank, items) if run != counts[code]]
        if rule["name"] == "area_limits":
            for limit in rule["limits"]:
                count = in_area(bank, items, limit["area"])
                if not limit.get("minimum", 0) <= count <= limit.get("maximum", len(items)):
                    found.append(f"area {limit['area']}")
    return found


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), one_area=st.booleans())
def test_whatever_is_accepted_can_be_finished(seed: int, one_area: bool) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 30))
    bank, length = small_pool(rng, n, one_area), int(rng.integers(3, min(n, 12) + 1))
    rules = accepted(rng, bank, length)
    if rules is None:  # two of five
        return
    items = whole_test(bank, rules, seed)
    assert len(items) == len(set(items)) == length
    assert broken(bank, rules, items) == []


def corner_rules() -> CatRules:
    areas = [("a", 4, 6), ("b", 4, 6), ("c", 3, 5)]
    asked = [{"area": area, "minimum": least, "maximum": most} for area, least, most in areas]
    return CatRules.from_json(
        {"max_questions": 14, "eligibility": [SETS, {"name": "area_limits", "limits": asked}]}
    )


def test_sets_and_limits_no_longer_end_in_a_corner() -> None:
    """Plans of the first edition go on as they began: every other test of theirs ends early."""
    rules, pools = corner_rules(), [small_pool(np.random.default_rng(seed), 60) for seed in range(6)]
    now, before = (
        [len(whole_test(bank, replace(rules, edition=edition), seed)) for bank in pools for seed in range(2)]
        for edition in (2, 1)
    )
    assert now == [14] * 12
    assert min(before) < 14


def test_enemies_alone_look_ahead() -> None:
    """The middle of a chain is the best question, and the enemy of both others."""
    bank = ItemBank.from_arrays(
        concepts=np.ones((3, 1)), discrimination=[1, 2, 1], enemy_groups=[["x"], ["x", "y"], ["y"]]
    )
    rules = CatRules.from_json({"max_questions": 2, "eligibility": [ENEMIES]})
    rules.check(bank)
    assert sorted(whole_test(bank, rules, 0)) == [0, 2]
    why = explain(TestSoFar(bank, rules, None, 0, [], []))
    assert [(each.item, each.closed_by) for each in why.closed] == [(1, "enemies")]


@pytest.mark.parametrize("length", [5, 20])
def test_a_pool_smaller_than_the_test_is_used_up_as_far_as_the_rules_go(length: int) -> None:
    bank = ItemBank.from_arrays(concepts=np.ones((8, 1)), enemy_groups=[["x"]] * 4 + [[]] * 4)
    rules = CatRules.from_json({"max_questions": length, "eligibility": [ENEMIES]})
    rules.check(bank)
    assert len(whole_test(bank, rules, 0)) == 5
