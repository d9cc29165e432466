"""Effort-moderated scoring: an answer faster than its question can be read says nothing of ability.

The effort-moderated model (Wise & DeMars 2006) gives a rapid answer the same probability at every ability,
one over the number of options. So it drops out of each likelihood, and counts as an answer that is missing:
the question is used up. Which answers are rapid follows from times and from thresholds that stand in the
rules, so whoever has both finds the same ones again. A time that nobody knows is taken for one of effort.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from testing_engine.psychometrics.components import Problems, RulesError, Within
from testing_engine.psychometrics.items.bank import ItemBank

MICROSECONDS = 1_000_000
MISSING = -1
LONGEST = 60.0  # seconds; whoever took longer may have read anything
FLAGGED_BELOW = 0.9  # response time effort under which a test says little of ability (Wise & Kong 2005)

Seconds = Annotated[float, Within(above=0, most=LONGEST)]
Item = Annotated[int, Within(least=0)]


@dataclass(frozen=True)
class Effort:
    """Answers given faster than a threshold count as not given.

    `seconds` holds for every question; with `by_question` only for those that have no threshold of their own
    among the pool's. Those stand in `items` (0-based) and `thresholds` (seconds), as the service finds them
    when a test starts.
    """

    seconds: Seconds = 3.0
    by_question: bool = False
    items: tuple[Item, ...] = ()
    thresholds: tuple[Seconds, ...] = ()

    def __post_init__(self) -> None:
        problems: Problems = []
        if len(self.items) != len(self.thresholds):
            problems.append(("/thresholds", "needs one number for each of items"))
        if len(set(self.items)) != len(self.items):
            problems.append(("/items", "names a question twice"))
        if self.items and not self.by_question:
            problems.append(("/items", "needs by_question"))
        if problems:
            raise RulesError(problems)

    def problems(self, bank: ItemBank) -> Problems:
        """Why these thresholds are not for this pool."""
        return [
            (f"/items/{place}", f"must be below {bank.n_items}, the number of questions")
            for place, item in enumerate(self.items)
            if item >= bank.n_items
        ]

    def threshold(self, item: int) -> float:
        """Seconds under which an answer to the question is rapid."""
        return self._own.get(item, self.seconds)

    def is_rapid(self, item: int, microseconds: int | None) -> bool:
        """Whether an answer after this time is no answer of effort. A negative time, of clocks that disagree,
        is none that anybody knows."""
        if microseconds is None or microseconds < 0:
            return False
        return microseconds < self.threshold(item) * MICROSECONDS

    @cached_property
    def _own(self) -> dict[int, float]:
        return dict(zip(self.items, self.thresholds, strict=True))


def counted(scores: Sequence[int], rapid: Sequence[bool]) -> list[int]:
    """The scores that count: those of rapid answers are missing."""
    return [MISSING if fast else score for score, fast in zip(scores, rapid, strict=True)]


def response_time_effort(rapid: Sequence[bool]) -> float | None:
    """Share of answers given with effort (Wise & Kong 2005); None before the first."""
    return 1 - sum(rapid) / len(rapid) if rapid else None
