"""Questions that are tried out: given among those that count, so that their parameters can be found.

A test with pilots is the test without them, and some questions more: they touch neither ability, nor choice,
nor end. So each has its place between two questions that count, where the test cannot end yet. Where is drawn
from the seed, and so is which one comes, until questions have answers and estimates enough to say whom to
ask: then the one comes of which this student's answer tells most (`pilot_design`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.components import Ability, Count, Problems, RulesError, Within
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import uncalibrated
from testing_engine.psychometrics.pilot_design import Asked, growth, is_estimated
from testing_engine.psychometrics.state import rng_of_test

MOST_PILOTS = 20
LARGEST_SHARE = 0.15  # of the questions of the shortest test; more would tire students for no score
KEPT_CLEAR = 2  # questions that count before the first pilot, and behind the last
PLACES_DRAW, PILOT_DRAW, COMPARED_DRAW = 103, 104, 106  # purposes of random numbers
WHY = "pilot"  # what an explanation says chose it
SEEDING, DESIGNED = "random", "D-optimal"
SEEDED = 100  # answers of students at random, before a question's estimates say who comes next
MOST_COMPARED = 50  # questions at one place; each costs about 0.1 ms

NotNegative = Annotated[int, Within(least=0)]
NotNegativeSpread = Annotated[float, Within(least=0, most=10)]


@dataclass(frozen=True)
class Pilots:
    """How many questions without parameters a test tries out, and where. They count in nothing.

    `after`: each comes after so many questions that count; left out, the places are drawn. `quota`: answers
    that are wanted of each question; one that has them comes no more. `items`: the questions (0-based) that
    are open, as the service finds them when a test starts; left out, all that are not calibrated. `answers`:
    how many each of `items` has, 0 while it is seeded, and of whom: `means` and `spreads` of their abilities
    along its direction. Left out, questions are drawn.
    """

    count: Annotated[int, Within(least=1, most=MOST_PILOTS)] = 2
    after: Annotated[tuple[NotNegative, ...], Within(most=MOST_PILOTS)] = ()
    quota: Count = 250
    items: tuple[NotNegative, ...] | None = None
    answers: tuple[NotNegative, ...] = ()
    means: tuple[Ability, ...] = ()
    spreads: tuple[NotNegativeSpread, ...] = ()

    def __post_init__(self) -> None:
        named = len(self.items or ()) if self.answers else 0
        problems = [
            (f"/{name}", "needs one number for each of items, as answers does")
            for name in ("answers", "means", "spreads")
            if len(getattr(self, name)) != named
        ]
        if problems:
            raise RulesError(problems)

    def open_items(self, bank: ItemBank) -> list[int]:
        """Those that may come, ascending."""
        waiting: list[int] = uncalibrated(bank).tolist()
        if self.items is None:
            return waiting
        named = set(self.items)
        return [item for item in waiting if item in named]

    def designed_for(self, bank: ItemBank) -> dict[int, Asked]:
        """Questions that have answers and estimates enough to choose whom to ask; who was."""
        if not self.answers:
            return {}
        told = zip(self.items or (), self.answers, self.means, self.spreads, strict=True)
        return {
            item: Asked(count, mean, spread)
            for item, count, mean, spread in told
            if count >= SEEDED and is_estimated(bank, item)
        }

    @property
    def most(self) -> int:
        """How many a test has at most."""
        return self.count if self.items is None else min(self.count, len(self.items))

    def places(self, seed: int, shortest: int, count: int) -> list[int]:
        """After how many questions that count each of so many comes, ascending.

        `shortest`: questions that count in every such test.
        """
        if self.after:
            return sorted(self.after)[:count]
        window = np.arange(KEPT_CLEAR, shortest - KEPT_CLEAR + 1)
        count = min(count, len(window))
        drawn = rng_of_test(seed, PLACES_DRAW).choice(window, size=count, replace=False)
        return sorted(int(place) for place in drawn)

    def problems(self, shortest: int) -> Problems:
        """Why they have no place in a test that may end after `shortest` questions that count."""
        least, most = KEPT_CLEAR, shortest - KEPT_CLEAR
        if self.count > LARGEST_SHARE * (shortest + self.count):
            needed = int(np.ceil(self.count * (1 - LARGEST_SHARE) / LARGEST_SHARE - 1e-9))
            told = (
                f"{self.count} need {needed} questions that count before the test may end, for they are at "
            )
            return [("/count", f"{told}most {LARGEST_SHARE:.0%} of it; it may end after {shortest}")]
        found = [
            (f"/after/{i}", f"must be from {least} to {most}: never among the first or last {KEPT_CLEAR}")
            for i, place in enumerate(self.after)
            if not least <= place <= most
        ]
        if self.after and len(self.after) != self.count:
            found.append(("/after", f"needs one place for each of {self.count}"))
        if len(set(self.after)) != len(self.after):
            found.append(("/after", "the places must differ"))
        return found


def candidates(bank: ItemBank, open_items: Sequence[int], given: Sequence[int]) -> list[int]:
    """The open questions that may come after those given: unused, and nobody's enemy."""
    enemies = bank.attributes.enemies
    closed = set(given)
    for group in {group for item in given for group in enemies.of_item(item)}:
        closed.update(enemies.members[group].tolist())
    return [item for item in open_items if item not in closed]


def chosen(
    pilots: Pilots, bank: ItemBank, ability: AbilityEstimate, seed: int, number: int, among: Sequence[int]
) -> tuple[str, list[tuple[int, float]]]:
    """Pilot number `number` of a test (0 for the first): how it was chosen, and what was compared, it first.

    Any of these is drawn, each as likely: their probability is their value. Where the drawn one has answers
    and estimates enough, the place goes to the best of all that have, by the growth of their D-criterion; so
    those that wait for their first answers keep their share of the places. Ties: the first in the pool.
    """
    first = drawn(seed, number, among)
    known = pilots.designed_for(bank)
    if first not in known:
        return SEEDING, [(item, 1 / len(among)) for item in (first, *among)]
    compared = [item for item in among if item in known]
    if len(compared) > MOST_COMPARED:
        rng = np.random.default_rng((seed, number, COMPARED_DRAW))
        compared = sorted(int(item) for item in rng.choice(compared, MOST_COMPARED, replace=False))
    values = [(item, growth(bank, item, known[item], ability)) for item in compared]
    return DESIGNED, sorted(values, key=lambda pair: -pair[1])


def drawn(seed: int, number: int, among: Sequence[int]) -> int:
    """Pilot number `number` of a test (0 for the first), any of these being as likely."""
    rng = np.random.default_rng((seed, number, PILOT_DRAW))
    return among[int(rng.integers(len(among)))]
