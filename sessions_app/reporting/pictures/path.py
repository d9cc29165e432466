"""A session, drawn."""

from typing import TYPE_CHECKING

import numpy as np

from sessions_app.reporting.session_path import RIGHT, UNSCORED, WRONG, Path
from testing_engine.pictures import palette
from testing_engine.pictures.palette import FILL, SERIES, SOFT
from testing_engine.pictures.picture import Cell, Picture, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 2
MARKS = {RIGHT: (palette.RIGHT, "o"), WRONG: (palette.WRONG, "X"), UNSCORED: (SOFT, "s")}
MOST_NAMED = 25  # with more answers, the numbers of the answers stand in place of the questions' ids


def ability(path: Path) -> Picture:
    """Ability with its band, concept by concept, and the questions at their difficulty."""
    low, high = path.band
    rows: list[tuple[Cell, ...]] = []
    for step in range(len(path.theta)):
        asked = (None, None, None) if not step else _asked(path, step - 1)
        numbers = (round(float(v), 4) + 0.0 for c in range(path.theta.shape[1]) for v in _cell(path, step, c))
        rows.append((step, *asked, *numbers))

    def draw(figure: "Figure") -> None:
        from matplotlib.ticker import MaxNLocator

        from testing_engine.pictures.canvas import below, grid_of_axes

        steps = np.arange(len(path.theta))
        panels = grid_of_axes(figure, len(path.concept_names), PANELS, "answers")
        for concept, (axes, name) in enumerate(zip(panels, path.concept_names, strict=True)):
            band = low[:, concept], high[:, concept]
            axes.fill_between(steps, *band, color=FILL, linewidth=0, label="95 % band")
            axes.plot(steps, path.theta[:, concept], color=SERIES[0], linewidth=2, label="ability θ")
            _marks(axes, path, concept)
            axes.set(title=label(name))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[0].set_ylabel("θ and difficulty")
        below(panels[0], 5)

    each = (f"{what}: {name}" for name in path.concept_names for what in ("θ", "SE", "low", "high"))
    return Picture(
        "ability",
        "Path of ability",
        "The estimate after each answer with its 95 % band θ ± 1.96 SE, from the prior at 0 on. Marks stand "
        "at the difficulty of the question answered, in the concepts that it measures.",
        ("answer", "question", "outcome", "difficulty", *each),
        tuple(rows),
        draw,
        0.9 + 2.3 * -(-len(path.concept_names) // PANELS),
    )


def information(path: Path) -> Picture:
    """What each question could tell where it was asked."""
    numbers = np.arange(1, len(path.questions) + 1)

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots()
        for outcome, (colour, _) in MARKS.items():
            own = np.array([each == outcome for each in path.outcomes], dtype=bool)
            if own.any():
                shade = colour if outcome == RIGHT else "none"  # to be told apart without colour
                axes.bar(
                    numbers[own],
                    path.information[own],
                    facecolor=shade,
                    edgecolor=colour,
                    linewidth=1.5,
                    width=0.7,
                    label=outcome,
                )
        axes.set(ylabel="information", ylim=(0, None))
        axes.grid(visible=False, axis="x")
        if len(numbers) <= MOST_NAMED:
            axes.set_xticks(numbers, [label(name) for name in path.questions], rotation=60, ha="right")
        else:
            axes.set_xlabel("answer")
        below(axes)

    rows = zip(
        numbers.tolist(),
        path.questions,
        path.outcomes,
        path.difficulty.round(4).tolist(),
        path.information.round(6).tolist(),
        path.seconds,
        strict=True,
    )
    return Picture(
        "information",
        "Information of each question",
        "The expected information I(t)·‖a‖² of each question at the ability estimated before the answer.",
        ("answer", "question", "outcome", "difficulty", "information", "seconds"),
        tuple(rows),
        draw,
        3.2,
    )


def _marks(axes: "Axes", path: Path, concept: int) -> None:
    for outcome, (colour, marker) in MARKS.items():
        own = [i for i, each in enumerate(path.outcomes) if each == outcome and path.measures[i, concept]]
        # An empty line too: the first panel's legend names the marks of all.
        if outcome in path.outcomes:
            places = np.array(own, dtype=np.intp)
            axes.plot(
                places + 1,
                path.difficulty[places],
                color=colour,
                marker=marker,
                markersize=5,
                linestyle="none",
                label=outcome,
            )


def _asked(path: Path, index: int) -> tuple[Cell, ...]:
    return path.questions[index], path.outcomes[index], round(float(path.difficulty[index]), 4)


def _cell(path: Path, step: int, concept: int) -> tuple[float, float, float, float]:
    low, high = path.band
    return (
        float(path.theta[step, concept]),
        float(path.error[step, concept]),
        float(low[step, concept]),
        float(high[step, concept]),
    )
