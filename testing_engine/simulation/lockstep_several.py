"""All students take their next step at once in several dimensions: EP and posterior D, stops by precision.

The loops of one student's step, over all students in one call, with the bits of each one's own. Where EP's
quick run does not settle, an estimate is out of reach or a matrix all but singular, the one student's own
step is asked.
"""

from functools import partial

import numpy as np

from testing_engine.psychometrics.ability.estimators import ExpectationPropagation
from testing_engine.psychometrics.ability.expectation_propagation import moments_of_each
from testing_engine.psychometrics.ability.posterior import LEAST_ERROR, MOST_ERROR, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior
from testing_engine.psychometrics.components import THIRD_EDITION
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.determinants import best_of_each
from testing_engine.psychometrics.kernels.leaders import most_first
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.optimality import DOptimality
from testing_engine.psychometrics.selection.strategies import Best
from testing_engine.psychometrics.stopping import Precision, Stop
from testing_engine.simulation.lockstep import Tell, in_blocks, reasons_to_end
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken

NUMBERS_AT_ONCE = 500_000  # students × questions, several of eight bytes each
MOST_AT_ONCE = 500  # students
WORST_CONDITION = 1e9  # of a prior's precision, so that no matrix below is nearly singular


def understood(bank: ItemBank, rules: CatRules, prior: Prior, students: Students) -> bool:
    """Whether this module does what `next_step` does under these rules."""
    return (
        rules.is_adaptive(bank)
        and rules.edition > THIRD_EDITION
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
    unused, active = np.ones((count, bank.n_items), dtype=bool), np.arange(count)
    known = most_first(bank), columns_of(bank), prior.precision
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
        active, items, scores, means = (each[~stopped] for each in (active, items, scores, means))
        if not active.size:
            break
        tell(position / longest)
        means.setflags(write=False)  # as an estimate is, so that nothing else is compiled for it
        is_regular, chosen = best_of_each(*known, items, means, unused[active])
        for row in np.flatnonzero(~is_regular).tolist():
            item = next_step(TestSoFar(bank, rules, prior, 0, items[row], scores[row])).next_item
            assert item is not None
            chosen[row] = item
        answers = students.answers(bank, active, chosen, position)
        unused[active, chosen] = False
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
    has_settled, means, covariances = moments_of_each(bank, items, scores, prior)
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    within = (variances >= LEAST_ERROR**2).all(axis=1) & (variances <= MOST_ERROR**2).all(axis=1)
    alone = ~(has_settled & within & np.isfinite(means).all(axis=1))
    for row in np.flatnonzero(alone).tolist():
        answers = Answers(items[row], scores[row])
        estimate = rules.ability_for(bank).estimate(bank, answers, prior)[0].limited()
        means[row], covariances[row] = estimate.theta, estimate.covariance
    return means, covariances


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
