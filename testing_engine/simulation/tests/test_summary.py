"""Summaries against sums by hand, and simulations in parts against whole ones."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.packing import packed, unpacked
from testing_engine.simulation.populations import normal_abilities, plausible_abilities
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.summary import EDGES, compare, spearman, summary
from testing_engine.simulation.taken import Taken

seeds = st.integers(0, 2**31 - 1)


def simulation(seed: int, students: int = 60, items: int = 12, concepts: int = 2) -> Simulation:
    """Tests that nobody took: any numbers at all, for sums do not care."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 7, size=students)
    given = np.full((students, 6), -1)
    for student, length in enumerate(lengths):
        given[student, :length] = rng.permutation(items)[:length]
    thetas = rng.normal(size=(students, concepts))
    taken = Taken(
        items=given,
        scores=np.where(given >= 0, 1, -1),
        stops=rng.choice(np.array(["precision", "length"], dtype=object), students),
        estimates=thetas + rng.normal(0, 0.4, thetas.shape),
        standard_errors=rng.uniform(0.2, 0.6, thetas.shape),
        overall_errors=rng.uniform(0.1, 0.4, students),
        before=np.full((students, 6, concepts), np.nan),
        unrecorded=np.zeros(students, dtype=int),
    )
    return Simulation(items, thetas, tuple(range(students)), taken)


@given(seeds)
@settings(max_examples=15)
def test_every_number_is_its_sum(seed: int) -> None:
    made = simulation(seed)
    found = summary(made, cuts=(0.5, -0.5))
    json.dumps(found, allow_nan=False)
    true, told, errors = made.thetas[:, 1], made.estimates[:, 1], made.standard_errors[:, 1]
    for low, high, row in zip((-np.inf, *EDGES), (*EDGES, np.inf), found["along"][1], strict=True):
        inside = [s for s in range(60) if low <= true[s] < high]
        assert row["students"] == len(inside)
        if not inside:
            assert row["bias"] is row["coverage"] is row["mean_length"] is None
            continue
        assert row["bias"] == pytest.approx(sum(told[s] - true[s] for s in inside) / len(inside))
        assert row["rmse"] ** 2 == pytest.approx(sum((told[s] - true[s]) ** 2 for s in inside) / len(inside))
        assert row["mean_standard_error"] == pytest.approx(sum(errors[s] for s in inside) / len(inside))
        held = sum(abs(told[s] - true[s]) <= 1.959963984540054 * errors[s] for s in inside)
        assert row["coverage"] == pytest.approx(held / len(inside))
    assert found["reliability"][1] == pytest.approx(np.corrcoef(true, told)[0, 1] ** 2)

    counted = [sum(item in row for row in made.items.tolist()) for item in range(12)]
    assert found["exposure"]["rates"] == pytest.approx([count / 60 for count in counted])
    assert found["exposure"]["largest"] == found["largest_exposure"] == max(counted) / 60
    assert found["exposure"]["unused"] == counted.count(0) / 12
    assert sum(found["exposure"]["bins"]) == 12
    assert sum(found["lengths"]["counts"].values()) == 60
    assert found["lengths"]["quartiles"][1] == np.median(made.lengths)
    shared = [
        len(set(a) & set(b)) - (-1 in a and -1 in b)
        for i, a in enumerate(made.items.tolist())
        for b in made.items.tolist()[:i]
    ]
    assert found["overlap"] == pytest.approx(np.mean(shared) / np.mean(made.lengths))

    levels = found["levels"][1]
    assert levels["cuts"] == [-0.5, 0.5]
    for row in range(3):
        for column in range(3):
            cell = [s for s in range(60) if level(true[s]) == row and level(told[s]) == column]
            assert levels["students"][row][column] == len(cell)
    assert levels["accuracy"] == pytest.approx(sum(level(t) == level(e) for t, e in zip(true, told)) / 60)  # noqa: B905
    assert levels["wrongly_above"][1] == np.mean([t <= 0.5 < e for t, e in zip(true, told, strict=True)])
    assert levels["wrongly_below"][0] == np.mean([e <= -0.5 < t for t, e in zip(true, told, strict=True)])


def level(theta: float) -> int:
    return sum(theta > cut for cut in (-0.5, 0.5))


def test_kappa_of_a_table_by_hand() -> None:
    """20 of 50 agree below, 15 above: κ = (.7 − .5) / (1 − .5), as in Cohen (1960)'s formula."""
    made = simulation(1, students=50, concepts=1)
    true = np.repeat([-1.0, -1.0, 1.0, 1.0], [20, 5, 10, 15])[:, None]
    told = np.repeat([-1.0, 1.0, -1.0, 1.0], [20, 5, 10, 15])[:, None]
    fields = {**vars(made.taken), "estimates": told}
    found = summary(Simulation(12, true, made.seeds, Taken(**fields)), cuts=(0.0,))["levels"][0]
    assert found["students"] == [[20, 5], [10, 15]]
    assert found["kappa"] == pytest.approx(0.4)


@given(seeds)
@settings(max_examples=15)
def test_two_designs_are_compared_student_by_student(seed: int) -> None:
    first = simulation(seed)
    other = simulation(seed + 1)
    second = Simulation(12, first.thetas, first.seeds, other.taken)
    found = compare(first, second, cuts=(0.0,))
    row = found["concepts"][0]
    a, b, true = first.estimates[:, 0], second.estimates[:, 0], first.thetas[:, 0]
    assert row["ranks"] == pytest.approx(spearmanr(a, b).statistic)
    assert row["ranks_with_truth"] == pytest.approx(
        [spearmanr(a, true).statistic, spearmanr(b, true).statistic]
    )
    pairs = (b - true) ** 2 - (a - true) ** 2
    assert row["squared_error"]["mean"] == pytest.approx(pairs.mean())
    assert row["squared_error"]["standard_error"] == pytest.approx(pairs.std(ddof=1) / np.sqrt(60))
    assert row["same_level"] == pytest.approx(((a > 0) == (b > 0)).mean())
    assert found["length"]["mean"] == pytest.approx((second.lengths - first.lengths).mean())
    same = compare(first, first)
    assert same["concepts"][0]["ranks"] == pytest.approx(1)
    assert same["concepts"][0]["squared_error"]["mean"] == same["length"]["sd"] == 0


def test_ranks() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 400]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(
        1 - 6 * 4 / (5 * 24)
    )  # 1 − 6Σd²/(n(n²−1))
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    with pytest.raises(ValueError, match="same students"):
        compare(simulation(1), simulation(2))


@pytest.mark.parametrize("concepts", [1, 2])
def test_parts_are_the_whole_to_the_last_bit(concepts: int) -> None:
    """Of any number of workers: parts of the same size, in any order."""
    rng = np.random.default_rng(5)
    items = [
        ItemParameters(
            tuple((rng.random(concepts) + 0.1).tolist()),
            difficulty=float(rng.normal()),
            discrimination=float(rng.lognormal(0, 0.3)),
        )
        for _ in range(25)
    ]
    bank, rules = ItemBank.from_parameters(items), CatRules(max_questions=5)
    thetas = normal_abilities(23, [0.0] * concepts, [1.0] * concepts, 0.3 if concepts > 1 else 0, seed=3)
    heard: list[float] = []
    starts = [0, 10, 20]
    parts = {
        start: packed(
            simulate(bank, rules, thetas, 8, members=slice(start, start + 10), tell=heard.append).taken
        )
        for start in reversed(starts)
    }
    joined = Taken.joined([unpacked(parts[start]) for start in starts])
    again = Taken.joined(
        [simulate(bank, rules, thetas, 8, members=slice(start, start + 10)).taken for start in starts]
    )
    whole = simulate(bank, rules, thetas, 8)
    for name in ("items", "scores", "stops", "estimates", "standard_errors", "overall_errors"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(again, name))
        if name in ("items", "scores", "stops"):
            np.testing.assert_array_equal(getattr(joined, name), getattr(whole.taken, name))
        else:
            np.testing.assert_allclose(getattr(joined, name), getattr(whole.taken, name), rtol=1e-12)
    assert heard.count(1) == len(starts)  # of each part how far it is, to its end
    assert min(heard) >= 0


def test_populations_are_what_was_asked_for() -> None:
    """Means within 5 standard errors; spreads and correlations, too."""
    drawn = normal_abilities(20_000, [1.0, -2.0], [0.5, 2.0], 0.4, seed=9)
    assert drawn.mean(axis=0) == pytest.approx([1, -2], abs=5 * 2 / np.sqrt(20_000))
    assert drawn.std(axis=0) == pytest.approx([0.5, 2], rel=0.03)
    assert np.asarray(np.corrcoef(drawn.T))[0, 1] == pytest.approx(0.4, abs=0.035)
    with pytest.raises(ValueError, match="positive definite"):
        normal_abilities(5, [0.0] * 3, [1.0] * 3, -0.6, seed=1)


def test_the_pools_own_students_spread_as_they_do() -> None:
    """EAPs of N(μ, σ²) with error SE have variance σ² − SE²; what is drawn has σ² again."""
    rng = np.random.default_rng(4)
    prior = NormalPrior(np.array([0.5]), np.array([[1.44]]))
    true = prior.mean + 1.2 * rng.normal(size=(20_000, 1))
    error = 0.6
    shrunk = 1.44 / (1.44 + error**2)
    estimates = 0.5 + shrunk * (true - 0.5 + error * rng.normal(size=true.shape))
    drawn = plausible_abilities(20_000, estimates, np.full(true.shape, np.sqrt(shrunk) * error), seed=2)
    assert drawn.mean() == pytest.approx(0.5, abs=0.05)
    assert drawn.std() == pytest.approx(1.2, rel=0.03)
    assert estimates.std() < 1.1


def test_packing_keeps_every_bit() -> None:
    made: Any = simulation(7).taken
    back = unpacked(packed(made))
    for name in ("items", "scores", "stops", "estimates", "standard_errors", "overall_errors"):
        np.testing.assert_array_equal(getattr(back, name), getattr(made, name))
