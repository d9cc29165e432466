"""Criteria against their definitions, computed the slow way, on random pools of every model."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.integrate import quad

from testing_engine.psychometrics.ability.posterior import Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.criteria import information_peaks
from testing_engine.psychometrics.state import CatState
from testing_engine.psychometrics.tests.pools import SEEDS, random_answers, random_pool


def random_state(seed: int, dimensions: int = 1, answered: int = 6) -> CatState:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, dimensions=dimensions)
    return observe(TestSoFar(bank, CatRules(), None, 0, *random_answers(rng, bank, answered)))


def values(state: CatState, **criterion: object) -> FloatArray:
    rules = CatRules.from_json({"criterion": criterion})
    return rules.criterion_for(state.bank).values(state)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_an_answer_is_expected_to_shrink_the_variance(seed: int) -> None:
    # law of total variance
    state = random_state(seed)
    assert (-values(state, name="MEPV") <= state.estimate.covariance[0, 0] + 1e-6).all()


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_expected_variance_is_that_of_the_next_estimates(seed: int) -> None:
    state = random_state(seed)
    item = next(item for item in range(state.bank.n_items) if item not in state.used)
    assert state.posterior is not None
    nodes = state.posterior.quadrature.nodes[:, None]
    weights = state.posterior.density * state.posterior.quadrature.weights
    expected = 0.0
    for score in range(int(state.bank.n_categories[item])):
        items, scores = [*state.answers.items.tolist(), item], [*state.answers.scores.tolist(), score]
        after = observe(TestSoFar(state.bank, CatRules(), None, 0, items, scores)).estimate
        chance = float(weights @ state.bank.probabilities(nodes, np.array([item]))[0, :, score])
        expected += chance * float(after.covariance[0, 0])
    assert -values(state, name="MEPV")[item] == pytest.approx(
        expected, abs=1e-6
    )  # the estimates keep to 1e-6


@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_integrals_are_those_of_adaptive_integration(seed: int) -> None:
    state = random_state(seed)
    bank, likelihood = state.bank, Likelihood(state.bank, state.answers)
    prior = NormalPrior.standard(1)
    here = bank.probabilities(state.estimate.theta)

    def integral(item: int, kind: str) -> float:
        def integrand(theta: float) -> float:
            weight = np.exp(likelihood.at(np.array([theta]))[0] + prior.log_density([theta]))
            if kind == "MPWI":
                told = bank.information([theta], np.array([item]))[0] * bank.squared_steepness[item]
            else:
                p, q = here[item], bank.probabilities([theta], np.array([item]))[0]
                there = p[: bank.n_categories[item]]
                told = (there * np.log(there / q[: len(there)])).sum()
            return float(told * weight / np.sqrt(2 * np.pi))

        pieces = (quad(integrand, end, end + 1, epsabs=1e-12, epsrel=1e-10)[0] for end in range(-8, 8))
        return float(sum(pieces))

    for item in (0, 4, 8):
        for kind in ("MPWI", "KLP"):
            assert values(state, name=kind)[item] == pytest.approx(integral(item, kind), rel=1e-6, abs=1e-12)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_optimality_from_the_inverse_is_that_of_the_whole_matrix(seed: int) -> None:
    state = random_state(seed, dimensions=4)
    bank = state.bank
    weights = bank.information(state.estimate.theta)
    outer = bank.slopes[:, :, None] * bank.slopes[:, None, :]
    matrices = state.information + np.eye(4) + weights[:, None, None] * outer
    np.testing.assert_allclose(values(state, name="D"), np.linalg.det(matrices), rtol=1e-9)
    traces = np.trace(np.linalg.inv(matrices), axis1=1, axis2=2)
    np.testing.assert_allclose(values(state, name="A"), -traces, rtol=1e-9)
    np.testing.assert_allclose(values(state, name="E"), np.linalg.eigvalsh(matrices)[:, 0], rtol=1e-9)
    np.testing.assert_allclose(values(state, name="T"), np.trace(matrices, axis1=1, axis2=2), rtol=1e-9)
    np.testing.assert_allclose(values(state, name="W"), matrices.sum(axis=(1, 2)), rtol=1e-9)


@given(SEEDS)
def test_information_peaks_where_it_says(seed: int) -> None:
    bank = random_pool(np.random.default_rng(seed), models=("1PL", "2PL", "3PL", "4PL"))
    peaks = information_peaks(bank)
    at_peak = np.array([bank.information([peak])[item] for item, peak in enumerate(peaks)])
    for shift in (-0.3, -0.01, 0.01, 0.3):
        beside = np.array([bank.information([peak + shift])[item] for item, peak in enumerate(peaks)])
        assert (beside < at_peak).all()


@pytest.mark.parametrize("name", ["MLWI", "MPWI", "KL", "KLP", "GDI", "GDIP", "MEPV", "MEI"])
def test_large_pools_are_worked_through_in_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = random_state(1)
    at_once = values(state, name=name)
    fresh = state.bank.subset(np.arange(state.bank.n_items))
    monkeypatch.setattr("testing_engine.psychometrics.selection.integrals.TABLE_ENTRIES", 0)
    monkeypatch.setattr("testing_engine.psychometrics.ability.quadrature.TABLE_ENTRIES", 0)
    items, scores = state.answers.items.tolist(), state.answers.scores.tolist()
    in_pieces = values(observe(TestSoFar(fresh, CatRules(), None, 0, items, scores)), name=name)
    np.testing.assert_allclose(in_pieces, at_once, rtol=1e-10, atol=1e-13)
