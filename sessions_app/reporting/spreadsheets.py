"""CSV that people open in spreadsheets: a cell that a spreadsheet would run as a formula is made a text."""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from testing_engine.interchange.cells import safe_cell

MOST_TEXTS = 2000  # that are in memory at once


class _Line:
    """What `csv.writer` writes to: keeps the one line that it wrote last."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


class _Safe(dict[str, str]):
    """`safe_cell` of texts; most columns repeat theirs row by row."""

    def __missing__(self, text: str) -> str:
        if len(self) >= MOST_TEXTS:
            self.clear()
        found: str = safe_cell(text)
        self[text] = found
        return found


def csv_lines(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    is_for_people: bool = False,
    written_here: Collection[int] = (),
) -> Iterator[str]:
    """A table as CSV (RFC 4180), a line at a time. Numbers stay numbers, None is an empty cell.

    `is_for_people` puts the mark of UTF-8 in front, without which Excel takes the machine's own code page.
    `written_here`: places of columns whose texts are this program's own, and no formula.
    """
    line, safe = _Line(), _Safe()
    writer = csv.writer(line)
    writer.writerow([safe_cell(name) for name in header])
    yield ("\ufeff" if is_for_people else "") + line.text
    others = [place for place in range(len(header)) if place not in written_here]
    for row in rows:
        cells = list(row)
        for place in others:
            if (value := cells[place]).__class__ is str:
                cells[place] = safe[value]
        writer.writerow(cells)
        yield line.text
