"""How often a test may be paused, and how long. What a test measures does not depend on it: whoever gives the
test keeps the clock, and leaves pauses out of the times that answers took."""

from dataclasses import dataclass
from typing import Annotated

from testing_engine.psychometrics.components import Within

MOST_TIMES, MOST_MINUTES = 50, 1440


@dataclass(frozen=True)
class Pauses:
    """A student may stop the clock `times` times, for so many `minutes` in all."""

    times: Annotated[int, Within(least=1, most=MOST_TIMES)] = 1
    minutes: Annotated[int, Within(least=1, most=MOST_MINUTES)] = 10
