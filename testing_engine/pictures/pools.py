"""Pictures of a pool revision, and its gaps in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from testing_engine.pictures.palette import FILL, INK, SERIES, SOFT, series
from testing_engine.pictures.picture import Cell, Picture, label, rows_of
from testing_engine.pictures.voice import ENGLISH, Voice
from testing_engine.psychometrics.coverage import (
    NEAR,
    SEARCHED,
    TARGET_ERROR,
    Coverage,
    Gap,
    coverage,
    difficulties,
    gaps,
    standard_errors,
)
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POPULATION_EDGES = tuple(np.arange(-4, 4.25, 0.5).tolist())  # of the bins of stored abilities
FEWEST_STUDENTS = 20  # fewer show nothing about a population
MOST_POINTS = 800  # more questions than that are drawn as bubbles, each for a small field
FIELD = (0.25, 0.25)  # difficulty × discrimination
PANELS = 3  # side by side
LARGEST_ERROR = 1.2  # drawn

Population = tuple[tuple[int, ...], ...]  # per concept, students in each bin; () for too few


@dataclass(frozen=True)
class PoolPictures:
    pictures: tuple[Picture, ...]
    gaps: tuple[str, ...]  # in words


@lru_cache(maxsize=64)
def pool_pictures(
    bank: ItemBank,
    external_ids: tuple[str, ...],
    concept_names: tuple[str, ...],
    population: Population,
    say: Voice = ENGLISH,
) -> PoolPictures:
    """Kept by each process, as a revision never changes; another population makes another entry."""
    covered = coverage(bank)
    found = gaps(bank, covered)
    pictures = [
        _information(covered, concept_names, population, say),
        _errors(covered, concept_names, found, say),
    ]
    if len(concept_names) > 1:
        pictures.append(_together(covered, say))
    pictures += [_questions(bank, external_ids, concept_names, say), _concepts(covered, concept_names, say)]
    return PoolPictures(
        tuple(pictures), tuple(gap_in_words(gap, concept_names, covered.length, say) for gap in found)
    )


def gap_in_words(gap: Gap, concept_names: Sequence[str], length: int, say: Voice = ENGLISH) -> str:
    """One sentence."""
    place = {"count": gap.near, "theta": f"{gap.worst_at:.1f}", "concept": concept_names[gap.concept]}
    if not gap.near:
        start = say("No questions near θ = {theta} in {concept}", **place)
    elif gap.near == 1:
        start = say("Only 1 question near θ = {theta} in {concept}", **place)
    elif gap.near < length:
        start = say("Only {count} questions near θ = {theta} in {concept}", **place)
    else:
        start = say("{count} questions near θ = {theta} in {concept}", **place)
    if gap.low == gap.high:
        at = say("at θ = {low}", low=f"{gap.low:.1f}")
    else:
        at = say("from θ = {low} to {high}", low=f"{gap.low:.1f}", high=f"{gap.high:.1f}")
    if not np.isfinite(gap.worst):
        return say("{start}: nothing is measured {at}.", start=start, at=at)
    return say(
        "{start}: {at}, even the {length} best leave a standard error above {target}, up to {worst}.",
        start=start,
        at=at,
        length=length,
        target=f"{TARGET_ERROR:g}",
        worst=f"{gap.worst:.2f}",
    )


def _information(covered: Coverage, names: Sequence[str], population: Population, say: Voice) -> Picture:
    known = [name for name, counts in zip(names, population, strict=True) if counts]
    shares = [_density_at(covered.grid, counts) for counts in population if counts]
    columns = ("θ", *(say("information: {name}", name=name) for name in names), say("density of N(0, 1)"))
    columns += tuple(say("density of students: {name}", name=name) for name in known)
    rows = _columns(covered.grid, *covered.whole, _normal(covered.grid), *shares)

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        most = max(float(covered.whole.max()), 1e-9)
        height = 0.6 * most / max(float(_normal(covered.grid).max()), *map(_highest, population))
        for axes, name, line, counts in zip(
            grid_of_axes(figure, len(names), PANELS, "θ"), names, covered.whole, population, strict=True
        ):
            _population(axes, height, covered.grid, counts, say)
            said = say("information of all questions")
            axes.plot(covered.grid, line, color=SERIES[0], linewidth=2, label=said)
            axes.set(title=label(name), xlim=(-4, 4), ylim=(0, most * 1.1))
        below(figure.axes[_index_of_fullest(population)])
        figure.supylabel(say("information"), fontsize=9)

    return Picture(
        "information",
        say("Information along ability, with the population"),
        say(
            "Σ a² I(θ) over all questions that measure the concept, for students with θ in it and 0 in the "
            "rest. Behind it the population: N(0, 1), and the stored abilities of students where there are "
            "at least {fewest}; its height is not to scale.",
            fewest=FEWEST_STUDENTS,
        ),
        columns,
        rows,
        draw,
        _height(len(names)),
    )


def _population(axes: "Axes", height: float, grid: FloatArray, counts: Sequence[int], say: Voice) -> None:
    """N(0, 1) as an area, students as an outline, both as densities times `height`."""
    area = say("population N(0, 1)")
    axes.fill_between(grid, _normal(grid) * height, color=FILL, linewidth=0, label=area)
    if counts:
        axes.stairs(_density(counts) * height, POPULATION_EDGES, color=SOFT, label=say("students so far"))


def _density(counts: Sequence[int]) -> FloatArray:
    """In each bin."""
    return np.asarray(np.array(counts) / sum(counts) / np.diff(POPULATION_EDGES))


def _highest(counts: Sequence[int]) -> float:
    return float(_density(counts).max()) if counts else 0.0


def _errors(covered: Coverage, names: Sequence[str], found: Sequence[Gap], say: Voice) -> Picture:
    best, whole = standard_errors(covered.best), standard_errors(covered.whole)
    of_best = (say("SE of the {count} best: {name}", count=covered.length, name=name) for name in names)
    of_whole = (say("SE of all: {name}", name=name) for name in names)

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        for concept, (axes, name) in enumerate(
            zip(grid_of_axes(figure, len(names), PANELS, say("θ (gaps are shaded)")), names, strict=True)
        ):
            for gap in (gap for gap in found if gap.concept == concept):
                axes.axvspan(gap.low - 0.05, gap.high + 0.05, color=FILL, linewidth=0, label="_")
            axes.plot(
                covered.grid,
                _visible(best[concept]),
                color=SERIES[0],
                linewidth=2,
                label=say("{count} best questions", count=covered.length),
            )
            of_all = say("all questions")
            axes.plot(covered.grid, _visible(whole[concept]), color=SOFT, linestyle="--", label=of_all)
            target = say("target {target}", target=f"{TARGET_ERROR:g}")
            axes.axhline(TARGET_ERROR, color=SERIES[1], linewidth=1, linestyle=":", label=target)
            axes.set(title=label(name), xlim=(-4, 4), ylim=(0, LARGEST_ERROR))
        below(figure.axes[0])
        figure.supylabel(say("standard error"), fontsize=9)

    return Picture(
        "standard-error",
        say("Standard error along ability, and gaps"),
        say(
            "1/√I: of the {count} questions that tell most at this θ (the best that such a test can do, "
            "without a prior), and of the whole pool. A gap is where the former is above {target}, looked "
            "for from θ = {low} to {high}; near means within {near}.",
            count=covered.length,
            target=f"{TARGET_ERROR:g}",
            low=f"{-SEARCHED:g}",
            high=f"{SEARCHED:g}",
            near=f"{NEAR:g}",
        ),
        ("θ", *of_best, *of_whole),
        _columns(covered.grid, *best, *whole),
        draw,
        _height(len(names)),
    )


def _together(covered: Coverage, say: Voice) -> Picture:
    errors = standard_errors(covered.together_best)

    def draw(figure: "Figure") -> None:
        information, error = figure.subplots(1, 2)
        information.plot(covered.grid, covered.together, color=SERIES[0], linewidth=2)
        information.set(title=say("information of all questions"), xlabel="θ", xlim=(-4, 4), ylim=(0, None))
        error.plot(covered.grid, _visible(errors), color=SERIES[0], linewidth=2)
        title = say("standard error of the {count} best", count=covered.length)
        error.set(title=title, xlabel="θ", xlim=(-4, 4), ylim=(0, None))

    return Picture(
        "together",
        say("All concepts together"),
        say(
            "For students with the same θ in every concept, about this common θ: Σ (Σ a)² I(θ), and 1/√ of "
            "it for the {count} questions that tell most.",
            count=covered.length,
        ),
        ("θ", say("information"), say("SE of the {count} best", count=covered.length)),
        _columns(covered.grid, covered.together, errors),
        draw,
        3.0,
    )


def _questions(bank: ItemBank, external_ids: Sequence[str], names: Sequence[str], say: Voice) -> Picture:
    difficulty, steepness = difficulties(bank), bank.steepness
    main = np.argmax(bank.slopes, axis=1)
    merged = bank.n_items > MOST_POINTS

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        panels = grid_of_axes(figure, len(names) if merged else 1, PANELS, say("difficulty (θ)"))
        for concept, name in enumerate(names):
            own = np.flatnonzero(main == concept)
            places, counts = np.column_stack([difficulty[own], steepness[own]]), np.ones(len(own))
            if merged and own.size:
                places, counts = _fields(places)
            axes = panels[concept if merged else 0]
            colour, _, marker = series(0 if merged else concept)
            for count in np.unique(counts):  # a size each: equal marks are drawn once and referred to
                axes.scatter(
                    places[counts == count, 0],
                    places[counts == count, 1],
                    s=16 * count**0.5,
                    color=colour,
                    marker=marker,
                    linewidths=0,
                    alpha=0.7,
                    label=label(name) if count == 1 else None,
                )
            axes.set(title=label(name) if merged else "", ylim=(0, steepness.max() * 1.08))
        figure.supylabel(say("discrimination ‖a‖"), fontsize=9)
        if not merged and len(names) > 1:
            below(panels[0], 5)

    rows = zip(
        external_ids,
        (names[concept] for concept in main.tolist()),
        difficulty.round(6).tolist(),
        steepness.round(6).tolist(),
        bank.n_categories.tolist(),
        strict=True,
    )
    several = say(
        "Above {most} questions, a mark stands for all in a field of {width} × {height}, "
        "the larger the more.",
        most=MOST_POINTS,
        width=FIELD[0],
        height=FIELD[1],
    )
    described = say(
        "Discrimination is the length of the slope vector (MDISC), difficulty is MDIFF; for those of more "
        "than two categories, where they tell most. Colour and mark: the concept with the largest slope."
    )
    return Picture(
        "questions",
        say("Difficulty and discrimination of all questions"),
        f"{described} {several}" if merged else described,
        (say("question"), say("main concept"), say("difficulty"), say("discrimination"), say("categories")),
        tuple(rows),
        draw,
        _height(len(names)) if merged else 4.5,
    )


def _fields(places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Middles of the fields that hold questions, and how many each holds, as a power of two."""
    fields, counts = np.unique(np.rint(places / FIELD), axis=0, return_counts=True)
    return fields * FIELD, 2.0 ** np.rint(np.log2(counts))


def _concepts(covered: Coverage, names: Sequence[str], say: Voice) -> Picture:
    shares = covered.shares

    def draw(figure: "Figure") -> None:
        counts, share = figure.subplots(1, 2, sharey=True)
        places = np.arange(len(names))
        for axes, values, title, form in (
            (counts, covered.questions, say("questions"), "{:.0f}"),
            (share, 100 * shares, say("share of the information (%)"), "{:.0f}"),
        ):
            bars = axes.barh(places, values, color=SERIES[0], height=0.6)
            axes.bar_label(bars, fmt=form, padding=3, color=INK)
            axes.set(title=title)
            axes.margins(x=0.12)
            axes.grid(visible=False, axis="y")
        counts.set_yticks(places, [label(name) for name in names])
        counts.invert_yaxis()

    return Picture(
        "concepts",
        say("Coverage of the concepts"),
        say(
            "How many questions measure each concept (one may measure several), and what share of the "
            "pool’s information is about it, on average over N(0, 1)."
        ),
        (say("concept"), say("questions"), say("share of information")),
        tuple(zip(names, covered.questions.tolist(), shares.round(6).tolist(), strict=True)),
        draw,
        1.2 + 0.35 * len(names),
    )


def _columns(*columns: FloatArray) -> tuple[tuple[Cell, ...], ...]:
    return rows_of(*(column.tolist() for column in columns))


def _visible(errors: FloatArray) -> FloatArray:
    return np.where(np.isfinite(errors), errors, np.nan)


def _normal(grid: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi))


def _density_at(grid: FloatArray, counts: Sequence[int]) -> FloatArray:
    """The students' density at each point of the grid."""
    density = _density(counts)
    bins = np.searchsorted(POPULATION_EDGES, grid, side="right") - 1
    return np.asarray(density[np.clip(bins, 0, len(counts) - 1)])


def _index_of_fullest(population: Population) -> int:
    """The panel whose legend names everything that is drawn in any."""
    return next((index for index, counts in enumerate(population) if counts), 0)


def _height(panels: int) -> float:
    rows = -(-panels // PANELS)
    return 3.2 if rows == 1 else 0.9 + 1.9 * rows
