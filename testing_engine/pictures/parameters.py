"""Curves of a few questions under the parameters that they have and under those that a table brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testing_engine.pictures.palette import RIGHT, SERIES
from testing_engine.pictures.picture import Picture, label, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Words:
    """What the picture says, in the reader's language."""

    title: str
    description: str
    before: str
    none: str  # for what has no curve before
    after: str
    probability: str
    score: str


def before_and_after(
    grid: Sequence[float], questions: Sequence[tuple[str, Points, Points]], words: Words
) -> Picture:
    """`questions`: (id, P of each category before, the same after), each (categories, points of `grid`);
    before is empty for one that has no parameters yet.

    Of right/wrong questions P of a right answer is drawn, of others that of each score; before broken, after
    whole.
    """

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots(1, len(questions), squeeze=False, sharey=True)[0]
        for place, (axis, (name, before, after)) in enumerate(zip(axes, questions, strict=True)):
            for score in _drawn(after):
                colour = RIGHT if len(after) == 2 else SERIES[score % len(SERIES)]
                first = place == 0 and score == _drawn(after)[0]
                said = (words.before if before else words.none, words.after) if first else (None, None)
                axis.plot(
                    *((grid, before[score]) if before else ((), ())),
                    color=colour,
                    linestyle=":",
                    linewidth=2,
                    label=said[0],
                )
                axis.plot(grid, after[score], color=colour, linewidth=2, label=said[1])
            axis.set(title=label(name), xlabel="θ", xlim=(grid[0], grid[-1]), ylim=(0, 1.02))
        axes[0].set_ylabel(words.probability)
        below(axes[0], 2)

    columns: list[str] = ["θ"]
    numbers: list[Sequence[float]] = [grid]
    for name, before, after in questions:
        for score in _drawn(after):
            for said, points in (
                ((words.before, before), (words.after, after)) if before else ((words.after, after),)
            ):
                scored = "" if len(after) == 2 else f", {words.score} {score}"
                columns.append(f"{name}{scored}, {said}")
                numbers.append(points[score])
    rows = rows_of(*numbers)
    return Picture("before-and-after", words.title, words.description, tuple(columns), rows, draw, 3.4)


def _drawn(points: Points) -> list[int]:
    return [1] if len(points) == 2 else list(range(len(points)))
