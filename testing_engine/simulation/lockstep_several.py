"""All students take their next step at once in several dimensions: EP and posterior D, stops by precision.

Where EP's quick run does not settle, or an estimate is out of reach, the one student's own step is asked.
"""

from functools import partial

import numpy as np

from testing_engine.psychometrics.ability.estimators import ExpectationPropagation
from testing_engine.psychometrics.ability.posterior import LEAST_ERROR, MOST_ERROR, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.optimality import DOptimality
from testing_engine.psychometrics.selection.strategies import Best
from testing_engine.psychometrics.stopping import Precision, Stop
from testing_engine.simulation.lockstep import Tell, in_blocks, reasons_to_end
from testing_engine.simulation.lockstep_propagation import posterior_moments
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken

NUMBERS_AT_ONCE = 500_000  # students × questions, several of eight bytes each
MOST_AT_ONCE = 500  # students
WORST_CONDITION = 1e9  # of a prior's precision, so that no matrix below is nearly singular


def understood(bank: ItemBank, rules: CatRules, prior: Prior, students: Students) -> bool:
    """Whether this module does what `next_step` does under these rules."""
    return (
        rules.is_adaptive(bank)
        and bank.n_dimensions > 1
        and students.recorded is None
        and rules.ability_for(bank) == ExpectationPropagation()
        and rules.criterion_for(bank) == DOptimality()
        and rules.strategy == Best()
        and rules.start is None
        and not rules.eligibility
        and isinstance(prior, NormalPrior)
        and float(np.linalg.cond(prior.precision)) < WORST_CONDITION
        and all(type(stop) is Precision for stop in rules.stop)
    )


def take_tests(
    bank: ItemBank, rules: CatRules, prior: NormalPrior, students: Students, tell: Tell = lambda share: None
) -> Taken:
    """Every student's whole test; as many at once as memory should hold."""
    at_once = int(np.clip(NUMBERS_AT_ONCE // bank.n_items, 1, MOST_AT_ONCE))
    return in_blocks(students, at_once, partial(_take_block, bank, rules, prior), tell)


def _take_block(bank: ItemBank, rules: CatRules, prior: NormalPrior, students: Students, tell: Tell) -> Taken:
    count, longest = len(students.thetas), min(rules.max_questions, bank.n_items)
    taken = Taken.blank(count, longest, bank.n_dimensions)
    gains = Gains(bank, prior)
    used, active = np.zeros((count, bank.n_items), dtype=bool), np.arange(count)
    for position in range(longest + 1):
        items, scores = taken.items[active, :position], taken.scores[active, :position]
        means, covariances = beliefs(bank, rules, prior, items, scores)
        meet = partial(_meet, bank, covariances)
        reasons = reasons_to_end(rules, position, np.full(len(active), longest), meet)
        stopped = reasons != ""
        ended = active[stopped]
        taken.stops[ended], taken.estimates[ended] = reasons[stopped], means[stopped]
        taken.standard_errors[ended] = np.sqrt(np.diagonal(covariances[stopped], axis1=1, axis2=2))
        overall = np.maximum(covariances[stopped].mean(axis=(1, 2)), 0.0)
        taken.overall_errors[ended] = np.sqrt(overall)
        active, items, means = active[~stopped], items[~stopped], means[~stopped]
        if not active.size:
            break
        tell(position / longest)
        values = gains.values(items, means)
        values[used[active]] = -np.inf
        chosen = values.argmax(axis=1)
        answers = students.answers(bank, active, chosen, position)
        used[active, chosen] = True
        taken.items[active, position], taken.scores[active, position] = chosen, answers
        taken.before[active, position] = means
    return taken


def beliefs(
    bank: ItemBank, rules: CatRules, prior: NormalPrior, items: IntArray, scores: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(A, D) means and (A, D, D) covariances of students with these answers (A, n)."""
    count, n = items.shape
    if not n:
        means = np.broadcast_to(prior.mean, (count, bank.n_dimensions)).copy()
        return means, np.broadcast_to(prior.covariance, (count, *prior.covariance.shape)).copy()
    found = posterior_moments(bank, items, scores, prior)
    variances = np.diagonal(found.covariance, axis1=1, axis2=2)
    within = (variances >= LEAST_ERROR**2).all(axis=1) & (variances <= MOST_ERROR**2).all(axis=1)
    alone = ~(found.has_settled & within & np.isfinite(found.mean).all(axis=1))
    for row in np.flatnonzero(alone).tolist():
        answers = Answers(items[row], scores[row])
        estimate = rules.ability_for(bank).estimate(bank, answers, prior)[0].limited()
        found.mean[row], found.covariance[row] = estimate.theta, estimate.covariance
    return found.mean, found.covariance


class Gains:
    """What each question of a pool adds to what students' answers tell."""

    def __init__(self, bank: ItemBank, prior: NormalPrior) -> None:
        self.bank, self.prior = bank, prior
        slopes = bank.slopes
        self.across = np.ascontiguousarray(slopes.T)  # (D, N)
        self.first, self.second = np.triu_indices(bank.n_dimensions)
        twice = np.where(self.first == self.second, 1.0, 2.0)
        products = slopes[:, self.first] * slopes[:, self.second] * twice
        self.products = np.ascontiguousarray(products.T)  # (D (D + 1) / 2, N)

    def values(self, items: IntArray, means: FloatArray) -> FloatArray:
        """(A, N) w sᵀM⁻¹s of every question, M what the answers to `items` (A, n) tell at (A, D), and the
        prior: the largest has the largest det(M + w s sᵀ)."""
        matrices = self.prior.precision + self._information(items, means)
        inverses = np.linalg.inv(matrices)
        form = (inverses[:, None, self.first, self.second] @ self.products)[:, 0]
        t = (means[:, None, :] @ self.across)[:, 0] + self.bank.intercepts
        form *= self.bank.information_at(t.T).T
        return np.asarray(form)

    def _information(self, items: IntArray, means: FloatArray) -> FloatArray:
        """(A, D, D)"""
        if not items.shape[1]:
            return np.zeros((len(means), self.bank.n_dimensions, self.bank.n_dimensions))
        slopes = self.bank.slopes[items]
        t = (slopes @ means[:, :, None])[:, :, 0] + self.bank.intercepts[items]
        weights = self.bank.information_at(t.ravel(), items.ravel())
        weighted = slopes * weights.reshape(t.shape)[:, :, None]
        return np.asarray(np.swapaxes(weighted, 1, 2) @ slopes)


def _meet(bank: ItemBank, covariances: FloatArray, stop: Stop) -> BoolArray:
    """(A,) as `Precision.met`; the rules of `understood` only."""
    if not isinstance(stop, Precision):
        raise TypeError(f"no lock-step form of {stop.name}")
    if stop.composite:
        weights = np.array(stop.composite)
        composite = ((covariances @ weights) * weights).sum(axis=1)
        return np.asarray(np.sqrt(composite) <= stop.standard_error)
    errors = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    errors = errors[:, list(stop.dimensions) if stop.dimensions else bank.measured]
    return np.asarray((errors <= (stop.each or stop.standard_error)).all(axis=1))
