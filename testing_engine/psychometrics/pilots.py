"""Questions that are tried out: given among those that count, so that their parameters can be found.

A test with pilots is the test without them, and some questions more: they touch neither ability, nor choice,
nor end. So each has its place between two questions that count, where the test cannot end yet. Which come,
and where, is drawn from the seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from testing_engine.psychometrics.components import Count, Problems, Within
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import uncalibrated
from testing_engine.psychometrics.state import rng_of_test

MOST_PILOTS = 20
LARGEST_SHARE = 0.15  # of the questions of the shortest test; more would tire students for no score
KEPT_CLEAR = 2  # questions that count before the first pilot, and behind the last
PLACES_DRAW, PILOT_DRAW = 103, 104  # purposes of random numbers
WHY = "pilot"  # what an explanation says chose it
SEEDING = "random"

NotNegative = Annotated[int, Within(least=0)]


@dataclass(frozen=True)
class Pilots:
    """How many questions without parameters a test tries out, and where. They count in nothing.

    `after`: each comes after so many questions that count; left out, the places are drawn. `quota`: answers
    that are wanted of each question; one that has them comes no more. `items`: the questions (0-based) that
    are open, as the service finds them when a test starts; left out, all that are not calibrated.
    """

    count: Annotated[int, Within(least=1, most=MOST_PILOTS)] = 2
    after: Annotated[tuple[NotNegative, ...], Within(most=MOST_PILOTS)] = ()
    quota: Count = 250
    items: tuple[NotNegative, ...] | None = None

    def open_items(self, bank: ItemBank) -> list[int]:
        """Those that may come, ascending."""
        waiting: list[int] = uncalibrated(bank).tolist()
        if self.items is None:
            return waiting
        named = set(self.items)
        return [item for item in waiting if item in named]

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


def drawn(seed: int, number: int, among: Sequence[int]) -> int:
    """Pilot number `number` of a test (0 for the first), any of these being as likely."""
    rng = np.random.default_rng((seed, number, PILOT_DRAW))
    return among[int(rng.integers(len(among)))]
