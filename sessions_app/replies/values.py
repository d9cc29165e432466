"""What replies are made of.

A field is always there, unless its type allows `UnsetType`. Descriptions and formats, for the OpenAPI
document, stand in `msgspec.Meta`; `choices` in its `extra` are what a text may be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from sessions_app.models import TestSession
from sessions_app.sitting import raw_scores
from sessions_app.sitting.decisions import ANSWERS_ONLY, EARLIER_RESULTS
from sessions_app.sitting.thousandths import plain


class Reply(Struct, frozen=True):
    """A reply, or a part of one. A docstring of its own becomes its description in the OpenAPI document."""


Status = Annotated[str, Meta(extra={"choices": TestSession.Status.choices})]
STATUSES_WHEN_OVER = [each for each in TestSession.Status.choices if each[0] != TestSession.Status.ACTIVE]
StatusWhenOver = Annotated[str, Meta(extra={"choices": STATUSES_WHEN_OVER})]
Address = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Interval = Annotated[list[float], Meta(min_length=2, max_length=2)]
Deadline = Annotated[datetime | None, Meta(description="No answer is taken after it; null: no time limit.")]

Waits = Annotated[
    bool,
    Meta(
        description="Its time limit counts anew from `begin`, when the student has read the introduction. "
        "The deadline is for clients that never say so."
    ),
]


class Ability(Reply, frozen=True):
    theta: Sequence[float]
    standard_error: Sequence[float]


NO_ABILITY = (
    "null, and lists of proficiencies empty: the test is in linear or random order, as one of a pool without "
    "parameters is. It has `score` instead."
)
MaybeAbility = Annotated[Ability | None, Meta(description=NO_ABILITY)]


def ability(theta: Sequence[float], standard_error: Sequence[float]) -> Ability | None:
    """θ to the last bit, without what arithmetic leaves of 0 (`sitting.thousandths`); None of no concept."""
    if not len(theta):
        return None
    return Ability(theta=[plain(value) for value in theta], standard_error=standard_error)


class Overall(Reply, frozen=True):
    """One number for all concepts: the mean of their abilities, with its own standard error."""

    theta: float
    standard_error: float


ScoredWith = Annotated[
    str,
    Meta(
        extra={"choices": [ANSWERS_ONLY, EARLIER_RESULTS]},
        description="What abilities and levels rest on: the answers of this test alone, or also what earlier "
        "tests had found of the student.",
    ),
]
OverallScore = Annotated[
    Overall | None, Meta(description="Of several concepts; null: of one, or of a test of an earlier version.")
]


def overall_score(found: tuple[float, float] | None) -> Overall | None:
    """(mean θ, its standard error), as a reply."""
    return None if found is None else Overall(theta=plain(found[0]), standard_error=found[1])


class RawScore(Reply, frozen=True):
    """Of a test in linear or random order, over its whole length: what was not reached has earned nothing."""

    questions: Annotated[int, Meta(description="That the whole test has.")]
    right: Annotated[
        int | None, Meta(description="Answers that were wholly right; null: nothing is right or wrong.")
    ]
    points: float
    most_points: float
    percent: Annotated[float | None, Meta(description="Of the points, to six digits.")]


Score = Annotated[
    RawScore | UnsetType,
    Meta(description="Of a test in linear or random order that is over; left out: the test has an ability."),
]


def score(found: raw_scores.RawScore | None) -> RawScore | UnsetType:
    """Points and percent, as a reply."""
    if found is None:
        return UNSET
    percent = None if found.percent is None else round(found.percent, 6)
    return RawScore(found.questions, found.right, found.points, found.most_points, percent)


def accuracy(correct: int, answered: int) -> float:
    """Share of right answers, to six digits; 0 before the first."""
    return round(correct / answered, 6) if answered else 0.0
