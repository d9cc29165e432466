"""Which questions may come next: constraints narrow the pool before the criterion looks at it.

A further constraint is one frozen dataclass: `class Mine(Eligibility, name="mine")` with `narrow`, and
`plan` if it can say in advance what a whole test must look like.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from testing_engine.psychometrics.components import Component, Problems
from testing_engine.psychometrics.constraints.conflicts import conflicts
from testing_engine.psychometrics.constraints.plan import EMPTY_PLAN, Plan
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.state import CatState

Stage = Literal["content", "exposure", "shadow"]


@dataclass(frozen=True)
class Eligibility(Component, kind=True):
    stage: ClassVar[Stage] = "content"
    is_hard: ClassVar[bool] = False  # content whose `plan` says all that it asks
    sees_the_end: ClassVar[bool] = True  # a hard rule that alone never runs into a corner
    needs_ability: ClassVar[bool] = False  # so is of no use to a test without one

    @abstractmethod
    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        """(N,) which of the questions still available (unused, and left by earlier rules) may come next.

        `criterion` is what will choose among them, for rules (the shadow test) that need its values.
        """

    def plan(self, bank: ItemBank) -> Plan:
        """What must hold of every finished test."""
        return EMPTY_PLAN

    def asks(self, bank: ItemBank) -> bool:
        """Whether a hard rule asks anything of this pool."""
        return True


def joint_problems(rules: Sequence[Eligibility], bank: ItemBank, length: int) -> Problems:
    """Why rules that each work with a pool cannot work together: (JSON pointer below the list, message).

    A rule that must never leave nothing (exposure) comes after those that may (content), so that what it
    lets through in the end is still allowed by them; the shadow test states its own content.
    """
    stages = [rule.stage for rule in rules]
    for i, stage in enumerate(stages):
        if stage == "content" and "exposure" in stages[:i]:
            return [(f"/{i}", "content comes before exposure in this list")]
        if stage == "content" and "shadow" in stages:
            return [(f"/{i}", "beside a shadow test, say this in the shadow test's own fields")]
        if "shadow" in stages[:i]:
            return [(f"/{i}", "a shadow test comes last, and only once")]
    if "shadow" in stages and length > bank.n_items:
        reason = f"a shadow test of {length} questions needs a pool of as many, this has {bank.n_items}"
        return [("/max_questions", reason)]
    plans = [rule.plan(bank).under(f"/{i}") for i, rule in enumerate(rules)]
    return conflicts(Plan.together(plans), bank, length)
