"""Simulated tests: the same whichever way they are computed, and as good as theory says."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.psychometrics.ability.grid_posteriors import grid_posterior
from testing_engine.psychometrics.ability.grids import grids_for
from testing_engine.psychometrics.ability.posterior import Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.components import EDITION
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.whole_tests import pool
from testing_engine.simulation import lockstep
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.students import Students
from testing_engine.simulation.taking import one_by_one

seeds = st.integers(0, 2**32 - 1)


def mixed_pool(rng: np.random.Generator, n: int = 60) -> ItemBank:
    items = []
    for i in range(n):
        location, slope = float(rng.normal()), float(rng.lognormal(0.1, 0.3))
        steps = tuple(np.sort(rng.normal(0, 1, 3)).tolist())
        if i % 3 == 0:
            items.append(
                ItemParameters(concepts=(1.0,), difficulty=location, discrimination=slope, guessing=0.2)
            )
        else:
            model = "GRM" if i % 3 == 1 else "GPCM"
            items.append(
                ItemParameters((1.0,), model, difficulty=location, discrimination=slope, thresholds=steps)
            )
    return ItemBank.from_parameters(items)


def both_ways(
    bank: ItemBank, rules: CatRules, thetas: np.ndarray, seed: int, prior: NormalPrior | None
) -> None:
    students = Students.drawn(thetas, 1, min(rules.max_questions, bank.n_items), seed)
    belief = prior or rules.prior_rule.prior(1)
    assert lockstep.understood(bank, rules, belief)
    together = lockstep.take_tests(bank, rules, belief, students)
    alone = one_by_one(bank, rules, prior, students)
    np.testing.assert_array_equal(together.items, alone.items)
    np.testing.assert_array_equal(together.scores, alone.scores)
    assert together.stops.tolist() == alone.stops.tolist()
    np.testing.assert_allclose(together.estimates, alone.estimates, atol=1e-12)
    np.testing.assert_allclose(together.standard_errors, alone.standard_errors, atol=1e-12)


@settings(deadline=None, max_examples=12)
@given(
    seed=seeds,
    mixed=st.booleans(),
    rules=st.sampled_from(
        [
            {"max_questions": 12},
            {"max_questions": 25, "min_questions": 3, "stop": [{"name": "precision", "standard_error": 0.4}]},
            {
                "max_questions": 50,
                "stop": [
                    {"name": "classification", "cuts": [-0.5, 0.8], "probability": 0.9},
                    {"name": "precision", "standard_error": 0.2},
                ],
            },
            {"max_questions": 9, "prior": {"name": "uniform", "lower": -3, "upper": 3}},
            {"max_questions": 60, "strategy": {"name": "randomesque", "count": 3}},
            {"max_questions": 12, "start": {"name": "randomesque", "counts": [40, 20, 2]}},
        ]
    ),
)
def test_lock_step_gives_the_tests_that_next_step_gives(
    seed: int, mixed: bool, rules: dict[str, object]
) -> None:
    rng = np.random.default_rng(seed)
    bank = mixed_pool(rng) if mixed else pool(rng, 90)
    both_ways(bank, CatRules.from_json(rules), rng.normal(0, 1.5, 6), seed, None)


@settings(deadline=None, max_examples=6)
@given(seed=seeds, mixed=st.booleans(), closed=st.floats(0, 1))
def test_lock_step_draws_what_exposure_rules_draw(seed: int, mixed: bool, closed: float) -> None:
    """Down to tests for which rules leave nothing but what they mind least."""
    rng = np.random.default_rng(seed)
    bank = mixed_pool(rng, 24) if mixed else pool(rng, 24)
    numbers = np.where(rng.random((4, 24)) < closed, rng.choice([0.0, 0.1], (4, 24)), rng.random((4, 24)))
    by_band = [
        {"name": "item_eligibility", "cuts": [-0.3, 0.4], "probabilities": numbers[:3].tolist()},
        {"name": "item_eligibility", "probabilities": numbers[:1].tolist()},
    ]
    stepwise = {"name": "sympson_hetter", "probabilities": numbers[1].tolist()}
    rates = {"name": "maximum_rate", "rates": numbers[2].tolist(), "maximum": 0.3}
    for rules in ([by_band[0]], [stepwise], [rates, by_band[1], stepwise]):
        stop = [{"name": "precision", "standard_error": 0.45}]
        drawn = {"strategy": {"name": "randomesque"}} if rng.random() < 0.5 else {}
        asked = CatRules.from_json({"max_questions": 24, "eligibility": rules, "stop": stop, **drawn})
        both_ways(bank, asked, rng.normal(0, 1.5, 5), seed, None)


@pytest.mark.parametrize("fewest", [0, 1, 3])
def test_no_test_ends_before_its_first_question(fewest: int) -> None:
    """However much is known before it, in lock-step as in a service."""
    bank, sure = pool(np.random.default_rng(7), 60), NormalPrior(np.array([0.3]), np.array([[0.04]]))
    stops = [{"name": "precision", "standard_error": 0.3}, {"name": "classification", "cuts": [-3.0]}]
    for stop in stops:
        rules = CatRules.from_json({"min_questions": fewest, "max_questions": 9, "stop": [stop]})
        both_ways(bank, rules, np.linspace(-1, 1, 8), 3, sure)
        lengths = simulate(bank, rules, np.linspace(-1, 1, 8), 3, sure).lengths
        assert (lengths == max(fewest, 1)).all()


def test_lock_step_with_a_prior_and_a_large_pool() -> None:
    rng = np.random.default_rng(11)
    both_ways(
        pool(rng, 20_000),
        CatRules(max_questions=15),
        rng.normal(0, 2, 10),
        4,
        NormalPrior(np.array([0.7]), np.array([[2.0]])),
    )


def test_lock_step_with_questions_of_equal_information() -> None:
    # Uneven steps: half-way between two difficulties, which of them is best hangs on an estimate's last bit.
    bank = ItemBank.from_arrays(concepts=np.ones((40, 1)), difficulty=np.repeat([-1.0, 0.13, 1.1, 2.3], 10))
    both_ways(bank, CatRules(max_questions=20), np.linspace(-2, 2, 20), 5, None)


def test_lock_step_goes_to_a_finer_grid_where_it_must() -> None:
    rng = np.random.default_rng(2)
    bank = ItemBank.from_arrays(
        concepts=np.ones((80, 1)), discrimination=rng.uniform(4, 8, 80), difficulty=rng.normal(0, 1, 80)
    )
    stops = {"stop": [{"name": "classification", "cuts": [0.1, 0.15], "probability": 0.999}]}
    for rules in (CatRules(max_questions=30), CatRules.from_json(stops | {"max_questions": 80})):
        both_ways(bank, rules, rng.normal(0, 1, 10), 6, None)


def test_lock_step_looks_farther_out_where_it_must() -> None:
    """Who answers all of sixty questions alike may be beyond the ends of the first grid."""
    bank = ItemBank.from_arrays(np.ones((60, 1)), discrimination=1.5)
    both_ways(bank, CatRules(max_questions=60), np.array([-30.0, 0.0, 30.0]), 7, None)
    prior = NormalPrior.standard(1)
    whole = grid_posterior(bank, Answers(tuple(range(60)), (1,) * 60), prior)
    assert whole.quadrature.upper > grids_for(bank, prior, EDITION).first.upper


def test_students_in_blocks_take_the_tests_that_they_take_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, thetas = pool(np.random.default_rng(3), 80), np.linspace(-2, 2, 25)
    whole = simulate(bank, CatRules(max_questions=8), thetas, 5)
    monkeypatch.setattr(lockstep, "MOST_AT_ONCE", 7)
    parts = simulate(bank, CatRules(max_questions=8), thetas, 5)
    np.testing.assert_array_equal(whole.items, parts.items)
    np.testing.assert_allclose(whole.estimates, parts.estimates, atol=1e-12)


def test_the_same_seed_gives_the_same_simulation() -> None:
    bank, thetas = pool(np.random.default_rng(3), 100), np.linspace(-2, 2, 40)
    first, again, other = (simulate(bank, CatRules(max_questions=10), thetas, seed) for seed in (5, 5, 6))
    assert first.items.tobytes() == again.items.tobytes()
    assert first.estimates.tobytes() == again.estimates.tobytes()
    assert first.scores.tobytes() != other.scores.tobytes()


def test_other_rules_and_several_dimensions_run_too() -> None:
    bank = pool(np.random.default_rng(3), 60, dimensions=2)
    rules = CatRules.from_json({"max_questions": 8, "strategy": {"name": "randomesque", "count": 3}})
    thetas = np.random.default_rng(4).normal(size=(20, 2))
    result = simulate(bank, rules, thetas, 1)
    assert result.estimates.shape == (20, 2)
    assert (result.lengths == 8).all()
    assert len(result.report().rmse) == 2
    assert result.items.tobytes() == simulate(bank, rules, thetas, 1).items.tobytes()


def test_rules_that_cannot_work_are_refused() -> None:
    rules = CatRules.from_json({"eligibility": [{"name": "sympson_hetter", "probabilities": [1.0]}]})
    with pytest.raises(RulesError):
        simulate(pool(np.random.default_rng(3), 60), rules, [0.0], 1)


def test_answers_follow_the_model() -> None:
    bank = mixed_pool(np.random.default_rng(6), 6)
    count = 20_000
    students = Students.drawn(np.full(count, 0.4), 1, 6, 7)
    for item in range(6):
        scores = students.answers(bank, np.arange(count), np.full(count, item), item)
        expected = bank.probabilities([0.4])[item]
        shares = np.bincount(scores, minlength=len(expected)) / count
        assert np.abs(shares - expected).max() < 5 * np.sqrt(0.25 / count)


def test_a_report_by_hand() -> None:
    bank = ItemBank.from_arrays(concepts=np.ones((4, 1)))
    result = simulate(bank, CatRules(max_questions=2), [-1.0, 1.0, 2.0], 1)
    report = result.report(cuts=[0.0])
    distance = result.estimates[:, 0] - np.array([-1.0, 1.0, 2.0])
    assert report.bias[0] == pytest.approx(distance.mean())
    assert report.rmse[0] == pytest.approx(np.sqrt((distance**2).mean()))
    right = np.sign(result.estimates[:, 0]) == [-1, 1, 1]
    assert report.accuracy == pytest.approx(right.mean())
    assert report.stops == (("length", 1.0),)
    pairs = [(0, 1), (0, 2), (1, 2)]
    common = [len(set(result.items[a]) & set(result.items[b])) / 2 for a, b in pairs]
    assert report.overlap == pytest.approx(np.mean(common))
    assert result.exposure_rates().sum() == pytest.approx(2)
    low, high = result.along([0.0])
    assert (low.students, high.students) == (1, 2)
    assert high.bias[0] == pytest.approx(distance[1:].mean())
    empty = result.along([5.0])[1]
    assert empty.students == 0
    assert np.isnan(empty.rmse[0])
    assert set(asdict(report)) >= {"coverage", "mean_length", "largest_exposure"}


def test_processes_share_the_students_and_change_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Student by student, in a pool of which a part is not calibrated."""
    rng = np.random.default_rng(5)
    items = [
        ItemParameters(
            (1.0, float(i % 2)),
            difficulty=float(rng.normal()),
            state="not_calibrated" if i == 3 else "operational",
        )
        for i in range(16)
    ]
    bank, told = ItemBank.from_parameters(items), list[float]()
    bank.derived(("what cannot be sent",), lambda: lambda: None)
    asked = ItemBank.from_parameters(items), CatRules(max_questions=4), rng.normal(size=(9, 2)), 11
    alone, shared = simulate(*asked), simulate(bank, *asked[1:], tell=told.append, processes=2)
    for name, own in vars(alone.taken).items():
        np.testing.assert_array_equal(getattr(shared.taken, name), own)
    assert told[-1] == 1
    assert capfd.readouterr().out == ""


def test_an_estimate_has_the_same_bits_however_many_are_computed_together() -> None:
    """Students of one block, of blocks of three, and of one each."""
    rng = np.random.default_rng()
    items = [ItemParameters((1.0,), difficulty=float(rng.normal())) for _ in range(30)]
    bank, rules, thetas = ItemBank.from_parameters(items), CatRules(max_questions=8), rng.normal(size=(9, 1))
    whole = simulate(bank, rules, thetas, 11)
    shared = simulate(bank, rules, thetas, 11, processes=3)
    for name, own in vars(whole.taken).items():
        np.testing.assert_array_equal(getattr(shared.taken, name), own)
