"""Scales on which results are told in place of θ: T scores, IQ-like ones, 0 to 100, or a table. Pure.

    linear   score = at_zero + per_unit · θ
    table    straight lines between its points (θ, score), the outermost score beyond them

Then rounded to `digits`, halves up, and kept between `minimum` and `maximum`. θ goes in rounded to
thousandths, as it does where levels are decided, so a score and a level on its cuts never contradict each
other. Standard errors are in the scale's unit: per_unit · SE, or by a table half the distance of the scores
at θ ± SE.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import msgspec

from testing_engine.sentences import Sentence, quoted, say

FARTHEST = 20.0  # θ
LARGEST = 1e6  # of a score
MOST_POINTS, MOST_CUTS, MOST_DIGITS = 200, 20, 4
LONGEST_NAME, LONGEST_LEVEL, LONGEST_MEANING = 60, 80, 400

Problems = list[tuple[str, Sentence]]  # (JSON pointer, message)


class ReportingScaleError(ValueError):
    """No scale. `problems`: (JSON pointer, message)."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class ScaleLevel:
    """As its author wrote it."""

    name: str
    meaning: str = ""


@dataclass(frozen=True)
class ReportingScale:
    """`points`: a table in place of the line. `cuts`: scores at which a level begins, by `levels`' names."""

    name: str = ""
    at_zero: float = 50.0
    per_unit: float = 10.0
    points: tuple[tuple[float, float], ...] = ()
    digits: int = 0
    minimum: float | None = None
    maximum: float | None = None
    cuts: tuple[float, ...] = ()
    levels: tuple[ScaleLevel, ...] = ()

    @classmethod
    def from_json(cls, content: object) -> "ReportingScale":
        """Raises `ReportingScaleError` with all that is wrong."""
        if isinstance(content, Mapping):
            known = cls.__dataclass_fields__
            if unknown := [name for name in content if name not in known]:
                none = say("A scale has no such field.")
                raise ReportingScaleError([(f"/{name}", none) for name in unknown])
        try:
            scale = msgspec.convert(content, cls)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$")
            pointer = path.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
            raise ReportingScaleError([(pointer, quoted(f"{message}."))]) from error
        if problems := scale.problems():
            raise ReportingScaleError(problems)
        return scale

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        lists = {name: list(content[name]) for name in ("cuts", "levels")}
        return {**content, **lists, "points": [list(point) for point in self.points]}

    def score(self, theta: float) -> float:
        """As it is told."""
        return self._kept(self._rounded(self._exact(_thousandths(theta) / 1000))) + 0.0

    def error(self, theta: float, error: float) -> float:
        """The standard error in the scale's unit, not rounded."""
        if not self.points:
            return self.per_unit * error
        return (self._exact(theta + error) - self._exact(theta - error)) / 2

    def theta_cuts(self) -> tuple[float, ...]:
        """The least θ, in thousandths, whose score reaches each cut."""
        edge = round(FARTHEST * 1000)
        places = range(-edge, edge + 1)
        return tuple(
            places[min(bisect_left(places, cut, key=lambda m: self.score(m / 1000)), 2 * edge)] / 1000
            for cut in self.cuts
        )

    def problems(self) -> Problems:
        return [*self._problems_of_line(), *self._problems_of_cuts(), *self._problems_of_levels()]

    def _exact(self, theta: float) -> float:
        if not self.points:
            return self.at_zero + self.per_unit * theta
        if theta <= self.points[0][0]:
            return self.points[0][1]
        for (left, low), (right, high) in pairwise(self.points):
            if theta <= right:
                return low + (high - low) * ((theta - left) / (right - left))
        return self.points[-1][1]

    def _rounded(self, score: float) -> float:
        step = 10.0**self.digits
        return math.floor(score * step + 0.5) / step

    def _kept(self, score: float) -> float:
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return min(max(score, low), high)

    def _problems_of_line(self) -> Problems:
        found: Problems = []
        if len(self.name) > LONGEST_NAME or self.name != " ".join(self.name.split()):
            found.append(("/name", say("One line of at most {most} characters.", most=LONGEST_NAME)))
        if not _is_score(self.at_zero):
            found.append(("/at_zero", say("A number from −{most} to {most}.", most=f"{LARGEST:.0f}")))
        if not (_is_score(self.per_unit) and self.per_unit > 0):
            found.append(("/per_unit", say("A number above 0, at most {most}.", most=f"{LARGEST:.0f}")))
        if not 0 <= self.digits <= MOST_DIGITS:
            found.append(("/digits", say("0 to {most}.", most=MOST_DIGITS)))
        bounds = [each for each in (self.minimum, self.maximum) if each is not None]
        if not all(map(_is_score, bounds)) or (len(bounds) == 2 and bounds[0] >= bounds[1]):
            found.append(("/maximum", say("Above the minimum, both numbers.")))
        if self.points:
            found += _problems_of_points(self.points)
        return found

    def _problems_of_cuts(self) -> Problems:
        if not all(map(_is_score, self.cuts)) or any(a >= b for a, b in pairwise(self.cuts)):
            return [("/cuts", say("Scores that rise from one to the next."))]
        if len(self.cuts) > MOST_CUTS:
            return [("/cuts", say("At most {most}.", most=MOST_CUTS))]
        if self._problems_of_line():
            return []
        if any(self._rounded(cut) != cut for cut in self.cuts):
            told = say(
                "With at most {digits} digits behind the point, as scores have them.", digits=self.digits
            )
            return [("/cuts", told)]
        reached = self.theta_cuts()
        out = [cut for cut, theta in zip(self.cuts, reached, strict=True) if self.score(theta) < cut]
        if out or any(a >= b for a, b in pairwise(reached)) or (reached and reached[0] <= -FARTHEST):
            return [("/cuts", say("Each lies on the scale, and a score apart from the next."))]
        return []

    def _problems_of_levels(self) -> Problems:
        names = [level.name for level in self.levels]
        if self.levels and len(names) != len(self.cuts) + 1:
            told = say(
                "{cuts} cuts make {levels} levels, the lowest first.",
                cuts=len(self.cuts),
                levels=len(self.cuts) + 1,
            )
            return [("/levels", told)]
        if len(set(names)) != len(names) or any(not n.strip() or len(n) > LONGEST_LEVEL for n in names):
            told = say("Each has a name of its own, of at most {most} characters.", most=LONGEST_LEVEL)
            return [("/levels", told)]
        if any(len(level.meaning) > LONGEST_MEANING for level in self.levels):
            return [
                ("/levels", say("What a level means has at most {most} characters.", most=LONGEST_MEANING))
            ]
        return []


def _problems_of_points(points: Sequence[tuple[float, float]]) -> Problems:
    if not 2 <= len(points) <= MOST_POINTS:
        return [("/points", say("2 to {most} points.", most=MOST_POINTS))]
    if not all(math.isfinite(theta) and abs(theta) <= FARTHEST and _is_score(s) for theta, s in points):
        return [("/points", say("Pairs of θ, from −{most} to {most}, and a score.", most=f"{FARTHEST:g}"))]
    if any(a[0] >= b[0] or a[1] > b[1] for a, b in pairwise(points)):
        return [("/points", say("θ rises from point to point, and no score falls."))]
    return []


def _is_score(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= LARGEST


def _thousandths(theta: float) -> int:
    return math.floor(theta * 1000.0 + 0.5)
