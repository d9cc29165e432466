"""Content tables of many lines, question sets per area, and an order of areas, over whole tests."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.whole_tests import AREAS, in_area, pool, runs, whole_test

seeds = st.integers(0, 2**32 - 1)


def shadow(length: int, **fields: Any) -> CatRules:
    return CatRules.from_json(
        {"max_questions": length, "eligibility": [{"name": "shadow", "enemies": False, **fields}]}
    )


def sets_used(bank: ItemBank, items: list[int], area: str = "") -> int:
    sets, areas = bank.attributes.question_set, bank.attributes.area
    own = np.arange(bank.n_items) if not area else areas.members[areas.code(area)]
    counted = set(sets.codes[own].tolist()) - {-1}
    return len(counted & set(sets.codes[items].tolist()))


@settings(deadline=None, max_examples=4)
@given(seed=seeds)
def test_a_table_of_31_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = pool(rng, 310)
    cells = [np.flatnonzero(np.arange(310) % 31 == cell) for cell in range(31)]
    wanted = rng.multinomial(40, np.ones(31) / 31)
    counts = [
        {"items": cell.tolist(), "minimum": int(n), "maximum": int(n) + 1}
        for cell, n in zip(cells, wanted, strict=True)
    ]
    rules = shadow(45, question_sets="free", counts=counts)
    rules.check(bank)
    items = whole_test(bank, rules, seed)
    held = [len(set(items) & set(cell.tolist())) for cell in cells]
    assert len(items) == 45
    assert all(n <= count <= n + 1 for n, count in zip(wanted, held, strict=True))


@settings(deadline=None, max_examples=6)
@given(seed=seeds, part=st.booleans())
def test_so_many_sets_of_an_area(seed: int, part: bool) -> None:
    bank = pool(np.random.default_rng(seed), 150, set_size=3)
    kind = {"question_sets": "some", "set_count": {"minimum": 2}} if part else {}
    area = max(AREAS, key=lambda name: sets_used(bank, list(range(150)), name))
    sets = [{"area": area, "minimum": 2, "maximum": 2}, {"maximum": 3}]
    rules = shadow(15, sets=sets, **kind)
    rules.check(bank)
    items = whole_test(bank, rules, seed)
    assert len(items) == 15
    assert sets_used(bank, items, area) == 2
    assert sets_used(bank, items) <= 3
    assert all(2 <= run <= 3 for _, run in runs(bank, items))


@settings(deadline=None, max_examples=6)
@given(seed=seeds, sets=st.sampled_from(["free", "whole"]))
def test_areas_come_in_the_order_asked_for(seed: int, sets: str) -> None:
    bank = pool(np.random.default_rng(seed), 150, set_size=3)
    areas = [{"area": area, "minimum": 3, "maximum": 6} for area in AREAS]
    order = ["logic", "geometry"]
    rules = shadow(16, question_sets=sets, areas=areas, order=order)
    rules.check(bank)
    items = whole_test(bank, rules, seed)
    assert len(items) == 16
    assert all(3 <= in_area(bank, items, area) <= 6 for area in AREAS)
    labels = bank.attributes.area
    names = [labels.names[code] for code in labels.codes[items]]
    ranks = [order.index(name) if name in order else 2 for name in names]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"counts": [{"items": [8]}]}, "/eligibility/0/counts/0/items"),
        ({"counts": [{"items": [1, 1], "minimum": 2}]}, "/eligibility/0/counts/0"),
        ({"sets": [{"area": "c"}]}, "/eligibility/0/sets/0/area"),
        ({"sets": [{"minimum": 3}]}, "/eligibility/0/sets/0"),
        ({"order": ["b", "c"]}, "/eligibility/0/order/1"),
        ({"order": ["b"]}, "/eligibility/0/order"),  # the set "y" has questions of a and of b
    ],
)
def test_what_cannot_work_with_the_pool_is_refused(fields: dict[str, Any], pointer: str) -> None:
    bank = ItemBank.from_arrays(
        concepts=np.ones((8, 1)),
        area=["a"] * 4 + ["b"] * 4,
        question_set=["x", "x", "", "y", "y", "", "", ""],
    )
    with pytest.raises(RulesError) as caught:
        shadow(4, **fields).check(bank)
    assert pointer in [place for place, _ in caught.value.problems]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"sets": [{"minimum": 1}], "question_sets": "free"}, "/eligibility/0/sets"),
        ({"order": ["a", "b", "a"]}, "/eligibility/0/order/2"),
        ({"counts": [{"items": []}]}, "/eligibility/0/counts/0/items"),
        ({"counts": [{"items": [0], "minimum": 2, "maximum": 1}]}, "/eligibility/0/counts/0/maximum"),
        ({"limits": [{"coefficients": [1.0]}] * 101}, "/eligibility/0/limits"),
    ],
)
def test_what_contradicts_itself_is_refused(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(RulesError) as caught:
        shadow(4, **fields)
    assert [place for place, _ in caught.value.problems] == [pointer]


def test_json_comes_back() -> None:
    value = {
        "eligibility": [
            {
                "name": "shadow",
                "counts": [{"items": [0, 3], "minimum": 1}] * 31,
                "sets": [{"area": "a", "maximum": 2}, {"minimum": 1}],
                "order": ["b", "a"],
            }
        ]
    }
    assert CatRules.from_json(value).to_json() == value
