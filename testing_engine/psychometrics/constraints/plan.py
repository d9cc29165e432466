"""What must hold of a whole test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from testing_engine.psychometrics.items.response import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Requirement:
    """lower ≤ Σ coefficients over the questions of the test ≤ upper."""

    items: IntArray  # (n,)
    coefficients: FloatArray  # (n,)
    lower: float
    upper: float
    pointer: str  # where the rules say so

    @classmethod
    def count(cls, items: IntArray, lower: float, upper: float, pointer: str) -> Self:
        """How many of these questions a test has."""
        return cls(items, np.ones(len(items)), lower, upper, pointer)


@dataclass(frozen=True)
class SetSize:
    """How many questions of a question set a test has if it has any; `most` None is all."""

    least: int
    most: int | None


@dataclass(frozen=True)
class Plan:
    """What must hold of a whole test."""

    requirements: tuple[Requirement, ...] = ()
    sets: tuple[Requirement, ...] = ()  # the same of question sets: `items` are their codes
    whole_sets: bool = False
    whole_sets_pointer: str = ""
    set_size: SetSize | None = None

    @classmethod
    def together(cls, plans: Sequence["Plan"]) -> Self:
        return cls(
            tuple(requirement for plan in plans for requirement in plan.requirements),
            tuple(requirement for plan in plans for requirement in plan.sets),
            any(plan.whole_sets for plan in plans),
            next((plan.whole_sets_pointer for plan in plans if plan.whole_sets), ""),
            next((plan.set_size for plan in plans if plan.set_size), None),
        )

    def under(self, pointer: str) -> Self:
        """The same with pointers from further up."""
        return replace(
            self,
            requirements=tuple(replace(row, pointer=pointer + row.pointer) for row in self.requirements),
            sets=tuple(replace(row, pointer=pointer + row.pointer) for row in self.sets),
            whole_sets_pointer=pointer + self.whole_sets_pointer,
        )


EMPTY_PLAN = Plan()
