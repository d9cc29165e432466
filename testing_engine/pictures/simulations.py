"""What a simulation found, drawn: errors and coverage along ability, lengths, exposure; one design or two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from testing_engine.pictures.palette import LINES, SERIES, SOFT
from testing_engine.pictures.picture import Cell, Picture, label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = 3  # side by side
FEWEST = 10  # students of a bin that is drawn; its row stays in the table
LEVEL = 0.95
OPEN_BIN = 0.5  # width of an outer bin, as it is drawn

Design = Mapping[str, Any]  # as `simulation.summary` makes it


@dataclass(frozen=True)
class Words:
    """What the pictures say, in the reader's language; `designs` what each design is called."""

    designs: tuple[str, ...]
    errors: tuple[str, str]  # title, description
    coverage: tuple[str, str]
    lengths: tuple[str, str]
    exposure: tuple[str, str]
    rmse: str
    standard_error: str
    bias: str
    students: str
    covered: str
    level: str
    length: str
    share: str
    question: str
    rank: str
    rate: str
    concept: str


def simulation_pictures(
    designs: Sequence[Design], concepts: Sequence[str], items: Sequence[str], words: Words
) -> list[Picture]:
    return [
        _errors(designs, concepts, words),
        _coverage(designs, concepts, words),
        _lengths(designs, words),
        _exposure(designs, items, words),
    ]


def _middle(row: Mapping[str, Any]) -> float:
    """Where a bin is drawn."""
    low = row["high"] - 2 * OPEN_BIN if row["low"] is None else row["low"]
    high = row["low"] + 2 * OPEN_BIN if row["high"] is None else row["high"]
    return float(low + high) / 2


def _drawn(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    shown = [row for row in rows if row["students"] >= FEWEST and row[name] is not None]
    return [_middle(row) for row in shown], [row[name] for row in shown]


def _errors(designs: Sequence[Design], concepts: Sequence[str], words: Words) -> Picture:
    curves = (("rmse", words.rmse, "-"), ("mean_standard_error", words.standard_error, ":"))

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        axes = grid_of_axes(figure, len(concepts), PANELS, "θ")
        for concept, axis in enumerate(axes):
            axis.axhline(0, color=SOFT, linewidth=1)
            for number, design in enumerate(designs):
                for name, said, line in (*curves, ("bias", words.bias, "--")):
                    x, y = _drawn(design["along"][concept], name)
                    axis.plot(
                        x, y, color=SERIES[number], linestyle=line, marker=".", linewidth=1.8,
                        label=_of(words, number, said),
                    )  # fmt: skip
            axis.set(title=label(concepts[concept]))
        below(axes[0], 3)

    names = ("students", "bias", "rmse", "mean_standard_error")
    said = (words.students, words.bias, words.rmse, words.standard_error)
    return _along("errors", words.errors, designs, concepts, words, names, said, draw)


def _coverage(designs: Sequence[Design], concepts: Sequence[str], words: Words) -> Picture:
    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below, grid_of_axes

        axes = grid_of_axes(figure, len(concepts), PANELS, "θ")
        for concept, axis in enumerate(axes):
            axis.axhline(LEVEL, color=SOFT, linestyle=LINES[1], linewidth=1, label=words.level)
            for number, design in enumerate(designs):
                x, y = _drawn(design["along"][concept], "coverage")
                said = _of(words, number, words.covered)
                axis.plot(x, y, color=SERIES[number], marker=".", linewidth=1.8, label=said)
            axis.set(title=label(concepts[concept]), ylim=(0.5, 1.01))
        below(axes[0], 3)

    names = ("students", "coverage")
    return _along(
        "coverage", words.coverage, designs, concepts, words, names, (words.students, words.covered), draw
    )


def _along(
    name: str,
    told: tuple[str, str],
    designs: Sequence[Design],
    concepts: Sequence[str],
    words: Words,
    fields: Sequence[str],
    said: Sequence[str],
    draw: Any,
) -> Picture:
    """A row per concept and bin, the designs side by side."""
    columns = [words.concept, "θ ≥", "θ <"]
    columns += [_of(words, number, each) for number in range(len(designs)) for each in said]
    rows: list[tuple[Cell, ...]] = []
    for concept, called in enumerate(concepts):
        for place, row in enumerate(designs[0]["along"][concept]):
            numbers = [each["along"][concept][place][field] for each in designs for field in fields]
            rows.append((called, row["low"], row["high"], *numbers))
    height = 1.0 + 2.4 * -(-len(concepts) // PANELS)
    return Picture(name, *told, tuple(columns), tuple(rows), draw, height)


def _lengths(designs: Sequence[Design], words: Words) -> Picture:
    counted = [{int(k): v for k, v in each["lengths"]["counts"].items()} for each in designs]
    found = sorted({length for each in counted for length in each})
    shares = [[each.get(length, 0) / sum(each.values()) for length in found] for each in counted]

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axis = figure.subplots()
        width = 0.8 / len(designs)
        for number, heights in enumerate(shares):
            places = [length + (number - (len(designs) - 1) / 2) * width for length in found]
            axis.bar(places, heights, width, color=SERIES[number], label=_of(words, number, ""))
        axis.set(xlabel=words.length, ylabel=words.share)
        if len(designs) > 1:
            below(axis, 2)

    columns = (words.length, *(_of(words, number, words.share) for number in range(len(designs))))
    rows = tuple((length, *numbers) for length, *numbers in zip(found, *shares, strict=True))
    return Picture("lengths", *words.lengths, columns, rows, draw, 3.0)


def _exposure(designs: Sequence[Design], items: Sequence[str], words: Words) -> Picture:
    rates = [each["exposure"]["rates"] for each in designs]

    def draw(figure: "Figure") -> None:
        from testing_engine.pictures.canvas import below

        axis = figure.subplots()
        for number, each in enumerate(rates):
            ordered = sorted(each, reverse=True)
            said = _of(words, number, "")
            axis.step(range(1, len(ordered) + 1), ordered, where="mid", color=SERIES[number],
                      linestyle=LINES[number], linewidth=1.8, label=said)  # fmt: skip
        axis.set(xlabel=words.rank, ylabel=words.rate, ylim=(0, None))
        if len(designs) > 1:
            below(axis, 2)

    columns = (words.question, *(_of(words, number, words.rate) for number in range(len(designs))))
    rows = tuple((item, *numbers) for item, *numbers in zip(items, *rates, strict=True))
    return Picture("exposure", *words.exposure, columns, rows, draw, 3.2)


def _of(words: Words, number: int, said: str) -> str:
    """With one design nobody needs to say which."""
    if len(words.designs) == 1:
        return said or label(words.designs[0])
    return f"{label(words.designs[number])}: {said}" if said else label(words.designs[number])
