"""A picture: what it shows in words, its numbers as a table, and how it is drawn from them.

The numbers come first. Whoever only downloads them never loads the drawing library.
"""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from testing_engine.interchange.cells import safe_cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS_ON_PAGE = 100
MOST_LABEL_LETTERS = 40

Cell = str | int | float | None


@dataclass(frozen=True)
class Picture:
    """`name` is unique on a page, of a–z and hyphens. `rows` have one cell per column; None is no value."""

    name: str
    title: str
    description: str  # what is drawn, with the formula where there is one
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    draw: Callable[["Figure"], None]
    height: float = 4.0  # of a figure 8 wide
    drawn: str = ""  # what `draw` drew, where that was kept

    @cached_property
    def svg(self) -> str:
        """For a page: colours are classes, which the style sheet fills in for light, dark and print."""
        if self.drawn:
            return self.drawn
        from testing_engine.pictures.canvas import svg_of

        return svg_of(self.draw, self.name, self.title, self.description, self.height)

    @property
    def csv(self) -> str:
        """All rows. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(map(safe_cell, self.columns))
        writer.writerows(map(safe_cell, row) for row in self.rows)
        return text.getvalue()

    @property
    def first_rows(self) -> list[list[str]]:
        """As the page shows them."""
        return [[shown(cell) for cell in row] for row in self.rows[:ROWS_ON_PAGE]]

    @property
    def rows_left_out(self) -> int:
        return max(0, len(self.rows) - ROWS_ON_PAGE)


def rows_of(*columns: Sequence[float]) -> tuple[tuple[Cell, ...], ...]:
    """Rows of cells, to six digits; what is not finite is no value."""
    cells = ((round(v, 6) if math.isfinite(v) else None for v in column) for column in columns)
    return tuple(zip(*cells, strict=True))


def shown(cell: Cell) -> str:
    """A number to four significant digits; "–" for none."""
    if cell is None:
        return "–"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def label(text: str) -> str:
    """A name from an author as a label: one line, not too long, without what XML forbids.

    The drawing library leaves labels that begin with an underscore out of legends, hence the space.
    """
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(line) > MOST_LABEL_LETTERS:
        line = line[: MOST_LABEL_LETTERS - 1] + "…"
    return f" {line}" if line.startswith("_") else line
