"""What is believed of a student before the first answer: the rules' prior, a scale's correlation, a hint."""

import math

import numpy as np
import pytest

from testing_engine.psychometrics.ability.overall import overall_score
from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.ability.prior_rules import StandardNormal
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, explain, next_step
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.stopping import Precision


def bank(concepts: int = 1) -> ItemBank:
    """40 questions, from easy to hard, that measure the concepts in turn."""
    return ItemBank.from_parameters(
        [
            ItemParameters(
                concepts=tuple(float(i % concepts == k) for k in range(concepts)),
                difficulty=(i - 20) / 7,
                discrimination=1.2,
            )
            for i in range(40)
        ]
    )


def test_a_hint_moves_the_choice_and_nothing_else() -> None:
    nothing = NormalPrior.standard(1)
    far_up = NormalPrior.correlated([2.0], [0.5], 0.0)
    plain = next_step(TestSoFar(bank(), CatRules(), nothing, 1, [], []))
    hinted = next_step(TestSoFar(bank(), CatRules(), nothing, 1, [], [], far_up))
    assert hinted.ability.theta == pytest.approx(0.0, abs=1e-9)
    assert hinted.ability.standard_error == pytest.approx(1.0)
    assert plain.next_item is not None
    assert hinted.next_item is not None
    assert hinted.next_item - plain.next_item > 10  # as far up as the hint is
    assert hinted.next_item == next_step(TestSoFar(bank(), CatRules(), far_up, 1, [], [])).next_item


def test_a_hint_does_not_end_the_test() -> None:
    rules = CatRules(stop=(Precision(0.5),), max_questions=40)
    sure = NormalPrior.correlated([0.0], [0.1], 0.0)  # by which every test would be over
    items, scores = [20, 21, 19], [1, 0, 1]
    plain = next_step(TestSoFar(bank(), rules, None, 1, items, scores))
    hinted = next_step(TestSoFar(bank(), rules, None, 1, items, scores, sure))
    assert next_step(TestSoFar(bank(), rules, sure, 1, items, scores)).stop == "precision"
    assert (plain.stop, hinted.stop) == (None, None)
    assert hinted.ability.theta.tolist() == plain.ability.theta.tolist()


def test_the_explanation_is_of_the_hinted_choice() -> None:
    hint = NormalPrior.correlated([2.0], [0.5], 0.0)
    chosen = explain(TestSoFar(bank(), CatRules(), None, 1, [], [], hint), count=3).chosen
    assert chosen is not None
    assert chosen.item == next_step(TestSoFar(bank(), CatRules(), None, 1, [], [], hint)).next_item


def test_a_scale_lets_abilities_correlate_unless_the_rules_bring_a_prior() -> None:
    assert CatRules().on_scale(0.3, 5) == CatRules(prior=StandardNormal(0.3))
    assert CatRules().on_scale(0.3, 1) == CatRules().on_scale(0.0, 5) == CatRules()
    independent = CatRules(prior=StandardNormal())
    assert independent.on_scale(0.3, 5) == independent


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.95])
def test_an_answer_in_one_concept_tells_of_another_that_correlates(correlation: float) -> None:
    rules = CatRules().on_scale(correlation, 2)
    first, second = next_step(
        TestSoFar(bank(2), rules, None, 1, [20, 22, 24], [1, 1, 1])
    ).ability.theta.tolist()
    assert first > 0.3
    assert second / first == pytest.approx(correlation, abs=1e-6)


def test_left_out_and_standard_are_not_the_same() -> None:
    """Only what was left out gives way to what is known of a student."""
    assert CatRules.from_json({"prior": {"name": "standard"}}).prior == StandardNormal()
    assert CatRules.from_json({}).prior is CatRules.from_json({"prior": None}).prior is None
    assert CatRules(prior=StandardNormal()).to_json() == {"prior": {"name": "standard"}}
    with pytest.raises(RulesError, match="/prior/correlation"):
        CatRules.from_json({"prior": {"name": "standard", "correlation": 1.5}}).check(bank(2))


def test_a_correlated_prior_scales_with_the_deviations() -> None:
    prior = NormalPrior.correlated([1.0, 2.0], [0.5, 2.0], 0.3)
    assert prior.mean.tolist() == [1.0, 2.0]
    assert prior.covariance == pytest.approx(np.array([[0.25, 0.3], [0.3, 4.0]]))
    independent = NormalPrior.correlated([0.0, 0.0], [0.5, 0.7], 0.0).covariance
    assert independent.tolist() == np.diag(np.square([0.5, 0.7])).tolist()


def test_the_overall_score_is_the_mean_with_its_error() -> None:
    """Var of (θ₁ + θ₂) / 2 is (v₁ + v₂ + 2c) / 4; a concept without a question does not count."""
    covariance = np.array([[0.25, 0.05, 0.0], [0.05, 0.16, 0.0], [0.0, 0.0, 1.0]])
    estimate = AbilityEstimate(np.array([1.0, 0.5, 3.0]), covariance)
    assert overall_score(estimate, bank(3), [0, 1, 3]) == pytest.approx((0.75, math.sqrt(0.51) / 2))
    assert overall_score(estimate, bank(3), [0, 3]) is overall_score(estimate, bank(3), []) is None
