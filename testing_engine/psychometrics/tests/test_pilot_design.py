"""Which pilot a student is asked: by what the answer would tell about the question's parameters."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.engine import TestSoFar, explain, is_pilot, next_step
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.pilot_design import Asked, growth, parameter_information
from testing_engine.psychometrics.pilots import MOST_COMPARED, Pilots, chosen
from testing_engine.psychometrics.rules import CatRules, RulesError

# Of each model: a question by its free numbers, and these.
FREE: dict[str, tuple[list[str], list[float], dict[str, Any]]] = {
    "1PL": (["difficulty"], [0.7], {}),
    "2PL": (["discrimination", "difficulty"], [1.3, 0.4], {}),
    "3PL": (["discrimination", "difficulty", "guessing"], [0.9, -0.8, 0.2], {}),
    "GRM": (["discrimination", "thresholds"], [1.4, -1.0, 0.2, 1.1], {"difficulty": 0.5}),
    "GPCM": (["discrimination", "thresholds"], [1.2, 0.6, -0.9], {"difficulty": -0.3}),
    "PCM": (["thresholds"], [0.4, -0.7, 1.0], {"difficulty": 0.2}),
}


def bank_with(model: str, numbers: FloatArray) -> ItemBank:
    names, _, fixed = FREE[model]
    fields: dict[str, Any] = dict(zip(names, map(float, numbers), strict=False))
    if names[-1] == "thresholds":
        fields["thresholds"] = tuple(map(float, numbers[len(names) - 1 :]))
    return ItemBank.from_parameters([ItemParameters((1.0,), model=model, **fixed, **fields)])


@pytest.mark.parametrize("model", FREE)
def test_information_is_that_of_the_probabilities(model: str) -> None:
    """Against Σ_k ∇P_k ∇P_kᵀ / P_k by finite differences in the pool's own numbers. Theirs is another
    parametrisation, so what compares is the trace of F(x) (Σ_x F)⁻¹, which no parametrisation changes."""
    numbers = np.array(FREE[model][1])
    x = np.linspace(-2, 2, 9)

    def p_of(given: FloatArray) -> FloatArray:
        return np.asarray(bank_with(model, given).probabilities(x[:, None])[0].T)

    h = 1e-5
    steps = h * np.eye(len(numbers))
    gradients = np.stack([(p_of(numbers + step) - p_of(numbers - step)) / (2 * h) for step in steps], -1)
    brute = np.einsum("kgi,kgj,kg->gij", gradients, gradients, 1 / p_of(numbers))
    ours = parameter_information(bank_with(model, numbers), 0, x)
    total = brute.sum(axis=0), ours.sum(axis=0)
    wanted = [np.trace(np.linalg.solve(total[0], each)) for each in brute]
    np.testing.assert_allclose(
        [np.trace(np.linalg.solve(total[1], each)) for each in ours], wanted, rtol=1e-6
    )


def test_growth_is_that_of_the_determinant() -> None:
    """2PL by hand: M = n ∫ P Q (x, 1)ᵀ(x, 1) dN + diag(1, 1/9)."""
    bank = ItemBank.from_parameters([ItemParameters((0.6, 0.8), difficulty=0.5, discrimination=1.5)])
    theta, covariance = np.array([0.3, 1.2]), np.array([[0.2, 0.05], [0.05, 0.1]])

    def information(mean: float, sd: float) -> FloatArray:
        x = np.linspace(mean - 4 * sd, mean + 4 * sd, 2001)
        weights = np.exp(-(((x - mean) / sd) ** 2) / 2)
        p = 1 / (1 + np.exp(-1.5 * (x - 0.5)))
        rows = np.stack([x, np.ones_like(x)], axis=1)
        return np.asarray(np.einsum("g,gi,gj->ij", weights / weights.sum() * p * (1 - p), rows, rows))

    known = 150 * information(-0.2, 0.9) + np.diag([1, 1 / 9])
    direction = np.array([0.6, 0.8])
    more = information(direction @ theta, np.sqrt(direction @ covariance @ direction))
    wanted = np.log(np.linalg.det(known + more) / np.linalg.det(known))
    found = growth(bank, 0, Asked(150, -0.2, 0.9), AbilityEstimate(theta, covariance))
    assert found == pytest.approx(wanted, rel=0.02)  # the belief is cut at 2.5 standard errors


def pool_of(difficulties: FloatArray, slopes: FloatArray) -> ItemBank:
    counting = [ItemParameters((1.0,), difficulty=b) for b in np.linspace(-2, 2, 24)]
    tried = [
        ItemParameters((1.0,), difficulty=float(b), discrimination=float(a), state="not_calibrated")
        for a, b in zip(slopes, difficulties, strict=True)
    ]
    return ItemBank.from_parameters([*counting, *tried])


def test_errors_shrink_faster_than_by_random_seeding() -> None:
    """The same students, their abilities known as after ten questions; true information of their answers."""
    rng = np.random.default_rng()
    errors = {"random": np.zeros(3), "designed": np.zeros(3)}
    for _ in range(2):
        b, a = np.array([-2.0, -0.7, 0.7, 2.0]) + rng.uniform(-0.3, 0.3, 4), rng.uniform(0.8, 1.6, 4)
        guessed = pool_of(b + rng.normal(0, 0.2, 4), a * np.exp(rng.normal(0, 0.15, 4)))
        true = pool_of(b, a)
        theta = rng.normal(size=1000)
        believed = theta + rng.normal(0, 0.4, 1000)
        given = rng.permutation(np.arange(1000) % 4)
        for how in errors:
            asked = given.copy()
            for at in range(400, 1000 if how == "designed" else 400):
                if at % 20 == 0:
                    so_far = [believed[:at][asked[:at] == k] for k in range(4)]
                    known = [Asked(len(x), x.mean(), x.std()) for x in so_far]
                belief = AbilityEstimate(believed[at : at + 1], np.array([[0.16]]))
                asked[at] = np.argmax([growth(guessed, 24 + k, known[k], belief) for k in range(4)])
            for k in range(4):
                information = parameter_information(true, 24 + k, theta[asked == k]).sum(axis=0)
                covariance = np.linalg.inv(information)
                along = np.array([b[k], 1]) / a[k]  # ∂b in slope and intercept, but for the sign
                worth = np.sqrt(along @ covariance @ along), np.sqrt(covariance[0, 0]) / a[k]
                errors[how] += [*worth, -np.linalg.slogdet(information)[1]]
    assert (errors["designed"] < errors["random"]).all()


RULES: dict[str, Any] = {"max_questions": 18}
PILOTS: dict[str, Any] = {"count": 2, "items": [24, 25, 26, 27], "means": [0.0, 0.1, -0.1, 0.0]}
KNOWN = {**PILOTS, "answers": [100, 125, 150, 100], "spreads": [1.0, 1.0, 1.1, 0.9]}
BANK = pool_of(np.array([-1.5, -0.5, 0.5, 1.5]), np.array([1.0, 1.2, 0.8, 1.4]))


def take(bank: ItemBank, rules: CatRules, seed: int) -> list[int]:
    """A student who knows the seed's share of the answers."""
    so_far = TestSoFar(bank, rules, None, seed)
    answers = np.random.default_rng(seed).random(bank.n_items) < seed % 5 / 4
    while (item := next_step(so_far).next_item) is not None:
        items = [*so_far.items, item]
        so_far = replace(so_far, items=items, scores=[int(answers[each]) for each in items])
    return list(so_far.items)


@pytest.mark.parametrize("seed", [3, 4, 2**61])
def test_a_whole_test_asks_the_pilot_of_which_its_student_tells_most(seed: int) -> None:
    rules = CatRules.from_json({**RULES, "pilots": KNOWN})
    rules.check(BANK)
    items = take(BANK, rules, seed)
    stored = CatRules.from_plan(rules.to_plan())
    assert stored == rules
    fresh = pool_of(np.array([-1.5, -0.5, 0.5, 1.5]), np.array([1.0, 1.2, 0.8, 1.4]))
    assert take(fresh, stored, seed) == items
    assert [item for item in items if item < 24] == take(BANK, CatRules.from_json(RULES), seed)
    answers = np.random.default_rng(seed).random(BANK.n_items) < seed % 5 / 4
    tried = [at for at, item in enumerate(items) if item >= 24]
    assert len(tried) == 2
    for at in tried:
        given = items[:at]
        so_far = TestSoFar(BANK, rules, None, seed, given, [int(answers[each]) for each in given])
        assert is_pilot(so_far, items[at])
        ability = next_step(so_far).ability
        values = {
            item: growth(BANK, item, Asked(count, mean, spread), ability)
            for item, count, mean, spread in zip(
                KNOWN["items"], KNOWN["answers"], KNOWN["means"], KNOWN["spreads"], strict=True
            )
            if item not in given
        }
        assert items[at] == max(values, key=lambda item: values[item])
        why = explain(so_far)
        assert (why.by, why.criterion) == ("pilot", "D-optimal")
        assert {each.item: each.value for each in why.candidates} == values
        assert why.candidates[0] == why.chosen


def test_until_then_they_are_drawn() -> None:
    """Fewer than 100 answers, or parameters that nobody estimated: the same test as without those numbers."""
    drawn = CatRules.from_json({**RULES, "pilots": {"count": 2, "items": [24, 25, 26, 27]}})
    few = CatRules.from_json({**RULES, "pilots": {**KNOWN, "answers": [99, 99, 0, 99]}})
    unknown = pool_of(np.zeros(4), np.ones(4))
    many = CatRules.from_json({**RULES, "pilots": KNOWN})
    for seed in range(4):
        assert take(BANK, few, seed) == take(BANK, drawn, seed)
        assert take(unknown, many, seed) == take(unknown, drawn, seed)


def test_those_that_are_seeded_keep_their_share_and_many_cost_no_more() -> None:
    n = 3 * MOST_COMPARED
    bank = pool_of(np.linspace(-2, 2, n + 1)[1:], np.ones(n) * 1.1)
    items = tuple(range(24, 24 + n))
    half = tuple(100 * (k % 2) for k in range(n))
    pilots = Pilots(items=items, answers=half, means=(0.0,) * n, spreads=(1.0,) * n)
    ability = AbilityEstimate(np.array([0.3]), np.array([[0.2]]))
    ways = []
    for seed in range(60):
        how, values = chosen(pilots, bank, ability, seed, 0, items)
        ways.append(how)
        assert (how, values) == chosen(pilots, bank, ability, seed, 0, items)
        assert (half[values[0][0] - 24] == 100) == (how == "D-optimal")
        assert how == "random" or len(values) == MOST_COMPARED
    assert 15 < ways.count("random") < 45


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"answers": [100]}, ["/pilots/answers"]),
        ({"answers": []}, ["/pilots/means", "/pilots/spreads"]),
        ({"items": None}, ["/pilots/answers", "/pilots/means", "/pilots/spreads"]),
        ({"spreads": [1, 1, 1, -1]}, ["/pilots/spreads/3"]),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(RulesError) as refused:
        CatRules.from_json({**RULES, "pilots": {**KNOWN, **change}})
    assert [pointer for pointer, _ in refused.value.problems] == pointers
