"""What goes into one step of a test, and what comes out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.values import quickly_made

# What a test in fixed or random order says of ability: nothing, in no dimension.
NO_ABILITY = AbilityEstimate(np.zeros(0), np.zeros((0, 0)))


@quickly_made
@dataclass(frozen=True)
class TestSoFar:
    """All that decides a test: pool, rules, what was known before, seed, and the answers so far.

    `prior` None is the rules' own. `items` are 0-based, in the order given; `scores` are categories from 0,
    or −1 for a missing answer: it says nothing about ability and the question is used up. A `hint` is
    believed of the student as well: it helps to choose questions, and counts neither in the ability nor for
    the end.
    """

    bank: ItemBank
    rules: CatRules
    prior: NormalPrior | None
    seed: int
    items: Sequence[int] = ()
    scores: Sequence[int] = ()
    hint: NormalPrior | None = None


@quickly_made
@dataclass(frozen=True)
class Step:
    ability: AbilityEstimate
    stop: str | None  # why the test ends
    next_item: int | None


@dataclass(frozen=True)
class Candidate:
    item: int
    value: float
    closed_by: str = ""  # the eligibility rule that does not let it come


@dataclass(frozen=True)
class Choice:
    """Why a question comes next: the rule that chooses, the leading candidates, and which of the pool's best
    unused questions may not come."""

    chosen: Candidate | None
    by: str  # a start rule or a strategy; "" where no question may come
    criterion: str
    candidates: tuple[Candidate, ...]
    closed: tuple[Candidate, ...]
