"""What came out of many tests, drawn: for a pool, a named test, or any other choice of sessions."""

from typing import TYPE_CHECKING

import numpy as np
from django.db.models import QuerySet

from sessions_app.models import TestSession
from sessions_app.reporting import levels
from sessions_app.reporting.result_distribution import MINUTES, Results, results_of
from testing_engine.pictures.palette import FILL, INK, SERIES
from testing_engine.pictures.picture import Cell, Picture, label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = 3
LEVEL_SHADES = ((SERIES[1], 1.0), (SERIES[1], 0.45), (SERIES[0], 0.45), (SERIES[0], 1.0))


def results_pictures(sessions: QuerySet[TestSession]) -> tuple[Results, tuple[Picture, ...]]:
    """The numbers, and their pictures; none without a test that is over."""
    results = results_of(sessions)
    if not results.tests:
        return results, ()
    return results, (_proficiencies(results), _levels(results), _times(results))


def _proficiencies(results: Results) -> Picture:
    concepts = results.concepts

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        panels = grid_of_axes(figure, len(concepts), PANELS, "proficiency Φ(θ)")
        edges = np.linspace(0, 1, 11)
        for axes, concept in zip(panels, concepts, strict=True):
            shares = 100 * np.array(concept.tenths) / concept.tests
            axes.stairs(shares, edges, fill=True, color=SERIES[0], linewidth=0, label="tests")
            axes.axhline(10, color=INK, linestyle="--", linewidth=1, label="the reference population")
            axes.set(title=label(concept.name), xlim=(0, 1))
        panels[0].set_ylabel("tests (%)")
        below(panels[0])

    tenths = [f"{k / 10:.1f}–{(k + 1) / 10:.1f}" for k in range(10)]
    rows: list[tuple[Cell, ...]] = [
        (c.name, c.tests, round(c.mean, 4), round(c.sd, 4), round(c.mean_error, 4), *c.tenths)
        for c in concepts
    ]
    return Picture(
        "proficiency",
        "Proficiency, concept by concept",
        "How many tests ended in each tenth of proficiency Φ(θ), the share of the reference population at or "
        "below the student. A group like that population has 10 % in each.",
        ("concept", "tests", "mean θ", "SD of θ", "mean SE", *tenths),
        tuple(rows),
        draw,
        3.2 if len(concepts) <= PANELS else 0.9 + 1.9 * -(-len(concepts) // PANELS),
    )


def _levels(results: Results) -> Picture:
    concepts = results.concepts

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axes = figure.subplots()
        places, left = np.arange(len(concepts)), np.zeros(len(concepts))
        for number, (name, (colour, alpha)) in enumerate(zip(levels.NAMES, LEVEL_SHADES, strict=True)):
            shares = np.array([100 * concept.levels[number] / concept.tests for concept in concepts])
            axes.barh(places, shares, left=left, color=colour, alpha=alpha, height=0.6, label=name)
            left += shares
        axes.set_yticks(places, [label(concept.name) for concept in concepts])
        axes.invert_yaxis()
        axes.set(xlabel="tests (%)", xlim=(0, 100))
        axes.grid(visible=False, axis="y")
        below(axes)

    cuts = ", ".join(f"{cut:g}" for cut in levels.CUTS)
    return Picture(
        "levels",
        "Levels",
        f"Tests by the level that their θ is in; levels meet at θ = {cuts}.",
        ("concept", *levels.NAMES),
        tuple((concept.name, *concept.levels) for concept in concepts),
        draw,
        1.4 + 0.35 * len(concepts),
    )


def _times(results: Results) -> Picture:
    edges = (0, *MINUTES)
    names = [*(f"{low}–{high}" for low, high in zip(edges, MINUTES, strict=False)), f"{MINUTES[-1]}+"]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        bars = axes.bar(names, results.minutes, color=FILL, edgecolor=SERIES[0])
        axes.bar_label(bars, color=INK, padding=2)
        axes.set(xlabel="minutes", ylabel="tests")
        axes.margins(y=0.12)
        axes.grid(visible=False, axis="x")

    return Picture(
        "times",
        "Time taken",
        "From the start of a test to its last answer.",
        ("minutes", "tests"),
        tuple(zip(names, results.minutes, strict=True)),
        draw,
        2.8,
    )
