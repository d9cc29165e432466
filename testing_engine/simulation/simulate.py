"""Simulated students take adaptive tests under given rules, through the engine that real students meet."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import Part, counting, in_use
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.steps import Step
from testing_engine.simulation import lockstep
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken

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
) -> Simulation:
    """One test per true ability. The same arguments give the same simulation. Raises `RulesError` where the
    rules cannot work with the pool.

    With `members` only these take it, as they do among all: parts one after the other are the whole.
    `tell` hears from time to time which share of them is done, and may break off by an exception.

    EAP with maximum information runs in lock-step over all students, everything else student by student;
    both give the same tests (but for questions whose information is equal to the last bits).

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
    taken = take_tests(part, rules, prior, students, tell)
    return Simulation(bank.n_items, students.thetas, students.seeds, taken)


def take_tests(
    part: Part,
    rules: CatRules,
    prior: NormalPrior | None,
    students: Students,
    tell: Callable[[float], None] = lambda share: None,
) -> Taken:
    """Every student's whole test, its questions in the numbers of the whole pool."""
    assert part.bank is not None
    belief = prior or rules.prior_rule.prior(part.bank.n_dimensions)
    own = rules.for_part(part)
    if lockstep.understood(part.bank, own, belief):
        taken = lockstep.take_tests(part.bank, own, belief, students)
    else:
        taken = one_by_one(part.bank, own, prior, students, tell)
    if not part.is_whole:
        taken.items[taken.items >= 0] = part.places[taken.items[taken.items >= 0]]
    taken.freeze()
    return taken


def one_by_one(
    bank: ItemBank,
    rules: CatRules,
    prior: NormalPrior | None,
    students: Students,
    tell: Callable[[float], None] = lambda share: None,
) -> Taken:
    """Every student's whole test by `next_step`."""
    taken = Taken.blank(len(students.thetas), students.uniforms.shape[1], bank.n_dimensions)
    is_adaptive = rules.is_adaptive(bank)
    for student, seed in enumerate(students.seeds):
        among = _open_to(students, student, bank, rules)
        items: list[int] = []
        scores: list[int] = []
        step = among.next_step(prior, seed, items, scores)
        while step.next_item is not None:
            asked = np.array([step.next_item])
            if is_adaptive:
                taken.before[student, len(items)] = step.ability.theta
            taken.unrecorded[student] += among.lacks_the_best(prior, seed, items, scores)
            answer = students.answers(bank, np.array([student]), asked, len(items))
            items.append(step.next_item)
            scores.append(int(answer[0]))
            step = among.next_step(prior, seed, items, scores)
        taken.items[student, : len(items)] = items
        taken.scores[student, : len(items)] = scores
        taken.stops[student] = step.stop
        if is_adaptive:
            taken.estimates[student] = step.ability.theta
            taken.standard_errors[student] = step.ability.standard_error
            taken.overall_errors[student] = step.ability.overall.standard_error
        tell((student + 1) / len(students.seeds))
    return taken


@dataclass(frozen=True, eq=False)
class _Open:
    """The questions that one student can answer: all of a pool, or those with a recorded answer."""

    part: Part
    rules: CatRules  # of the whole
    own: CatRules  # of the part

    def next_step(self, prior: NormalPrior | None, seed: int, items: list[int], scores: list[int]) -> Step:
        """In the numbers of the whole pool."""
        if self.part.is_whole:
            return next_step(TestSoFar(self.part.whole, self.rules, prior, seed, items, scores))
        assert self.part.bank is not None
        own = self.part.index[items].tolist() if items else []
        step = next_step(TestSoFar(self.part.bank, self.own, prior, seed, own, scores))
        if step.next_item is None:
            return step
        return replace(step, next_item=int(self.part.places[step.next_item]))

    def lacks_the_best(
        self, prior: NormalPrior | None, seed: int, items: list[int], scores: list[int]
    ) -> bool:
        """Whether what the rules would ask of the whole pool has no answer."""
        if self.part.is_whole:
            return False
        wanted = next_step(TestSoFar(self.part.whole, self.rules, prior, seed, items, scores)).next_item
        return wanted is not None and not self.part.holds(wanted)


def _open_to(students: Students, student: int, bank: ItemBank, rules: CatRules) -> _Open:
    """A part of its own, so that rules count and exhaust what there is."""
    everything = np.ones(bank.n_items, dtype=bool)
    has_answer = everything if students.recorded is None else students.recorded[student] >= 0
    part = Part.at(bank, np.flatnonzero(has_answer))
    return _Open(part, rules, rules.for_part(part))
