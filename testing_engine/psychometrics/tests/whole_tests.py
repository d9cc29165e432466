"""Random pools with areas, enemies and sets, and whole adaptive tests on them."""

import numpy as np

from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules

AREAS = ("algebra", "geometry", "statistics", "logic")


def pool(
    rng: np.random.Generator, n: int = 120, dimensions: int = 1, set_size: int = 0, enemy_groups: int = 0
) -> ItemBank:
    """3PL questions; the first third in sets of `set_size` of one area each; enemy groups of three."""
    areas = rng.choice(AREAS, n).tolist()
    sets = [""] * n
    for start in range(0, n // 3 - set_size + 1, set_size) if set_size else ():
        sets[start : start + set_size] = [f"set {start}"] * set_size
        areas[start : start + set_size] = [areas[start]] * set_size
    enemies: list[list[str]] = [[] for _ in range(n)]
    for group in range(enemy_groups):
        for item in rng.choice(np.arange(n // 3, n), 3, replace=False):
            enemies[item].append(f"group {group}")
    weights = np.ones((n, 1)) if dimensions == 1 else rng.uniform(0.2, 1.0, (n, dimensions))
    return ItemBank.from_arrays(
        concepts=weights,
        model="3PL",
        discrimination=rng.lognormal(0.2, 0.3, n),
        difficulty=rng.normal(0, 1, n),
        guessing=rng.uniform(0.1, 0.25, n),
        area=areas,
        enemy_groups=enemies,
        question_set=sets,
    )


def whole_test(bank: ItemBank, rules: CatRules, seed: int) -> list[int]:
    """The questions of a test with answers that are right every other time, at random."""
    scores = np.random.default_rng(seed).integers(0, 2, bank.n_items).tolist()
    items: list[int] = []
    while (
        step := next_step(TestSoFar(bank, rules, None, seed, items, scores[: len(items)]))
    ).next_item is not None:
        items.append(step.next_item)
    return items


def in_area(bank: ItemBank, items: list[int], area: str) -> int:
    labels = bank.attributes.area
    return int(np.count_nonzero(labels.codes[items] == labels.code(area)))


def enemy_pairs(bank: ItemBank, items: list[int]) -> int:
    """How many questions too many the enemy groups have."""
    own = set(items)
    return sum(max(len(own & set(group.tolist())) - 1, 0) for group in bank.attributes.enemies.members)


def runs(bank: ItemBank, items: list[int]) -> list[tuple[int, int]]:
    """(set code, length) of the stretches of the test that come from one set."""
    found: list[tuple[int, int]] = []
    for code in bank.attributes.question_set.codes[items].tolist():
        if code >= 0 and found and found[-1][0] == code:
            found[-1] = (code, found[-1][1] + 1)
        else:
            found.append((code, 1))
    return [run for run in found if run[0] >= 0]
