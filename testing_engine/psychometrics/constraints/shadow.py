"""The shadow test: at every step a whole test under all constraints, of which one question is given.

van der Linden & Reese (1998); in several dimensions, van der Linden (2005). The test put together at a step
has all questions given so far, keeps every constraint and has the largest sum of the criterion's values at
the current estimate among such tests. So the next one can, and every constraint holds at the end.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from testing_engine.psychometrics.components import FIRST_EDITION, Problems, RulesError, Within
from testing_engine.psychometrics.constraints.assembly import Assembly
from testing_engine.psychometrics.constraints.blueprint import Blueprint
from testing_engine.psychometrics.constraints.content import (
    AreaLimit,
    NotNegative,
    check_distinct,
    check_order,
    enemy_requirements,
    unknown_areas,
)
from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.mixed_program import search_of
from testing_engine.psychometrics.constraints.plan import Plan, Requirement, SetSize
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.state import CatState

MOST_LIMITS = 100  # of one kind
KEPT_ASSEMBLIES = 16  # of different rules for one pool
SHARED_STEPS = 12  # of a test, in which students who began alike may still be so: 2¹² ways of answering
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
        check_order(self.minimum, self.maximum)

    def requirement(self, pointer: str) -> Requirement:
        coefficients = np.array(self.coefficients)
        items = np.flatnonzero(coefficients)
        lower = -np.inf if self.minimum is None else self.minimum
        upper = np.inf if self.maximum is None else self.maximum
        return Requirement(items, coefficients[items], lower, upper, pointer)


@dataclass(frozen=True)
class QuestionCount:
    """How many of these questions (0-based) a test has: a line of a content table."""

    items: Annotated[tuple[NotNegative, ...], Within(least=1)]
    minimum: NotNegative = 0
    maximum: NotNegative | None = None

    def __post_init__(self) -> None:
        check_order(self.minimum, self.maximum)

    def requirement(self, pointer: str) -> Requirement:
        upper = np.inf if self.maximum is None else float(self.maximum)
        return Requirement.count(
            np.unique(np.array(self.items, dtype=np.intp)), float(self.minimum), upper, pointer
        )


@dataclass(frozen=True)
class SetLimit:
    """How many question sets a test has: of those with a question of an `area`, or of all."""

    area: str = ""
    minimum: NotNegative = 0
    maximum: NotNegative | None = None

    def __post_init__(self) -> None:
        check_order(self.minimum, self.maximum)

    def requirement(self, bank: ItemBank, pointer: str) -> Requirement:
        area, sets = bank.attributes.area, bank.attributes.question_set
        codes = sets.codes if not self.area else sets.codes[area.codes == area.code(self.area)]
        upper = np.inf if self.maximum is None else float(self.maximum)
        own = np.unique(codes[codes >= 0]).astype(np.intp)
        return Requirement.count(own, float(self.minimum), upper, pointer)


@dataclass(frozen=True)
class SetCount:
    """How many questions of a question set a test has if it has any."""

    minimum: Annotated[int, Within(least=1)] = 1
    maximum: Annotated[int, Within(least=1)] | None = None

    def __post_init__(self) -> None:
        check_order(self.minimum, self.maximum)


@dataclass(frozen=True)
class ShadowTest(Eligibility, name="shadow"):
    """Only questions of the best full test of `max_questions` that keeps all constraints. van der Linden &
    Reese (1998).

    `question_sets`: "free" ignores them; "whole" gives a set completely or not at all, its questions in a
    row; "some" gives between `set_count.minimum` and `maximum` of a set, in a row. `order`: areas in the
    order in which their questions come, those of other areas at the end.
    """

    areas: Annotated[tuple[AreaLimit, ...], Within(most=MOST_LIMITS)] = ()
    enemies: bool = True
    question_sets: Literal["free", "whole", "some"] = "whole"
    set_count: SetCount | None = None
    limits: Annotated[tuple[Limit, ...], Within(most=MOST_LIMITS)] = ()
    counts: Annotated[tuple[QuestionCount, ...], Within(most=MOST_LIMITS)] = ()
    sets: Annotated[tuple[SetLimit, ...], Within(most=MOST_LIMITS)] = ()
    order: Annotated[tuple[str, ...], Within(most=MOST_LIMITS)] = ()
    tolerance: Annotated[float, Within(least=0, below=1)] = 0.005

    stage = "shadow"
    needs_ability = True

    def restricted(self, places: IntArray) -> Self:
        index = {int(place): item for item, place in enumerate(places)}
        limits = (
            replace(limit, coefficients=tuple(limit.coefficients[place] for place in places))
            for limit in self.limits
        )
        counts = (
            replace(count, items=tuple(index[item] for item in count.items if item in index))
            for count in self.counts
        )
        return replace(self, limits=tuple(limits), counts=tuple(counts))

    def __post_init__(self) -> None:
        check_distinct([area.area for area in self.areas], "areas")
        if (self.question_sets == "some") != (self.set_count is not None):
            raise RulesError([("/set_count", 'goes with "question_sets": "some", and only with it')])
        if self.sets and self.question_sets == "free":
            raise RulesError([("/sets", 'does not go with "question_sets": "free"')])
        repeated = [i for i, area in enumerate(self.order) if area in self.order[:i]]
        if repeated:
            raise RulesError([(f"/order/{i}", "is there twice") for i in repeated])

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
        if self.order and rest.any():
            ranks = self._ranks(state.bank)
            rest &= ranks == ranks[rest].min()
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
        if self.order and state.used:
            ranks = self._ranks(state.bank)
            unused &= ranks >= ranks[list(state.used)].max()
        return unused

    def _ranks(self, bank: ItemBank) -> IntArray:
        """(N,) the place of each question's area in the order."""
        areas = bank.attributes.area
        rank_of = np.full(len(areas.names) + 1, len(self.order))  # the last is for questions without area
        rank_of[[areas.code(area) for area in self.order]] = np.arange(len(self.order))
        ranks: IntArray = rank_of[areas.codes]
        return ranks

    def _test(
        self, state: CatState, values: FloatArray, available: BoolArray, open_items: BoolArray
    ) -> BoolArray | None:
        """(N,) the shadow test, the questions given among them."""
        best = self._best_first if state.edition == FIRST_EDITION else self._best
        test = best(state, values, available, self.tolerance)
        if test is not None:
            return test
        spread = float(np.ptp(values[open_items])) or 1.0
        penalised = values - np.where(available, 0.0, 2 * state.length * spread)
        return best(state, penalised, open_items, self.tolerance / (2 * state.length))

    def _best(
        self, state: CatState, values: FloatArray, allowed: BoolArray, tolerance: float
    ) -> BoolArray | None:
        bank, length = state.bank, state.length
        blueprint = bank.derived(
            ("blueprint", (self, length)), lambda: Blueprint(bank, self.plan(bank), length), KEPT_ASSEMBLIES
        )
        search = search_of(state.edition)
        if state.position < SHARED_STEPS:
            return blueprint.remembered(values, state.used, allowed, tolerance, search)
        return blueprint.best(values, state.used, allowed, tolerance, search).test

    def _best_first(
        self, state: CatState, values: FloatArray, allowed: BoolArray, tolerance: float
    ) -> BoolArray | None:
        """As plans of the first edition find it."""
        bank, length = state.bank, state.length
        assembly = bank.derived(
            ("assembly", (self, length)), lambda: Assembly(bank, self.plan(bank), length), KEPT_ASSEMBLIES
        )
        return assembly.best(values, state.used, allowed, tolerance)

    def plan(self, bank: ItemBank) -> Plan:
        size = self.set_count
        return Plan(
            (
                *(area.requirement(bank, f"/areas/{i}") for i, area in enumerate(self.areas)),
                *(enemy_requirements(bank, "/enemies") if self.enemies else ()),
                *(limit.requirement(f"/limits/{i}") for i, limit in enumerate(self.limits)),
                *(count.requirement(f"/counts/{i}") for i, count in enumerate(self.counts)),
            ),
            sets=tuple(limit.requirement(bank, f"/sets/{i}") for i, limit in enumerate(self.sets)),
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
        beyond = [
            (f"/counts/{i}/items", f"this pool has {bank.n_items} questions, counted from 0")
            for i, count in enumerate(self.counts)
            if max(count.items, default=0) >= bank.n_items
        ]
        known = bank.attributes.area.names
        unknown = [
            (pointer, f"no question of this pool has the area {area!r}")
            for pointer, area in (
                *((f"/sets/{i}/area", limit.area) for i, limit in enumerate(self.sets) if limit.area),
                *((f"/order/{i}", area) for i, area in enumerate(self.order)),
            )
            if area not in known
        ]
        areas = unknown_areas([area.area for area in self.areas], "areas", bank)
        return areas + sizes + beyond + unknown + self._mixed(bank)

    def _mixed(self, bank: ItemBank) -> Problems:
        """A set in a row cannot be in the order of areas, too, where it has several."""
        if not self.order or self.question_sets == "free":
            return []
        ranks, sets = self._ranks(bank), bank.attributes.question_set
        return [
            ("/order", f"the questions of the set {name!r} are of areas that it sets apart")
            for name, members in zip(sets.names, sets.members, strict=True)
            if len(set(ranks[members].tolist())) > 1
        ][:1]
