"""What one more answer would tell about a question's own parameters: the D-optimal design of trying it out.

With x the ability along the question's direction, the parameters are its slope along it, its intercepts (one
for each boundary or step) and, where it has a guessing parameter, the logit of that. Expected information of
an answer at x about them, P_k being the probability of category k:

    F(x) = Σ_k ∇P_k ∇P_kᵀ / P_k         2PL: P (1 − P) (x, 1)ᵀ (x, 1)

What n answers have told is M = n E F(x) + R, x normal with the mean and spread of the students who gave them,
and weak normal priors R that keep it regular. (A design by the exact sum over the students is no better in
simulations.) The student who is asked adds F*, the mean of F over what is known of their ability, and what
counts is the growth of the D-criterion, log det(M + F*) − log det M: twice the expected information of that
answer in nats. Unlike the growth of the determinant itself it compares questions with different numbers of
parameters, and no scale of theirs matters. Berger (1992) for the designs of one question; van der Linden and
Ren (2015) and Ren, van der Linden and Diao (2017) for the choice among questions in adaptive tests.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, Graded, Logistic, Nominal

SLOPE_SD, INTERCEPT_SD, GUESSING_SD = 1.0, 3.0, 0.5  # of R; logits, of the guessing parameter its own
STUDENTS = np.linspace(-4, 4, 33)  # who were asked, in standard deviations
KEPT = 4  # M of one question, for plans that run at the same time
BELIEF = np.linspace(-2.5, 2.5, 11)  # of one student, in standard errors


@dataclass(frozen=True)
class Asked:
    """Who answered a question so far: how many, and mean and standard deviation of their x."""

    answers: int
    mean: float = 0.0
    spread: float = 1.0


def is_estimated(bank: ItemBank, item: int) -> bool:
    """Whether its parameters were ever estimated: what stands in for unknown ones lies at 0, and no estimate
    does. Never of the nominal model, whose estimates have their difficulty in each category."""
    return bool(bank.intercepts[item] != 0)


def growth(bank: ItemBank, item: int, asked: Asked, ability: AbilityEstimate) -> float:
    """By how much the student's answer makes log det of the information about its parameters grow."""
    direction = direction_of(bank, item)
    middle = float(direction @ ability.theta)
    variance = float(direction @ ability.covariance @ direction)
    error = float(np.sqrt(min(max(variance, 0.0), 1.0))) if np.isfinite(variance) else 1.0
    known = _known_from(bank, item, asked)
    more = _mean_information(bank, item, middle + error * BELIEF, BELIEF)
    return float(np.linalg.slogdet(known + more)[1] - np.linalg.slogdet(known)[1])


def parameter_information(bank: ItemBank, item: int, x: FloatArray) -> FloatArray:
    """(G, p, p) expected information of an answer about the question's p parameters, at x (G,)."""
    gradients, p = _gradients(bank, item, x)
    present = p > 0
    weights = np.where(present, 1 / np.where(present, p, 1.0), 0.0)
    information: FloatArray = np.einsum("kgi,kgj,kg->gij", gradients, gradients, weights)
    return information


def direction_of(bank: ItemBank, item: int) -> FloatArray:
    """(D,) of length 1: x is ability along it."""
    direction: FloatArray = bank.slopes[item] / bank.steepness[item]
    return direction


def _known_from(bank: ItemBank, item: int, asked: Asked) -> FloatArray:
    """(p, p) M, remembered for the latest."""

    def make() -> FloatArray:
        x = asked.mean + asked.spread * STUDENTS
        return asked.answers * _mean_information(bank, item, x, STUDENTS) + _prior(bank, item)

    return bank.derived((f"known of parameters of {item}", asked), make, keep=KEPT)


def _mean_information(bank: ItemBank, item: int, x: FloatArray, deviates: FloatArray) -> FloatArray:
    """(p, p) over x, each as likely as its standard normal deviate."""
    weights = np.exp(-(deviates**2) / 2)
    information = parameter_information(bank, item, x)
    mean: FloatArray = np.einsum("g,gij->ij", weights / weights.sum(), information)
    return mean


def _gradients(bank: ItemBank, item: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(K, G, p) of each category's probability in the parameters, and the probabilities (K, G)."""
    family = bank.families[bank.family_of[item]].take(bank.row_of[[item]])
    t = (bank.steepness[item] * x + bank.intercepts[item])[None]
    curves = family.curves(t)
    p = curves.p[:, 0]
    first = p * curves.r1[:, 0]
    columns = [] if _has_fixed_slope(bank, item) else [first * x]
    if isinstance(family, Graded):
        columns += _of_boundaries(family, t[0])
    elif isinstance(family, Nominal):
        columns += _of_steps(p)
    elif isinstance(family, Logistic):
        columns.append(first)
        if (low := _guessing(bank, item)) > 0:  # P = c + (u − c) σ(t), so ∂P/∂c = 1 − σ(t)
            missed = low * (1 - low) * (family.upper[0] - p[1]) / (family.upper[0] - low)
            columns.append(np.stack([-missed, missed]))
    return np.stack(columns, axis=-1), p


def _of_boundaries(family: Graded, t: FloatArray) -> list[FloatArray]:
    """P_k = σ(t + d_k) − σ(t + d_{k+1}): a boundary moves what lies at either side of it."""
    columns = []
    for k, boundary in enumerate(family.boundaries[0][np.isfinite(family.boundaries[0])], start=1):
        z = -np.abs(t + boundary)
        column = np.zeros((family.boundaries.shape[1] + 1, len(t)))
        column[k] = np.exp(z) / (1 + np.exp(z)) ** 2
        column[k - 1] = -column[k]
        columns.append(column)
    return columns


def _of_steps(p: FloatArray) -> list[FloatArray]:
    """log P_k has every step up to k: ∂P_k/∂d_m = P_k (1{k ≥ m} − Σ_{l ≥ m} P_l)."""
    categories = np.arange(len(p))[:, None]
    used = int(np.flatnonzero(p.max(axis=1) > 0)[-1])
    return [p * ((categories >= m) - p[m:].sum(axis=0)) for m in range(1, used + 1)]


def _prior(bank: ItemBank, item: int) -> FloatArray:
    """(p, p) R, a diagonal."""
    slopes = [] if _has_fixed_slope(bank, item) else [SLOPE_SD]
    intercepts = [INTERCEPT_SD] * (int(bank.n_categories[item]) - 1)
    guessing = [GUESSING_SD] if _guessing(bank, item) > 0 else []
    return np.diag([sd**-2.0 for sd in (*slopes, *intercepts, *guessing)])


def _has_fixed_slope(bank: ItemBank, item: int) -> bool:
    """A slope of exactly 1 is a model's (1PL, PCM, RSM), and no estimate."""
    return bool(bank.steepness[item] == 1)


def _guessing(bank: ItemBank, item: int) -> float:
    family = bank.families[bank.family_of[item]]
    return float(family.guessing[bank.row_of[item]]) if isinstance(family, Logistic) else 0.0
