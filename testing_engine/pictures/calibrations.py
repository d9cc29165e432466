"""Curves of questions as they are and as a calibration has them, with the band of what it cannot know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from testing_engine.pictures.palette import FILL, SERIES, SOFT
from testing_engine.pictures.picture import Picture, label, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4


class Curves(Protocol):
    """Of one question at the points of a grid. Without parameters so far `old` is None, without an estimate
    `new`, without a band `low`."""

    @property
    def id(self) -> str: ...
    @property
    def old(self) -> Sequence[float] | None: ...
    @property
    def new(self) -> Sequence[float] | None: ...
    @property
    def low(self) -> Sequence[float] | None: ...
    @property
    def high(self) -> Sequence[float] | None: ...


@dataclass(frozen=True)
class Words:
    """What the picture says, in the reader's language."""

    title: str
    description: str
    old: str
    new: str
    band: str


def old_and_new(name: str, grid: Sequence[float], questions: Sequence[Curves], words: Words) -> Picture:
    """Small pictures side by side, the old curve dotted, the new one whole in its band."""

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        axes = grid_of_axes(figure, len(questions), COLUMNS, "θ")
        for place, (axis, each) in enumerate(zip(axes, questions, strict=True)):
            said = (words.old, words.new, words.band) if place == 0 else (None, None, None)
            if each.low is not None and each.high is not None:
                axis.fill_between(grid, each.low, each.high, color=FILL, linewidth=0, label=said[2])
            if each.old is not None:
                axis.plot(grid, each.old, color=SOFT, linestyle=":", linewidth=2, label=said[0])
            if each.new is not None:
                axis.plot(grid, each.new, color=SERIES[0], linewidth=2, label=said[1])
            axis.set(title=label(each.id), xlim=(grid[0], grid[-1]), ylim=(0, 1.02))
        below(axes[0], 3)

    columns: list[str] = ["θ"]
    numbers: list[Sequence[float]] = [grid]
    for each in questions:
        curves = ((words.old, each.old), (words.new, each.new), ("−", each.low), ("+", each.high))
        for said, points in curves:
            if points is not None:
                columns.append(f"{each.id}, {said}")
                numbers.append(points)
    rows = rows_of(*numbers)
    height = 0.8 + 1.7 * -(-len(questions) // COLUMNS)
    return Picture(name, words.title, words.description, tuple(columns), rows, draw, height)
