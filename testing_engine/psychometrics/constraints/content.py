"""Content rules: areas, enemies, question sets.

Each keeps to itself, one question ahead. Hard ones together could run into a corner (a minimum for an area
whose last questions are enemies of given ones); `look_ahead` keeps them out of it.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from testing_engine.psychometrics.components import FIRST_EDITION, Positive, Problems, RulesError, Within
from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.plan import Plan, Requirement
from testing_engine.psychometrics.items.attributes import Labels
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, IntArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.state import CatState

NotNegative = Annotated[int, Within(least=0)]


@dataclass(frozen=True)
class AreaTarget:
    """A share of the test; shares of all targets are scaled to sum to 1."""

    area: str
    share: Positive


@dataclass(frozen=True)
class AreaTargets(Eligibility, name="area_targets"):
    """The area furthest below its share of the questions so far comes next. Kingsbury & Zara (1989).

    Of equals, the area named first. Questions of other areas come only when no question of these is left.
    """

    targets: Annotated[tuple[AreaTarget, ...], Within(least=1)]

    def __post_init__(self) -> None:
        check_distinct([target.area for target in self.targets], "targets")

    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        areas = state.bank.attributes.area
        codes = np.array([areas.code(target.area) for target in self.targets])
        shares = np.array([target.share for target in self.targets])
        given = _given(areas, state)[codes]
        shortfall = shares / shares.sum() - given / max(given.sum(), 1)
        for target in np.argsort(-shortfall, kind="stable"):
            left: BoolArray = available & (areas.codes == codes[target])
            if left.any():
                return left
        return available

    def problems(self, bank: ItemBank) -> Problems:
        return unknown_areas([target.area for target in self.targets], "targets", bank)


@dataclass(frozen=True)
class AreaLimit:
    """How many questions of an area a finished test has."""

    area: str
    minimum: NotNegative = 0
    maximum: NotNegative | None = None

    def __post_init__(self) -> None:
        check_order(self.minimum, self.maximum)

    def requirement(self, bank: ItemBank, pointer: str) -> Requirement:
        areas = bank.attributes.area
        items = areas.members[areas.code(self.area)]
        upper = np.inf if self.maximum is None else float(self.maximum)
        return Requirement.count(items, float(self.minimum), upper, pointer)


@dataclass(frozen=True)
class AreaLimits(Eligibility, name="area_limits"):
    """An area at its maximum is closed; when only the minimums still fit, only they are given."""

    limits: Annotated[tuple[AreaLimit, ...], Within(least=1)]

    is_hard = True

    def __post_init__(self) -> None:
        check_distinct([limit.area for limit in self.limits], "limits")

    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        areas = state.bank.attributes.area
        given = _given(areas, state)
        allowed = np.ones(len(areas.names) + 1, dtype=bool)  # the last is for questions without area
        owed = np.zeros(len(areas.names) + 1, dtype=np.intp)
        for limit in self.limits:
            code = areas.code(limit.area)
            owed[code] = max(limit.minimum - given[code], 0)
            allowed[code] = limit.maximum is None or given[code] < limit.maximum
        if owed.sum() >= state.length - state.position:
            allowed &= owed > 0
        narrowed: BoolArray = available & allowed[areas.codes]
        return narrowed

    def problems(self, bank: ItemBank) -> Problems:
        unknown = unknown_areas([limit.area for limit in self.limits], "limits", bank)
        if unknown:
            return unknown
        areas = bank.attributes.area
        sizes = [len(areas.members[areas.code(limit.area)]) for limit in self.limits]
        return [
            (f"/limits/{i}", f"asks for {limit.minimum} questions of an area that has {size}")
            for i, (limit, size) in enumerate(zip(self.limits, sizes, strict=True))
            if limit.minimum > size
        ]

    def plan(self, bank: ItemBank) -> Plan:
        return Plan(tuple(limit.requirement(bank, f"/limits/{i}") for i, limit in enumerate(self.limits)))


@dataclass(frozen=True)
class Enemies(Eligibility, name="enemies"):
    """Never two questions of one enemy group in a test."""

    is_hard = True
    sees_the_end = False

    def asks(self, bank: ItemBank) -> bool:
        return any(len(items) > 1 for items in bank.attributes.enemies.members)

    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        enemies = state.bank.attributes.enemies
        groups = {group for item in state.used for group in enemies.of_item(item)}
        if not groups:
            return available
        narrowed = available.copy()
        for group in groups:
            narrowed[enemies.members[group]] = False
        return narrowed

    def plan(self, bank: ItemBank) -> Plan:
        return Plan(enemy_requirements(bank))


def enemy_requirements(bank: ItemBank, pointer: str = "") -> tuple[Requirement, ...]:
    """At most one question of each group."""
    groups = bank.attributes.enemies.members
    return tuple(Requirement.count(items, 0.0, 1.0, pointer) for items in groups if len(items) > 1)


@dataclass(frozen=True)
class QuestionSets(Eligibility, name="question_sets"):
    """Once a question of a set is given, the rest of the set follow before anything else.

    A set is begun only if it can be finished within the longest test, and if what is then left of the test
    can be filled without cutting another. If nothing is like that, anything goes and the end of the test
    cuts a set.
    """

    is_hard = True

    def asks(self, bank: ItemBank) -> bool:
        return bool(bank.attributes.question_set.names)

    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        sets = state.bank.attributes.question_set
        if not sets.names:
            return available
        for item in reversed(state.used):
            code = int(sets.codes[item])
            if code >= 0 and available[sets.members[code]].any():
                begun: BoolArray = available & (sets.codes == code)
                return begun
        counted = available if state.edition == FIRST_EDITION else _unused(state)
        sizes = np.bincount(sets.codes[counted] + 1, minlength=len(sets.names) + 1)
        sizes, singles = sizes[1:], int(sizes[0])
        room = state.length - state.position
        allowed = np.array([*_finishable(sizes, singles, room), _fills(sizes, singles - 1, room - 1)])
        narrowed: BoolArray = available & allowed[sets.codes]
        return narrowed if narrowed.any() else available

    def plan(self, bank: ItemBank) -> Plan:
        return Plan(whole_sets=True)


def _finishable(sizes: IntArray, singles: int, room: int) -> BoolArray:
    """(sets,) which sets of these sizes may be begun."""
    allowed = np.zeros(len(sizes), dtype=bool)
    for size in np.flatnonzero(np.bincount(sizes[sizes <= room])).tolist():
        same = sizes == size
        rest = room - size  # what single questions fill needs no look at the other sets
        allowed[same] = rest <= singles or _fills(np.delete(sizes, same.argmax()), singles, rest)
    return allowed


def _fills(sizes: IntArray, singles: int, room: int) -> bool:
    """Whether some of the sets and single questions fill the room exactly."""
    if 0 <= room <= singles:
        return True
    sums, within = 1, (1 << room + 1) - 1 if room >= 0 else 0  # bit s: some sets have s questions together
    for size in sizes.tolist():
        sums |= sums << size & within
    return any(sums >> total & 1 for total in range(max(room - singles, 0), room + 1))


def _given(areas: Labels, state: CatState) -> IntArray:
    """(areas,) how many questions of each area were given."""
    codes = areas.codes[list(state.used)]
    return np.bincount(codes[codes >= 0], minlength=len(areas.names))


def _unused(state: CatState) -> BoolArray:
    unused = np.ones(state.bank.n_items, dtype=bool)
    unused[list(state.used)] = False
    return unused


def check_order(minimum: float | None, maximum: float | None) -> None:
    if minimum is not None and maximum is not None and maximum < minimum:
        raise RulesError([("/maximum", "must be at least the minimum")])


def check_distinct(names: list[str], place: str) -> None:
    repeated = [i for i, name in enumerate(names) if name in names[:i]]
    if repeated:
        raise RulesError([(f"/{place}/{i}/area", "is there twice") for i in repeated])


def unknown_areas(names: list[str], place: str, bank: ItemBank) -> Problems:
    known = bank.attributes.area.names
    return [
        (f"/{place}/{i}/area", f"no question of this pool has the area {name!r}")
        for i, name in enumerate(names)
        if name not in known
    ]
