"""What R prints, and other tables whose columns only blanks hold apart → a header and rows.

R puts a row's name before its cells, without a name in the header; breaks wide tables into blocks with the
same row names; and prints a list element by element, `$items` or one item each with the rows `par` and `SE`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from testing_engine.sentences import Sentence, say

ROW_NAMES = "(row names)"
MISSING = {"", "NA", "<NA>", "NaN", "NULL"}
# Names of columns that hold a blank.
_PHRASES = re.compile(
    r"\b(Threshold) (\d+)\b|\b(Std\.) (Error)\b|\b(lower|upper) (CI)\b|\b(z) (value)\b", re.IGNORECASE
)
_WORD = re.compile(r'"[^"]*"|\S+')
_NUMBER = re.compile(r"[+\-−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_PARTS_OF_GROUPS = {"GroupPars", "means", "cov"}
_ESTIMATE = "par"  # the row of an item's estimates; others are errors and ends of intervals


@dataclass(frozen=True)
class PrintedRow:
    line: int
    name: str
    cells: tuple[str, ...]


@dataclass
class _Block:
    element: str
    header: tuple[str, ...]
    rows: list[PrintedRow] = field(default_factory=list)

    @property
    def row_names(self) -> list[str]:
        return [row.name for row in self.rows]


@dataclass(frozen=True)
class Printed:
    """`rows`: (line, cells by column). `passed_over`: lines that belong to no table."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    passed_over: tuple[str, ...]
    problems: tuple[Sentence, ...]


def read_printed(text: str) -> Printed:
    """The table in a printed text: of several, that of the items, or the longest."""
    blocks, passed_over, problems = _blocks(re.split(r"\r\n|\r|\n", text))
    blocks = [block for block in blocks if block.element not in _PARTS_OF_GROUPS]
    if not blocks:
        return Printed((), (), tuple(passed_over), tuple(problems))
    if all(block.element and _ESTIMATE in block.row_names for block in blocks):
        header, rows = _item_by_item(blocks)
    else:
        header, rows = _whole(blocks)
    return Printed(header, rows, tuple(passed_over), tuple(problems))


def _blocks(lines: Sequence[str]) -> tuple[list[_Block], list[str], list[Sentence]]:
    found: list[_Block] = []
    passed_over: list[str] = []
    problems: list[Sentence] = []
    element, block = "", None
    for line, tokens, raw in _tokens(lines):
        if not tokens:
            block = None
        elif raw.startswith("$"):
            element, block = raw[1:].strip("`"), None
        elif not any(map(_is_number, tokens)):
            block = _Block(element, tuple(tokens))
            found.append(block)
        elif block is None:
            passed_over.append(raw)
        elif (row := _row(line, tokens, len(block.header))) is None:
            problems.append(
                say(
                    "Line {line}: it has {cells} cells, the header has {columns}.",
                    line=line,
                    cells=len(tokens),
                    columns=len(block.header),
                )
            )
        else:
            block.rows.append(row)
    passed_over += [" ".join(block.header) for block in found if not block.rows]
    return [block for block in found if block.rows], passed_over, problems


def _tokens(lines: Sequence[str]) -> Iterator[tuple[int, list[str], str]]:
    for line, text in enumerate(lines, start=1):
        raw = _PHRASES.sub(lambda found: ".".join(filter(None, found.groups())), text.strip())
        yield line, [token.strip('"') if len(token) > 1 else token for token in _WORD.findall(raw)], raw


def _is_number(token: str) -> bool:
    return token in MISSING or bool(_NUMBER.fullmatch(token))


def _row(line: int, tokens: Sequence[str], columns: int) -> PrintedRow | None:
    """A row's name is what stands before its cells; in a name may be blanks, if all cells are numbers."""
    spare = len(tokens) - columns
    if spare < 0 or (spare > 1 and not all(map(_is_number, tokens[spare:]))):
        return None
    return PrintedRow(line, " ".join(tokens[:spare]), tuple(tokens[spare:]))


def _item_by_item(blocks: Sequence[_Block]) -> tuple[tuple[str, ...], tuple[tuple[int, dict[str, str]], ...]]:
    """A list with an element an item: its row of estimates, under the element's name."""
    columns = dict.fromkeys(name for block in blocks for name in block.header)
    rows: dict[str, tuple[int, dict[str, str]]] = {}
    for block in blocks:
        row = next(row for row in block.rows if row.name == _ESTIMATE)
        _, cells = rows.setdefault(block.element, (row.line, {ROW_NAMES: block.element}))
        cells.update(zip(block.header, row.cells, strict=True))
    filled = tuple((line, dict.fromkeys(columns, "") | cells) for line, cells in rows.values())
    return (ROW_NAMES, *columns), filled


def _whole(blocks: Sequence[_Block]) -> tuple[tuple[str, ...], tuple[tuple[int, dict[str, str]], ...]]:
    items = [block for block in blocks if block.element == "items"] or list(blocks)
    first = max(items, key=lambda block: len(block.rows))
    has_names = any(row.name for row in first.rows)
    together = [
        block
        for block in items
        if block is first or (has_names and block.row_names == first.row_names)  # a wide table, broken
    ]
    header = [name for block in together for name in block.header]
    rows = []
    for number, row in enumerate(first.rows):
        cells = [cell for block in together for cell in block.rows[number].cells]
        named = {ROW_NAMES: row.name} if has_names else {}
        rows.append((row.line, named | dict(zip(header, cells, strict=True))))
    return ((ROW_NAMES, *header) if has_names else tuple(header)), tuple(rows)
