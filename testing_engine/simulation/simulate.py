"""Simulated students take adaptive tests under given rules, through the engine that real students meet."""

from collections.abc import Callable
from dataclasses import replace

import numpy.typing as npt

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting, in_use
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.simulation.processes import Work, take_tests_in
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.students import Students
from testing_engine.simulation.taking import take_tests

NOBODY_KNOWS = "questions without parameters cannot be simulated: nobody knows yet how they are answered"
EVERYBODY = slice(None)


def simulate(
    bank: ItemBank,
    rules: CatRules,
    thetas: npt.ArrayLike,  # (S,) or (S, D) true abilities
    seed: int,
    prior: NormalPrior | None = None,
    members: slice = EVERYBODY,
    tell: Callable[[float], None] = lambda share: None,
    processes: int = 1,
) -> Simulation:
    """One test per true ability. The same arguments give the same simulation. Raises `RulesError` where the
    rules cannot work with the pool.

    With `members` only these take it, as they do among all: parts one after the other are the whole.
    `tell` hears from time to time which share of them is done, and may break off by an exception.

    EAP with maximum information runs in lock-step over all students, everything else student by student;
    both give the same tests (but for questions whose information is equal to the last bits). With several
    `processes` they share the students; a script that asks for some needs `if __name__ == "__main__":`.

    Pilots are left out: nobody knows how they are answered, and nothing depends on it. A test in linear or
    random order finds no abilities: their estimates are NaN.
    """
    rules.check(bank)
    rules = replace(rules, pilots=None)
    part = counting(bank)
    if part.bank is None or (not rules.is_adaptive(bank) and in_use(bank).n_items > part.n_items):
        raise RulesError([("", NOBODY_KNOWS)])
    longest = min(rules.max_questions, part.n_items)
    students = Students.drawn(thetas, bank.n_dimensions, longest, seed).among(members)
    if processes > 1:
        taken = take_tests_in(processes, Work(bank, rules, prior, students), tell)
    else:
        taken = take_tests(part, rules, prior, students, tell)
    return Simulation(bank.n_items, students.thetas, students.seeds, taken)
