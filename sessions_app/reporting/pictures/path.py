"""A session, drawn."""

from typing import TYPE_CHECKING

import numpy as np

from sessions_app.reporting.session_path import RIGHT, UNSCORED, WRONG, Path
from testing_engine.pictures import palette
from testing_engine.pictures.palette import FILL, SERIES, SOFT
from testing_engine.pictures.picture import Cell, Picture, label
from testing_engine.pictures.voice import ENGLISH, Voice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 2
MARKS = {RIGHT: (palette.RIGHT, "o"), WRONG: (palette.WRONG, "X"), UNSCORED: (SOFT, "s")}
MOST_NAMED = 25  # with more answers, the numbers of the answers stand in place of the questions' ids


def _outcomes(say: Voice) -> dict[str, str]:
    return {RIGHT: say("right"), WRONG: say("wrong"), UNSCORED: say("not scored")}


def ability(path: Path, say: Voice = ENGLISH) -> Picture:
    """Ability with its band, concept by concept, and the questions at their difficulty."""
    low, high = path.band
    told = _outcomes(say)
    rows: list[tuple[Cell, ...]] = []
    for step in range(len(path.theta)):
        asked = (None, None, None) if not step else _asked(path, step - 1, told)
        numbers = (round(float(v), 4) + 0.0 for c in range(path.theta.shape[1]) for v in _cell(path, step, c))
        rows.append((step, *asked, *numbers))

    def draw(figure: "Figure") -> None:
        from matplotlib.ticker import MaxNLocator

        from testing_engine.pictures.canvas import below, grid_of_axes

        steps = np.arange(len(path.theta))
        panels = grid_of_axes(figure, len(path.concept_names), PANELS, say("answers"))
        for concept, (axes, name) in enumerate(zip(panels, path.concept_names, strict=True)):
            band = low[:, concept], high[:, concept]
            axes.fill_between(steps, *band, color=FILL, linewidth=0, label=say("95 % band"))
            axes.plot(steps, path.theta[:, concept], color=SERIES[0], linewidth=2, label=say("ability θ"))
            _marks(axes, path, concept, told)
            axes.set(title=label(name))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[0].set_ylabel(say("θ and difficulty"))
        below(panels[0], 5)

    parts = ("θ", say("SE"), say("low"), say("high"))
    each = (f"{what}: {name}" for name in path.concept_names for what in parts)
    return Picture(
        "ability",
        say("Path of ability"),
        say(
            "The estimate after each answer with its 95 % band θ ± 1.96 SE, from the prior at 0 on. Marks "
            "stand at the difficulty of the question answered, in the concepts that it measures."
        ),
        (say("answer"), say("question"), say("outcome"), say("difficulty"), *each),
        tuple(rows),
        draw,
        0.9 + 2.3 * -(-len(path.concept_names) // PANELS),
    )


def information(path: Path, say: Voice = ENGLISH) -> Picture:
    """What each question could tell where it was asked."""
    told = _outcomes(say)
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
                    label=told[outcome],
                )
        axes.set(ylabel=say("information"), ylim=(0, None))
        axes.grid(visible=False, axis="x")
        if len(numbers) <= MOST_NAMED:
            axes.set_xticks(numbers, [label(name) for name in path.questions], rotation=60, ha="right")
        else:
            axes.set_xlabel(say("answer"))
        below(axes)

    rows = zip(
        numbers.tolist(),
        path.questions,
        (told[outcome] for outcome in path.outcomes),
        path.difficulty.round(4).tolist(),
        path.information.round(6).tolist(),
        path.seconds,
        strict=True,
    )
    return Picture(
        "information",
        say("Information of each question"),
        say(
            "The expected information I(t)·‖a‖² of each question at the ability estimated before the answer."
        ),
        (
            say("answer"),
            say("question"),
            say("outcome"),
            say("difficulty"),
            say("information"),
            say("seconds"),
        ),
        tuple(rows),
        draw,
        3.2,
    )


def _marks(axes: "Axes", path: Path, concept: int, told: dict[str, str]) -> None:
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
                label=told[outcome],
            )


def _asked(path: Path, index: int, told: dict[str, str]) -> tuple[Cell, ...]:
    return path.questions[index], told[path.outcomes[index]], round(float(path.difficulty[index]), 4)


def _cell(path: Path, step: int, concept: int) -> tuple[float, float, float, float]:
    low, high = path.band
    return (
        float(path.theta[step, concept]),
        float(path.error[step, concept]),
        float(low[step, concept]),
        float(high[step, concept]),
    )
