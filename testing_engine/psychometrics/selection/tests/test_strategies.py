"""Strategies and starts: what may be drawn, how often, and that a replay draws the same."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.engine import TestSoFar, explain, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules

DRAWS = 400


def bank(size: int = 40) -> ItemBank:
    rng = np.random.default_rng(5)
    return ItemBank.from_arrays(
        np.ones((size, 1)), "2PL", rng.normal(size=size), np.exp(rng.normal(0, 0.4, size))
    )


def drawn(rules: dict[str, Any], items: list[int], scores: list[int]) -> Counter[int | None]:
    pool, parsed = bank(), CatRules.from_json(rules)
    return Counter(
        next_step(TestSoFar(pool, parsed, None, seed, items, scores)).next_item for seed in range(DRAWS)
    )


RANDOM: list[dict[str, Any]] = [
    {"name": "randomesque", "count": 4},
    {"name": "progressive"},
    {"name": "proportional"},
]


@pytest.mark.parametrize("strategy", RANDOM, ids=lambda strategy: strategy["name"])
def test_a_replay_draws_the_same(strategy: dict[str, Any]) -> None:
    pool, rules = bank(), CatRules.from_json({"strategy": strategy})
    first, again = (
        [next_step(TestSoFar(pool, rules, None, seed, [3], [1])).next_item for seed in range(9)] for _ in "ab"
    )
    assert first == again
    assert len(set(first)) > 1


def test_randomesque_draws_evenly_among_the_best() -> None:
    counts = drawn({"strategy": {"name": "randomesque", "count": 4}}, [3], [1])
    best = {
        candidate.item
        for candidate in explain(TestSoFar(bank(), CatRules(), None, 0, [3], [1]), count=4).candidates
    }
    assert set(counts) == best
    # each is binomial(400, ¼): mean 100, sd 8.7; five sd either way
    assert all(56 < count < 144 for count in counts.values())


@pytest.mark.parametrize("name", ["progressive", "proportional"])
def test_chance_gives_way_to_the_criterion(name: str) -> None:
    rules = {"strategy": {"name": name}, "max_questions": 10}
    early = drawn(rules, [], [])
    items = list(range(9))
    late = drawn(rules, items, [0, 1] * 4 + [0])
    assert len(early) > 20
    best = (
        explain(TestSoFar(bank(), CatRules(), None, 0, items, [0, 1] * 4 + [0]), count=1).candidates[0].item
    )
    assert late.most_common(1)[0][0] == best
    assert len(late) < len(early)
    if name == "progressive":
        assert len(late) == 1


def test_strata_rise_with_the_test() -> None:
    pool = bank()
    strategy = {"name": "a-stratified", "strata": 4}
    rules = CatRules.from_json({"strategy": strategy, "criterion": {"name": "bOpt"}, "max_questions": 8})
    items: list[int] = []
    while (item := next_step(TestSoFar(pool, rules, None, 0, items, [1] * len(items))).next_item) is not None:
        items.append(item)
    ranks = np.argsort(np.argsort(pool.steepness, kind="stable"))[items]
    assert (ranks // 10).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_start_at_given_abilities() -> None:
    pool = bank()
    rules = CatRules.from_json(
        {"start": {"name": "abilities", "thetas": [-2, 2], "criterion": {"name": "bOpt"}}}
    )
    first = next_step(TestSoFar(pool, rules, None, 0, [], [])).next_item
    assert first == int(np.argmin(np.abs(pool.difficulty + 2)))
    second = next_step(TestSoFar(pool, rules, None, 0, [first], [1])).next_item
    assert second == int(np.argmin(np.abs(pool.difficulty - 2)))


def test_start_with_given_questions() -> None:
    rules = CatRules.from_json({"start": {"name": "questions", "items": [7, 2]}})
    assert next_step(TestSoFar(bank(), rules, None, 0, [], [])).next_item == 7
    assert next_step(TestSoFar(bank(), rules, None, 0, [7], [1])).next_item == 2
    usual = next_step(TestSoFar(bank(), CatRules(), None, 0, [7, 2], [1, 1])).next_item
    assert next_step(TestSoFar(bank(), rules, None, 0, [7, 2], [1, 1])).next_item == usual


def test_start_at_random() -> None:
    counts = drawn({"start": {"name": "random", "count": 2}}, [], [])
    # 400 draws of 40 questions: each is Poisson-like with mean 10; all but a few turn up
    assert len(counts) > 35


def test_start_among_the_best_few() -> None:
    """Question by question fewer of the best, then the rules' own strategy."""
    rules = {"start": {"name": "randomesque", "counts": [4, 2]}}
    for answered, count in ((0, 4), (1, 2), (2, 1)):
        items, scores = [3, 30][:answered], [1, 0][:answered]
        counts = drawn(rules, items, scores)
        leading = explain(TestSoFar(bank(), CatRules(), None, 0, items, scores), count=count).candidates
        assert set(counts) == {candidate.item for candidate in leading}
        # each binomial(400, 1 / count): within five sd
        share = 1 / count
        noise = 5 * np.sqrt(DRAWS * share * (1 - share))
        assert all(abs(seen - DRAWS * share) <= noise for seen in counts.values())
