"""Areas, enemies and question sets, over whole tests on random pools."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.psychometrics.items.bank import ItemBank, ItemParameterError, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.whole_tests import (
    AREAS,
    enemy_pairs,
    in_area,
    pool,
    runs,
    whole_test,
)

seeds = st.integers(0, 2**32 - 1)


def rules(*eligibility: object, max_questions: int = 20) -> CatRules:
    return CatRules.from_json({"max_questions": max_questions, "eligibility": list(eligibility)})


@settings(deadline=None, max_examples=8)
@given(seed=seeds)
def test_area_targets_are_met_to_within_a_question(seed: int) -> None:
    bank = pool(np.random.default_rng(seed), 200)
    shares = dict(zip(AREAS, (4, 3, 2, 1), strict=True))
    targets = [{"area": area, "share": share} for area, share in shares.items()]
    items = whole_test(bank, rules({"name": "area_targets", "targets": targets}), seed)
    for area, share in shares.items():
        assert abs(in_area(bank, items, area) - 20 * share / 10) <= 1


def test_questions_outside_the_targets_come_last() -> None:
    bank = ItemBank.from_arrays(concepts=np.ones((4, 1)), area=["", "a", "b", "a"])
    rule = {"name": "area_targets", "targets": [{"area": "b", "share": 1}]}
    assert whole_test(bank, rules(rule), 1)[0] == 2
    assert sorted(whole_test(bank, rules(rule), 1)) == [0, 1, 2, 3]


@settings(deadline=None, max_examples=8)
@given(seed=seeds)
def test_area_limits_hold(seed: int) -> None:
    bank = pool(np.random.default_rng(seed), 200)
    limits = [
        {"area": "algebra", "minimum": 8, "maximum": 9},
        {"area": "geometry", "minimum": 6},
        {"area": "logic", "maximum": 2},
    ]
    items = whole_test(bank, rules({"name": "area_limits", "limits": limits}), seed)
    assert len(items) == 20
    assert 8 <= in_area(bank, items, "algebra") <= 9
    assert in_area(bank, items, "geometry") >= 6
    assert in_area(bank, items, "logic") <= 2


@settings(deadline=None, max_examples=3)
@given(seed=seeds)
def test_no_two_enemies_meet(seed: int) -> None:
    bank = pool(np.random.default_rng(seed), 90, enemy_groups=60)
    items = whole_test(bank, rules({"name": "enemies"}), seed)
    assert len(items) == 20
    assert enemy_pairs(bank, items) == 0


@settings(deadline=None, max_examples=8)
@given(seed=seeds, size=st.integers(2, 5), length=st.integers(11, 25))
def test_a_set_is_given_whole_and_in_one_go(seed: int, size: int, length: int) -> None:
    bank = pool(np.random.default_rng(seed), 60, set_size=size)
    items = whole_test(bank, rules({"name": "question_sets"}, max_questions=length), seed)
    assert len(items) == length
    sizes = bank.attributes.question_set.counts
    for code, run in runs(bank, items):
        assert run == sizes[code]


def test_sets_are_begun_only_where_the_rest_of_the_test_can_be_filled() -> None:
    # Room for 7 in sets of 2, 2, 3 and 5: the 5 with a 2, or 2, 2 and 3; never 5 first and then a 3.
    sets = [name for name, size in {"a": 2, "b": 2, "c": 3, "d": 5}.items() for _ in range(size)]
    bank = ItemBank.from_arrays(
        concepts=np.ones((12, 1)), discrimination=np.linspace(1, 2, 12), question_set=sets
    )
    items = whole_test(bank, rules({"name": "question_sets"}, max_questions=7), 0)
    assert sorted(run for _, run in runs(bank, items)) == [2, 5]


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        (
            {"name": "area_targets", "targets": [{"area": "poetry", "share": 1}]},
            "/eligibility/0/targets/0/area",
        ),
        ({"name": "area_limits", "limits": [{"area": "poetry"}]}, "/eligibility/0/limits/0/area"),
        (
            {"name": "area_limits", "limits": [{"area": "b", "minimum": 1}, {"area": "a", "minimum": 5}]},
            "/eligibility/0/limits/1",
        ),
        ({"name": "area_limits", "limits": [{"area": "a", "maximum": 1}]}, "/eligibility/0/limits/0"),
        ({"name": "question_sets"}, "/eligibility/0"),
        ({"name": "enemies"}, "/eligibility/0"),
    ],
)
def test_what_cannot_work_with_the_pool_is_refused(rule: dict[str, object], pointer: str) -> None:
    bank = ItemBank.from_arrays(
        concepts=np.ones((8, 1)),
        area=["a", "a", "a", "a", "b", "b", "b", "b"],
        question_set=["x", "x", "x", "y", "y", "y", "z", "z"],
        enemy_groups=[["e"]] * 5 + [[]] * 3,
    )
    length = 7 if rule["name"] == "question_sets" else 6
    with pytest.raises(RulesError) as caught:
        rules(rule, max_questions=length).check(bank)
    assert pointer in [place for place, _ in caught.value.problems]


def test_content_comes_before_exposure() -> None:
    bank = ItemBank.from_arrays(concepts=np.ones((2, 1)))
    exposure = {"name": "sympson_hetter", "probabilities": [1, 1]}
    rules(exposure, max_questions=2).check(bank)
    with pytest.raises(RulesError) as caught:
        rules(exposure, {"name": "enemies"}, max_questions=2).check(bank)
    assert caught.value.problems[0][0] == "/eligibility/1"


def test_json_comes_back() -> None:
    value = {
        "max_questions": 12,
        "eligibility": [
            {"name": "enemies"},
            {"name": "question_sets"},
            {"name": "area_limits", "limits": [{"area": "a", "minimum": 2}, {"area": "b", "maximum": 3}]},
            {
                "name": "area_targets",
                "targets": [{"area": "a", "share": 0.75}, {"area": "b", "share": 0.25}],
            },
        ],
    }
    assert CatRules.from_json(value).to_json() == value
    with pytest.raises(RulesError) as caught:
        rules({"name": "area_limits", "limits": [{"area": "a", "minimum": 3, "maximum": 2}]})
    assert caught.value.problems[0][0] == "/eligibility/0/limits/0/maximum"


def test_names_of_questions_become_codes() -> None:
    items = [
        ItemParameters(concepts=(1.0,), area="a", enemy_groups=("x", "y"), question_set="s"),
        ItemParameters(concepts=(1.0,)),
        ItemParameters(concepts=(1.0,), area="b", enemy_groups=("y",)),
        ItemParameters(concepts=(1.0,), area="a"),
    ]
    attributes = ItemBank.from_parameters(items).attributes
    assert attributes.area.names == ("a", "b")
    assert attributes.area.codes.tolist() == [0, -1, 1, 0]
    assert [members.tolist() for members in attributes.area.members] == [[0, 3], [2]]
    assert attributes.area.counts.tolist() == [2, 1]
    assert attributes.question_set.codes.tolist() == [0, -1, -1, -1]
    assert [members.tolist() for members in attributes.enemies.members] == [[0], [0, 2]]
    assert attributes.enemies.of_item(0) == [0, 1]


def test_a_pool_without_names_holds_nothing_of_its_length() -> None:
    attributes = ItemBank.from_arrays(concepts=np.ones((1000, 1))).attributes
    assert attributes.area.codes.strides == (0,)
    assert attributes.question_set.codes.strides == (0,)
    assert attributes.enemies.items.size == 0


@pytest.mark.parametrize("field", ["area", "question_set", "enemy_groups"])
def test_names_are_texts(field: str) -> None:
    with pytest.raises(ItemParameterError) as caught:
        ItemParameters(concepts=(1.0,), **{field: 5 if field != "enemy_groups" else ("",)})  # type: ignore[arg-type]
    assert caught.value.field == field
