"""Students take their tests: in lock-step where that is understood, else one by one by `next_step`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import Part
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
        taken = lockstep.take_tests(part.bank, own, belief, students)
    elif lockstep_several.understood(part.bank, own, belief, students):
        assert isinstance(belief, NormalPrior)
        taken = lockstep_several.take_tests(part.bank, own, belief, students)
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
