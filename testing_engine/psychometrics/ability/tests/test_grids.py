"""EAP's grids against one so fine and wide that nothing is left to doubt, of posteriors hard to integrate."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings

from testing_engine.psychometrics.ability.grid_posteriors import grid_posterior
from testing_engine.psychometrics.ability.posterior import Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.tests.pools import SEEDS

PROMISED = 1e-6
STEP = 0.004
FINE = np.arange(-10, 10 + STEP / 2, STEP)
STANDARD = NormalPrior.standard(1)


@dataclass(frozen=True)
class Exact:
    """A posterior under N(0, 1), by the trapezoid rule on 5,001 nodes."""

    mass: FloatArray

    @classmethod
    def of(cls, bank: ItemBank, answers: Answers) -> "Exact":
        likelihood = Likelihood(bank, answers)
        t = likelihood.slopes * FINE + likelihood.intercepts[:, None]
        log_density = likelihood.log_p(t).sum(axis=0) - 0.5 * FINE**2
        mass = np.exp(log_density - log_density.max())
        return cls(mass / mass.sum())

    @property
    def mean(self) -> float:
        return float(self.mass @ FINE)

    @property
    def sd(self) -> float:
        return float(np.sqrt(self.mass @ (FINE - self.mean) ** 2))

    def below(self, place: int) -> float:
        """The share up to a node, with the end's correction of Euler and Maclaurin."""
        rise = (self.mass[place + 1] - self.mass[place - 1]) / 2
        return float(self.mass[:place].sum() + self.mass[place] / 2 - rise / 12)


def hard(seed: int, model: str) -> tuple[ItemBank, Answers]:
    """Up to 40 answers to steep questions about one ability, most of them equally difficult."""
    rng = np.random.default_rng(seed)
    n, centre = int(rng.integers(1, 41)), rng.normal()
    steep = rng.uniform(1, 3 if model in ("GPCM", "NRM") else 5.5)
    alike = rng.random() < 0.6
    slopes = np.where(rng.random(n) < 0.7, steep, rng.uniform(0.5, 1, n) * steep)
    difficulty = centre + (0.0 if alike else rng.normal(0, 0.5, n))
    guessing = rng.uniform(0, 0.25, n) if model in ("3PL", "4PL") else 0.0
    upper = rng.uniform(0.9, 1, n) if model == "4PL" else 1.0
    apart = float(rng.choice([0.5, 3.0]))
    thresholds = rng.normal(0, apart, (n, 3))
    if model == "GRM":
        thresholds = np.sort(thresholds, axis=1) + np.arange(3) * 0.01
    category_slopes = slopes[:, None] * rng.uniform(-1.5, 1.5, (n, 4))
    category_intercepts = -slopes[:, None] * rng.normal(0, apart, (n, 4))
    is_nominal = model == "NRM"
    bank = ItemBank.from_arrays(
        np.ones((n, 1)),
        model,
        discrimination=1.0 if is_nominal else slopes,
        difficulty=difficulty,
        guessing=guessing,
        upper=upper,
        thresholds=thresholds if model in ("GRM", "GPCM") else None,
        category_slopes=category_slopes if is_nominal else None,
        category_intercepts=category_intercepts if is_nominal else None,
    )
    scores = rng.integers(0, bank.n_categories)
    if model in ("2PL", "3PL") and alike:
        scores = np.arange(n) % 2  # half of them right: the narrowest there is
    return bank, Answers(np.arange(n), scores)


@pytest.mark.parametrize("model", ["2PL", "3PL", "4PL", "GRM", "GPCM", "NRM"])
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_hard_posteriors_are_integrated_as_promised(model: str, seed: int) -> None:
    bank, answers = hard(seed, model)
    exact, ours = Exact.of(bank, answers), grid_posterior(bank, answers, STANDARD)
    assert ours.mean == pytest.approx(exact.mean, abs=PROMISED)
    assert ours.sd == pytest.approx(exact.sd, abs=PROMISED)
    place = int(np.abs(FINE - exact.mean - exact.sd * ((seed % 7) / 2 - 1.5)).argmin())
    assert ours.below(float(FINE[place])) == pytest.approx(exact.below(place), abs=PROMISED)


def posterior_of(right: int, wrong: int, sd: float = 1.0) -> tuple[ItemBank, Answers, NormalPrior]:
    n = right + wrong
    bank = ItemBank.from_arrays(np.ones((max(n, 1), 1)), "2PL", discrimination=1.2)
    answers = Answers(tuple(range(n)), (1,) * right + (0,) * wrong)
    return bank, answers, NormalPrior(np.zeros(1), np.array([[sd**2]]))


@pytest.mark.parametrize(
    ("right", "wrong", "sd", "points"),
    [
        (0, 0, 1.0, 81),
        (5, 5, 1.0, 81),  # every other node is enough
        (40, 40, 1.0, 161),  # s = 0.18
        (60, 0, 1.0, 161),  # all right: the grid reaches twice as far
        (0, 0, 1.5, 161),  # so does the prior
    ],
)
def test_a_posterior_gets_the_nodes_that_it_needs(right: int, wrong: int, sd: float, points: int) -> None:
    bank, answers, prior = posterior_of(right, wrong, sd)
    assert grid_posterior(bank, answers, prior).quadrature.points == points


def test_a_prior_may_be_as_narrow_as_a_rounding_error() -> None:
    bank, answers, prior = posterior_of(0, 0, 1e-5)
    found = grid_posterior(bank, answers, prior)
    assert found.sd == pytest.approx(1e-5, rel=1e-6)
    assert found.below(1e-5) == pytest.approx(0.8413447, abs=1e-6)


def test_a_second_peak_far_from_a_narrow_one_is_seen() -> None:
    """Twelve right answers by chance, or not: a grid of twelve standard deviations would end between them."""
    n = 30
    bank = ItemBank.from_arrays(np.ones((n, 1)), "3PL", discrimination=5.0, difficulty=2.6, guessing=0.25)
    answers = Answers(tuple(range(n)), (1,) * 20 + (0,) * 10)
    exact, ours = Exact.of(bank, answers), grid_posterior(bank, answers, STANDARD)
    assert ours.sd == pytest.approx(exact.sd, abs=PROMISED)
