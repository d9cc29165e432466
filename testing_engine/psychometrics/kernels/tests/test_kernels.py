"""Compiled loops against NumPy's formulas: the same numbers, but for rounding."""

import numpy as np
import pytest
from hypothesis import given, settings

from testing_engine.psychometrics.ability import third_edition
from testing_engine.psychometrics.ability.expectation_propagation import moments_of_each, posterior_moments
from testing_engine.psychometrics.ability.posterior import Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import MODELS, ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.curves import add_log_p, information
from testing_engine.psychometrics.kernels.determinants import (
    Known,
    best_of_each,
    determinants,
    leading_determinants,
)
from testing_engine.psychometrics.kernels.leaders import most_first
from testing_engine.psychometrics.kernels.matrices import inverted
from testing_engine.psychometrics.kernels.posteriors import answer_logs, looked_at
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.pools import SEEDS, random_answers, random_pool


def drawn(seed: int, questions: int = 40) -> tuple[ItemBank, Answers, NormalPrior]:
    """Questions of every model, answers by chance, and a prior with correlations."""
    rng = np.random.default_rng(seed)
    dimensions = int(rng.integers(2, 7))
    bank = random_pool(rng, questions, dimensions)
    answers = Answers.given(*random_answers(rng, bank, int(rng.integers(1, 21))))
    root = rng.normal(0, 0.5, (dimensions, dimensions))
    prior = NormalPrior(rng.normal(0, 0.5, dimensions), 0.3 * np.eye(dimensions) + root @ root.T)
    return bank, answers, prior


@pytest.mark.parametrize("model", [*MODELS, "all in one pool"])
def test_answers_and_information_are_those_of_the_response_models(model: str) -> None:
    rng = np.random.default_rng(5)
    bank = random_pool(rng, 27, 1, MODELS if model == "all in one pool" else (model,))
    columns = columns_of(bank)
    t = np.array([-400.0, -30.0, -3.0, 0.0, 0.4, 2.0, 35.0, 400.0])
    thetas = (t[None, :] - bank.intercepts[:, None]) / bank.slopes  # (N, 8)
    for item in range(bank.n_items):
        log_p = bank.log_probabilities(thetas[item][:, None], np.array([item]))[:, 0]  # (K, 8)
        for score in range(bank.n_categories[item]):
            total = np.ones(len(t))
            add_log_p(columns, item, score, t[0], 1.0, t - t[0], total)
            np.testing.assert_allclose(total, 1 + log_p[score], rtol=1e-9, atol=1e-9)
        expected = bank.information(thetas[item][:, None], np.array([item]))[0]
        own = columns.kind[item], columns.begin[item], columns.width[item]
        found = [information(columns.numbers, *own, float(each)) for each in t]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("model", [*MODELS, "all in one pool"])
def test_tables_of_answers_are_those_of_the_response_models(model: str) -> None:
    rng = np.random.default_rng(6)
    bank = random_pool(rng, 27, 1, MODELS if model == "all in one pool" else (model,))
    nodes = Quadrature(-40.0, 40.0, 33).nodes  # far out, for what underflows
    items = rng.permutation(27)[:20]
    found = np.empty((20, bank.most_categories, len(nodes)))
    answer_logs(columns_of(bank), items, nodes, found)
    expected = bank.log_probabilities(nodes[:, None], items)
    np.testing.assert_allclose(found.swapaxes(0, 1), expected, rtol=1e-9, atol=1e-9)


def test_a_posterior_s_sums_are_numpy_s() -> None:
    rng, quadrature = np.random.default_rng(7), Quadrature(-6.4, 6.4, 81)
    entries, log_prior = -rng.random((9, 81)), -0.5 * quadrature.nodes**2
    rows, weights = np.array([4, 0, 7]), np.empty(81)
    sums = looked_at(entries, rows, log_prior, quadrature.alternating, weights)
    log_density = entries[rows].sum(axis=0) + log_prior
    expected = np.exp(log_density - log_density.max())
    np.testing.assert_allclose(weights, expected, rtol=1e-13)
    np.testing.assert_allclose(sums, expected @ quadrature.alternating, atol=1e-13)


@settings(deadline=None, max_examples=15)
@given(seed=SEEDS)
def test_an_inverse_and_what_has_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 8))
    root = rng.normal(size=(size, size))
    matrix = root @ root.T + 0.1 * np.eye(size)
    factor, inverse = np.zeros((size, size)), np.empty((size, size))
    assert inverted(matrix, factor, inverse)
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-12)
    np.testing.assert_allclose(inverse @ matrix, np.eye(size), atol=1e-9)
    np.testing.assert_array_equal(inverse, inverse.T)
    assert not inverted(matrix - 2 * np.trace(matrix) * np.eye(size), factor, inverse)
    assert not inverted(matrix * np.nan, factor, inverse)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_expectation_propagation_settles_where_it_did(seed: int) -> None:
    bank, answers, prior = drawn(seed)
    found, before = (
        run(bank, answers, prior) for run in (posterior_moments, third_edition.posterior_moments)
    )
    assert found.found_by == before.found_by
    np.testing.assert_allclose(found.theta, before.theta, atol=1e-9)
    np.testing.assert_allclose(found.covariance, before.covariance, atol=1e-9)
    np.testing.assert_array_equal(found.covariance, found.covariance.T)
    np.testing.assert_allclose(found.skewness, before.skewness, atol=1e-7)
    assert found.overall.skewness == pytest.approx(before.overall.skewness, abs=1e-7)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_the_leaders_are_those_of_a_full_scan(seed: int) -> None:
    """By NumPy as by the loop; twins have one value, and the first of them comes first."""
    bank, answers, prior = drawn(seed)
    rng = np.random.default_rng(seed)
    bank = bank.subset(np.concatenate([np.arange(40), rng.integers(0, 40, 40)]))
    theta = rng.normal(size=bank.n_dimensions)
    first, known = most_first(bank), Known(columns_of(bank), prior.precision, answers.items, theta)
    values, may_come = np.empty(80), rng.random(80) < 0.8
    may_come[answers.items] = False
    assert determinants(known, values)
    matrices = prior.precision + _information(bank, theta, answers.items)
    gains = bank.information(theta) * np.einsum(
        "nd,de,ne->n", bank.slopes, np.linalg.inv(matrices), bank.slopes
    )
    np.testing.assert_allclose(values, np.linalg.det(matrices) * (1 + gains), rtol=1e-9)
    expected = np.argsort(np.where(may_come, -values, np.inf), kind="stable")[:7]
    leaders, leading = np.empty(7, dtype=np.intp), np.empty(7)
    assert leading_determinants(first, known, may_come, leaders, leading)
    assert leaders.tolist() == expected.tolist()
    np.testing.assert_array_equal(leading, values[expected])
    found, best = best_of_each(
        first, known.columns, prior.precision, answers.items[None], theta[None], may_come[None]
    )
    assert found.all()
    assert best.tolist() == [expected[0]]


def test_a_matrix_that_is_all_but_singular_is_none() -> None:
    bank = ItemBank.from_arrays(np.eye(2), discrimination=1e6)
    columns, items, values = columns_of(bank), np.array([0]), np.empty(2)
    assert not determinants(Known(columns, np.eye(2), items, np.zeros(2)), values)
    assert determinants(Known(columns, np.eye(2), items[:0], np.zeros(2)), values)


def test_students_together_have_the_bits_of_each_alone() -> None:
    rng, prior = np.random.default_rng(4), NormalPrior.equally_correlated(3, 0.3)
    bank = random_pool(rng, 40, 3)
    items = np.array([rng.permutation(40)[:9] for _ in range(6)])
    scores = (rng.random(items.shape) < 0.5).astype(np.intp)
    has_settled, means, covariances = moments_of_each(bank, items, scores, prior)
    for row in range(6):
        alone = posterior_moments(bank, Answers(items[row], scores[row]), prior)
        assert has_settled[row]
        np.testing.assert_array_equal(means[row], alone.theta)
        np.testing.assert_array_equal(covariances[row], alone.covariance)


def test_a_plan_of_the_third_edition_has_the_bits_that_it_had() -> None:
    """And one of now has others, or this could not tell them apart."""
    bits = {}
    for edition in (3, 4):
        rules = CatRules.from_json({"max_questions": 30, "edition": edition})
        bits[edition] = b""
        for seed in range(5):
            bank, answers, prior = drawn(seed)
            step = next_step(
                TestSoFar(bank, rules, prior, 0, answers.items.tolist(), answers.scores.tolist())
            )
            own = third_edition.posterior_moments(bank, answers, prior)
            bits[edition] += step.ability.theta.tobytes()
            assert edition == 4 or step.ability.theta.tobytes() == own.theta.tobytes()
    assert bits[3] != bits[4]


def _information(bank: ItemBank, theta: FloatArray, items: IntArray) -> FloatArray:
    slopes = bank.slopes[items]
    total: FloatArray = (slopes * bank.information(theta, items)[:, None]).T @ slopes
    return total
