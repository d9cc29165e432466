"""What came out of many tests, drawn: for a pool, a named test, or any other choice of sessions."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sessions_app.reporting.levels import levels_of
from sessions_app.reporting.result_distribution import MINUTES, LevelResults, Results
from sessions_app.sitting.result_specs import Kind
from testing_engine.pictures.palette import FILL, INK, SERIES
from testing_engine.pictures.picture import Cell, Picture, label
from testing_engine.pictures.voice import ENGLISH, Voice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = 3


def results_pictures(results: Results, say: Voice = ENGLISH) -> tuple[Picture, ...]:
    """None without a test that is over."""
    if not results.tests:
        return ()
    by_level = (_levels(told, number, say) for number, told in enumerate(results.levels))
    proficiencies = (_proficiencies(results, say),) if results.concepts else ()
    return (*proficiencies, *by_level, _times(results, say))


def _proficiencies(results: Results, say: Voice) -> Picture:
    concepts = results.concepts

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        panels = grid_of_axes(figure, len(concepts), PANELS, say("proficiency Φ(θ)"))
        edges = np.linspace(0, 1, 11)
        for axes, concept in zip(panels, concepts, strict=True):
            shares = 100 * np.array(concept.tenths) / concept.tests
            axes.stairs(shares, edges, fill=True, color=SERIES[0], linewidth=0, label=say("tests"))
            reference = say("the reference population")
            axes.axhline(10, color=INK, linestyle="--", linewidth=1, label=reference)
            axes.set(title=label(concept.name), xlim=(0, 1))
        panels[0].set_ylabel(say("tests (%)"))
        below(panels[0])

    tenths = [f"{k / 10:.1f}–{(k + 1) / 10:.1f}" for k in range(10)]
    rows: list[tuple[Cell, ...]] = [
        (c.name, c.tests, round(c.mean, 4) + 0.0, round(c.sd, 4), round(c.mean_error, 4), *c.tenths)
        for c in concepts
    ]
    return Picture(
        "proficiency",
        say("Proficiency, concept by concept"),
        say(
            "How many tests ended in each tenth of proficiency Φ(θ), the share of the reference population "
            "at or below the student. A group like that population has 10 % in each."
        ),
        (say("concept"), say("tests"), say("mean θ"), say("SD of θ"), say("mean SE"), *tenths),
        tuple(rows),
        draw,
        3.2 if len(concepts) <= PANELS else 0.9 + 1.9 * -(-len(concepts) // PANELS),
    )


def _levels(told: LevelResults, number: int, say: Voice) -> Picture:
    spec, counts = told.spec, told.counts
    levels = levels_of(spec)
    rows: list[tuple[Any, ...]] = [
        (say("whole test") if name is None else name, *by_level) for name, by_level in counts
    ]

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots()
        places, left = np.arange(len(rows)), np.zeros(len(rows))
        for index, level in enumerate(levels):
            colour, alpha = _shade(index, len(levels))
            shares = np.array([100 * row[index + 1] / max(sum(row[1:]), 1) for row in rows])
            axes.barh(
                places, shares, left=left, color=colour, alpha=alpha, height=0.6, label=label(level.name)
            )
            left += shares
        axes.set_yticks(places, [label(row[0]) for row in rows])
        axes.invert_yaxis()
        axes.set(xlabel=say("tests (%)"), xlim=(0, 100))
        axes.grid(visible=False, axis="y")
        below(axes)

    cuts = ", ".join(f"{cut:g}" for cut in spec.cuts)
    return Picture(
        "levels" if not number else f"levels-{number + 1}",
        say("Passed and not passed") if spec.kind == Kind.PASSING else say("Levels"),
        say(
            "Tests by the level that their θ is in; levels meet at θ = {cuts}. θ is compared to 0.001.",
            cuts=cuts,
        ),
        (say("concept"), *(level.name for level in levels)),
        tuple(rows),
        draw,
        1.4 + 0.35 * len(rows),
    )


def _shade(index: int, count: int) -> tuple[str, float]:
    """The lower half of the levels in one colour, the upper in another; the fuller, the farther out."""
    place = 2 * (index + 0.5) / count - 1  # −1 … 1
    return SERIES[1] if place < 0 else SERIES[0], 0.25 + 0.75 * abs(place) ** 0.7


def _times(results: Results, say: Voice) -> Picture:
    edges = (0, *MINUTES)
    names = [*(f"{low}–{high}" for low, high in zip(edges, MINUTES, strict=False)), f"{MINUTES[-1]}+"]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        bars = axes.bar(names, results.minutes, color=FILL, edgecolor=SERIES[0])
        axes.bar_label(bars, color=INK, padding=2)
        axes.set(xlabel=say("minutes"), ylabel=say("tests"))
        axes.margins(y=0.12)
        axes.grid(visible=False, axis="x")

    return Picture(
        "times",
        say("Time taken"),
        say("From the start of a test to its last answer."),
        (say("minutes"), say("tests")),
        tuple(zip(names, results.minutes, strict=True)),
        draw,
        2.8,
    )
