"""The one function that service, simulator and replay call."""

import numpy as np
import pytest

from testing_engine.psychometrics.ability.posterior import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, explain, next_step
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameterError, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.reference_data import catr_bank, mirtcat_bank, reference


def test_first_question_is_the_most_informative_at_the_prior_mean() -> None:
    bank = catr_bank("tcals")
    step = next_step(TestSoFar(bank, CatRules(), None, 0, [], []))
    assert step.stop is None
    assert step.next_item == reference("catR_full_cats_dichotomous")["runs"][0]["items"][0] - 1
    assert step.ability.theta[0] == pytest.approx(0, abs=1e-12)
    assert step.ability.standard_error[0] == pytest.approx(1, abs=1e-12)


def test_a_step_is_a_pure_function() -> None:
    fresh, used = catr_bank("tcals"), catr_bank("tcals", 1.702)
    del fresh
    first = next_step(TestSoFar(used, CatRules(), None, 7, [3, 1, 4], [1, 0, -1]))
    next_step(TestSoFar(used, CatRules(), NormalPrior.standard(1), 8, [5, 6], [1, 1]))
    again = next_step(TestSoFar(used, CatRules(), None, 7, [3, 1, 4], [1, 0, -1]))
    assert (first.next_item, first.ability.theta.tobytes()) == (
        again.next_item,
        again.ability.theta.tobytes(),
    )


def test_a_missing_answer_says_nothing_but_uses_its_question() -> None:
    bank = catr_bank("tcals")
    with_gap = next_step(TestSoFar(bank, CatRules(), None, 0, [62, 10], [-1, 1]))
    without = next_step(TestSoFar(bank, CatRules(), None, 0, [10], [1]))
    assert with_gap.ability.theta == without.ability.theta
    assert without.next_item == 62
    assert with_gap.next_item != 62


@pytest.mark.parametrize(
    ("criteria", "answered", "reason"),
    [
        ({"type": "fixed_length", "max_questions": 3, "min_questions": 1}, 2, None),
        ({"type": "fixed_length", "max_questions": 3, "min_questions": 1}, 3, "length"),
        ({"type": "precision", "precision_threshold": 0.9, "min_questions": 1}, 4, "precision"),
        ({"type": "precision", "precision_threshold": 0.9, "min_questions": 5}, 4, None),
        ({"type": "classification", "cut_scores": [-3.0], "min_questions": 1}, 4, "classification"),
        ({"type": "classification", "cut_scores": [-3.0, -1.9], "min_questions": 1}, 4, None),
        ({"max_questions": 99}, 85, "exhausted"),
    ],
)
def test_simple_end_criteria(criteria: dict[str, object], answered: int, reason: str | None) -> None:
    rules = CatRules.from_end_criteria(**criteria)  # type: ignore[arg-type]
    items = list(range(answered))
    scores = [index % 2 for index in items]
    assert next_step(TestSoFar(catr_bank("tcals"), rules, None, 0, items, scores)).stop == reason


def test_several_dimensions_choose_by_posterior_d_optimality() -> None:
    state = reference("mirtCAT_multidim")["banks"][0]["states"][1]
    bank = mirtcat_bank(2)
    items = [item - 1 for item in state["administered"]]
    rules = CatRules.from_json({"ability": {"name": "MAP"}})
    step = next_step(TestSoFar(bank, rules, None, 0, items, state["x"]))
    np.testing.assert_allclose(step.ability.theta, state["theta_MAP"], atol=1e-5)
    np.testing.assert_allclose(step.ability.standard_error, state["se_MAP"], atol=1e-5)
    leaders = explain(TestSoFar(bank, rules, None, 0, items, state["x"]), count=40)
    values = dict(
        zip(state["criteria"]["DPrule"]["items"], state["criteria"]["DPrule"]["values"], strict=True)
    )
    for leader in leaders.candidates:
        assert leader.value == pytest.approx(values[leader.item + 1], abs=1e-4)


def test_everything_wrong_with_the_rules_is_told() -> None:
    with pytest.raises(RulesError) as caught:
        CatRules.from_json(
            {"max_questions": 0, "stop": [{"name": "never"}], "strategy": {"name": "best", "x": 1}}
        )
    assert [pointer for pointer, _ in caught.value.problems] == [
        "/strategy/x",
        "/stop/0/name",
        "/max_questions",
    ]
    with pytest.raises(RulesError) as caught:
        CatRules.from_end_criteria(type="precision", precision_threshold=-1)
    assert caught.value.problems[0][0] == "/precision_threshold"


def test_items_are_refused_by_field() -> None:
    with pytest.raises(ItemParameterError) as caught:
        ItemParameters(concepts=(1.0,), model="GRM", thresholds=(1.0, 0.5))
    assert caught.value.field == "thresholds"


def test_mixed_pool_runs_to_its_end() -> None:
    bank = ItemBank.from_parameters(
        [
            ItemParameters(concepts=(1.0,), difficulty=0.5, guessing=0.2),
            ItemParameters(concepts=(1.0,), model="GRM", thresholds=(-1.0, 0.0, 2.0)),
            ItemParameters(concepts=(1.0,), model="GPCM", discrimination=1.3, thresholds=(-1.0, 1.0)),
            ItemParameters(
                concepts=(1.0,),
                model="NRM",
                category_slopes=(0.0, 1.0, 0.4),
                category_intercepts=(0.0, 0.2, -1.0),
            ),
        ]
    )
    items: list[int] = []
    while (
        step := next_step(TestSoFar(bank, CatRules(), None, 0, items, [1] * len(items)))
    ).next_item is not None:
        items.append(step.next_item)
    assert step.stop == "exhausted"
    assert sorted(items) == [0, 1, 2, 3]
