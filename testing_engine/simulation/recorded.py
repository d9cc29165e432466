"""Persons who answered a pool already take adaptive tests on it: a design is held against what they said.

Post-hoc (real-data) simulation: the design chooses among the questions that a person answered, and the next
answer is the recorded one. What it finds is compared with the estimate from all that the person answered. In
the hybrid form (Nydick & Weiss 2009) answers that are missing are drawn by the model first, so that the whole
pool can be asked of everybody and the estimate is that of all questions. They are drawn at a plausible value
of the person, N(θ̂, SE²), so that filled answers are as uncertain as the person's ability is.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.items.response import IntArray
from testing_engine.psychometrics.rules import WITHOUT_PARAMETERS, CatRules, RulesError
from testing_engine.simulation.result import Criterion, Simulation
from testing_engine.simulation.simulate import EVERYBODY
from testing_engine.simulation.students import Students
from testing_engine.simulation.taking import take_tests

LEFT_OUT, DRAWN = "left_out", "drawn"
MISSING = (LEFT_OUT, DRAWN)  # what becomes of answers that there are not
MISSING_DRAW = 3  # stream of one simulation's seed, beside those of `students` and `populations`
CRITERION_SHARE = 0.2  # of the work, as the bar shows it


def replay_answers(
    bank: ItemBank,
    rules: CatRules,
    answers: IntArray,  # (S, N) categories of the pool's questions, −1 where there is no answer
    seed: int,
    criterion_rules: CatRules | None = None,
    missing: str = LEFT_OUT,
    members: slice = EVERYBODY,
    tell: Callable[[float], None] = lambda share: None,
) -> Simulation:
    """One test per person. The same arguments give the same simulation; with `members` only these take it,
    as they do among all. Raises `RulesError` where the rules cannot work with the pool.

    The criterion is what a test under `criterion_rules` (None: these rules) would say after all that the
    person answered: their estimator and prior. Only questions with parameters count. A test ends as
    "exhausted" where the person has no answer left.
    """
    rules.check(bank)
    rules, part = replace(rules, pilots=None), counting(bank)
    if part.bank is None or not rules.is_adaptive(bank):
        raise RulesError([("/selection", WITHOUT_PARAMETERS)])
    own = answers[members][:, part.places]
    judge = replace(criterion_rules or rules, pilots=None).for_part(part)
    known = _filled(part.bank, judge, own, seed, members) if missing == DRAWN else own
    criterion = _criterion(part.bank, judge, known, lambda share: tell(share * CRITERION_SHARE))
    criterion = replace(criterion, answered=np.asarray((own >= 0).sum(axis=1)))
    seeds = Students.drawn(np.zeros((len(answers), 1)), 1, 0, seed).seeds[members]
    blank = np.zeros((len(own), min(rules.max_questions, part.n_items)))
    students = Students(criterion.estimates, seeds, blank, known)
    taken = take_tests(
        part,
        rules,
        None,
        students,
        lambda share: tell(CRITERION_SHARE + share * (1 - CRITERION_SHARE)),
    )
    if missing == DRAWN:
        taken = replace(taken, unrecorded=_drawn_answers(taken.items, answers[members]))
    return Simulation(bank.n_items, criterion.estimates, students.seeds, taken, criterion)


def _criterion(
    bank: ItemBank, rules: CatRules, answers: IntArray, tell: Callable[[float], None]
) -> Criterion:
    """From all answers (S, M)."""
    estimates, errors = (np.zeros((len(answers), bank.n_dimensions)) for _ in range(2))
    overall = np.zeros(len(answers))
    for person in range(len(answers)):
        found = _estimate(bank, rules, answers[person])
        estimates[person], errors[person] = found.theta, found.standard_error
        overall[person] = found.overall.standard_error
        tell((person + 1) / len(answers))
    return Criterion(estimates, errors, overall, np.asarray((answers >= 0).sum(axis=1)))


def _estimate(bank: ItemBank, rules: CatRules, answers: IntArray) -> AbilityEstimate:
    items = np.flatnonzero(answers >= 0)
    so_far = TestSoFar(bank, rules, None, 0, items.tolist(), answers[items].tolist())
    return observe(so_far).estimate


def _filled(bank: ItemBank, rules: CatRules, own: IntArray, seed: int, members: slice) -> IntArray:
    """(S, M) with answers drawn where there are none; a stream for each person."""
    filled, usual = own.copy(), replace(rules, ability=None)  # which knows something of everybody
    start = members.start or 0
    for person in range(len(own)):
        lacking = np.flatnonzero(own[person] < 0)
        if not lacking.size:
            continue
        rng = np.random.default_rng((seed, MISSING_DRAW, start + person))
        found = _estimate(bank, usual, own[person])
        theta = found.theta + np.linalg.cholesky(found.covariance) @ rng.normal(size=bank.n_dimensions)
        alike = np.repeat(theta[None, :], len(lacking), axis=0)
        drawn = Students(alike, (), rng.random(bank.n_items)[lacking, None])
        filled[person, lacking] = drawn.answers(bank, np.arange(len(lacking)), lacking, 0)
    return filled


def _drawn_answers(items: IntArray, answers: IntArray) -> IntArray:
    """(S,) how many questions of each test had no recorded answer."""
    of_tests = np.take_along_axis(answers, np.maximum(items, 0), axis=1)
    return np.asarray(((items >= 0) & (of_tests < 0)).sum(axis=1))
