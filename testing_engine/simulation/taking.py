"""Students take their tests: in lock-step where that is understood, else one by one by `next_step`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import Part
from testing_engine.psychometrics.items.response import IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.steps import Step
from testing_engine.simulation import lockstep, lockstep_several
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken


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
        taken = lockstep.take_tests(part.bank, own, belief, students, tell)
    elif lockstep_several.understood(part.bank, own, belief, students):
        assert isinstance(belief, NormalPrior)
        taken = lockstep_several.take_tests(part.bank, own, belief, students, tell)
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
        among = _Among.answered(students, student, bank, rules)
        wished = among if among.part.is_whole else _Among.of(bank, rules, np.arange(bank.n_items))
        items: list[int] = []
        scores: list[int] = []
        step = among.next_step(prior, seed, items, scores)
        while step.next_item is not None:
            asked = np.array([step.next_item])
            if is_adaptive:
                taken.before[student, len(items)] = step.ability.theta
            if wished is not among:
                wanted = wished.next_step(prior, seed, items, scores).next_item
                if wanted is not None and not among.part.holds(wanted):
                    taken.unrecorded[student] += 1
                    wished = wished.without(wanted)
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
class _Among:
    """A test that draws from a part of the pool: so rules count, and exhaust, what there is."""

    part: Part
    whole_rules: CatRules
    rules: CatRules  # for the part

    @classmethod
    def of(cls, bank: ItemBank, rules: CatRules, questions: IntArray) -> Self:
        part = Part.at(bank, questions)
        return cls(part, rules, rules.for_part(part))

    @classmethod
    def answered(cls, students: Students, student: int, bank: ItemBank, rules: CatRules) -> Self:
        """What the student has an answer to; all where answers are drawn."""
        everything = np.ones(bank.n_items, dtype=bool)
        has_answer = everything if students.recorded is None else students.recorded[student] >= 0
        return cls.of(bank, rules, np.flatnonzero(has_answer))

    def without(self, question: int) -> "_Among":
        left = self.part.places[self.part.places != question]
        return _Among.of(self.part.whole, self.whole_rules, left)

    def next_step(self, prior: NormalPrior | None, seed: int, items: list[int], scores: list[int]) -> Step:
        """In the numbers of the whole pool."""
        if self.part.is_whole:
            return next_step(TestSoFar(self.part.whole, self.rules, prior, seed, items, scores))
        assert self.part.bank is not None
        own = self.part.index[items].tolist() if items else []
        step = next_step(TestSoFar(self.part.bank, self.rules, prior, seed, own, scores))
        if step.next_item is None:
            return step
        return replace(step, next_item=int(self.part.places[step.next_item]))
