"""The shadow test: at every step a whole test under all constraints, of which one question is given.

van der Linden & Reese (1998); in several dimensions, van der Linden (2005). The test put together at a step
has all questions given so far, keeps every constraint and has the largest sum of the criterion's values at
the current estimate among such tests. So the next one can, and every constraint holds at the end.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from testing_engine.psychometrics.components import Problems, RulesError, Within
from testing_engine.psychometrics.constraints.assembly import Assembly, Plan, Requirement, SetSize
from testing_engine.psychometrics.constraints.content import (
    AreaLimit,
    check_distinct,
    enemy_requirements,
    unknown_areas,
)
from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.state import CatState

KEPT_ASSEMBLIES = 16  # of different rules for one pool
Amount = Annotated[float, Within(least=-1e6, most=1e6)]


@dataclass(frozen=True)
class Limit:
    """minimum ≤ Σ coefficients over the questions of a test ≤ maximum.

    One coefficient per question of the pool: seconds, words, or 1 for the questions of a category and else 0.
    """

    coefficients: tuple[Amount, ...]
    minimum: Amount | None = None
    maximum: Amount | None = None

    def __post_init__(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise RulesError([("/maximum", "must be at least the minimum")])

    def requirement(self, pointer: str) -> Requirement:
        coefficients = np.array(self.coefficients)
        items = np.flatnonzero(coefficients)
        lower = -np.inf if self.minimum is None else self.minimum
        upper = np.inf if self.maximum is None else self.maximum
        return Requirement(items, coefficients[items], lower, upper, pointer)


@dataclass(frozen=True)
class SetCount:
    """How many questions of a question set a test has if it has any."""

    minimum: Annotated[int, Within(least=1)] = 1
    maximum: Annotated[int, Within(least=1)] | None = None

    def __post_init__(self) -> None:
        if self.maximum is not None and self.maximum < self.minimum:
            raise RulesError([("/maximum", "must be at least the minimum")])


@dataclass(frozen=True)
class ShadowTest(Eligibility, name="shadow"):
    """Only questions of the best full test of `max_questions` that keeps all constraints. van der Linden &
    Reese (1998).

    `question_sets`: "free" ignores them; "whole" gives a set completely or not at all, its questions in a
    row; "some" gives between `set_count.minimum` and `maximum` of a set, in a row.
    """

    areas: tuple[AreaLimit, ...] = ()
    enemies: bool = True
    question_sets: Literal["free", "whole", "some"] = "whole"
    set_count: SetCount | None = None
    limits: Annotated[tuple[Limit, ...], Within(most=10)] = ()
    tolerance: Annotated[float, Within(least=0, below=1)] = 0.005

    stage = "shadow"

    def __post_init__(self) -> None:
        check_distinct([area.area for area in self.areas], "areas")
        if (self.question_sets == "some") != (self.set_count is not None):
            raise RulesError([("/set_count", 'goes with "question_sets": "some", and only with it')])

    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        """The unused questions of the shadow test; of a set that was begun, only its own.

        Where earlier rules left too little, the test takes as few questions as possible that they closed.
        Where answers given under other rules break the constraints already, nothing is narrowed.
        """
        open_items = self._open_items(state)
        if not (available & open_items).any():
            return available
        test = self._test(state, criterion.values(state), available & open_items, open_items)
        if test is None:
            return available
        rest = test.copy()
        rest[list(state.used)] = False
        if self.question_sets == "free":
            return rest
        sets = state.bank.attributes.question_set
        for item in reversed(state.used):
            code = sets.codes[item]
            if code >= 0 and rest[sets.members[code]].any():
                begun: BoolArray = rest & (sets.codes == code)
                return begun
        return rest

    def _open_items(self, state: CatState) -> BoolArray:
        """(N,) unused; where a part of a set is enough, not of a set that the test has left again."""
        unused = np.ones(state.bank.n_items, dtype=bool)
        unused[list(state.used)] = False
        if self.question_sets == "some" and state.used:
            sets = state.bank.attributes.question_set
            codes = sets.codes[list(state.used)]
            for code in set(codes[codes >= 0].tolist()) - {int(codes[-1])}:
                unused[sets.members[code]] = False
        return unused

    def _test(
        self, state: CatState, values: FloatArray, available: BoolArray, open_items: BoolArray
    ) -> BoolArray | None:
        """(N,) the shadow test, the questions given among them."""
        bank, length = state.bank, state.length
        assembly = bank.derived(
            ("assembly", (self, length)), lambda: Assembly(bank, self.plan(bank), length), KEPT_ASSEMBLIES
        )
        test = assembly.best(values, state.used, available, self.tolerance)
        if test is not None:
            return test
        spread = float(np.ptp(values[open_items])) or 1.0
        penalised = values - np.where(available, 0.0, 2 * state.length * spread)
        return assembly.best(penalised, state.used, open_items, self.tolerance / (2 * state.length))

    def plan(self, bank: ItemBank) -> Plan:
        size = self.set_count
        return Plan(
            (
                *(area.requirement(bank, f"/areas/{i}") for i, area in enumerate(self.areas)),
                *(enemy_requirements(bank, "/enemies") if self.enemies else ()),
                *(limit.requirement(f"/limits/{i}") for i, limit in enumerate(self.limits)),
            ),
            whole_sets=self.question_sets == "whole",
            set_size=SetSize(size.minimum, size.maximum) if size else None,
        )

    def problems(self, bank: ItemBank) -> Problems:
        sizes = [
            (
                f"/limits/{i}/coefficients",
                f"has {len(limit.coefficients)} entries, this pool {bank.n_items} questions",
            )
            for i, limit in enumerate(self.limits)
            if len(limit.coefficients) != bank.n_items
        ]
        return unknown_areas([area.area for area in self.areas], "areas", bank) + sizes
