"""LaTeX as text: its environments, rows and cells. Knows nothing of MathML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINES = {"|": "solid", ":": "dashed"}
_TOKEN = re.compile(r"\\begin\s*\{([A-Za-z]+\*?)\}|\\end\s*\{([A-Za-z]+\*?)\}|\\\\|\\.|[{}&]", re.DOTALL)
_GAP = re.compile(r"\*?(?:\[\s*-?[0-9.]+\s*(?:pt|em|ex|mm|cm|in|mu|bp)\s*\])?")  # after \\: how far down
_RULES = re.compile(r"\s*\\(hline|hdashline|toprule|midrule|bottomrule)(?![A-Za-z])")
_DEEPEST = 20


class NotShowable(ValueError):
    """This formula would be drawn as another one, so it is shown as it was typed."""


@dataclass(frozen=True)
class Environment:
    """`\\begin{name} body \\end{name}`, at `start:end` of the text around it."""

    name: str
    body: str
    start: int
    end: int


@dataclass(frozen=True)
class TableRow:
    """The cells of one row, and the line above it: "", "solid" or "dashed"."""

    cells: tuple[str, ...]
    line_above: str = ""


@dataclass(frozen=True)
class Columns:
    """Of an array: an alignment each, and a line before each and after the last one."""

    aligned: tuple[str, ...]
    lines: tuple[str, ...]


_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_FENCE = re.compile(r"\\(left|right)(?![A-Za-z])")


def check_closed(latex: str) -> None:
    r"""Raises `NotShowable` where a brace, or a \left, has no partner: what belongs together were a guess."""
    depth = 0
    for found in _BRACE.finditer(latex):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            raise NotShowable("} closes nothing")
    if depth:
        raise NotShowable("{ is not closed")
    fences = [found[1] for found in _FENCE.finditer(latex)]
    if fences.count("left") != fences.count("right"):
        raise NotShowable("\\left and \\right do not match")


def environments(latex: str) -> list[Environment]:
    """The outermost ones. Raises `NotShowable` where one does not end."""
    found: list[Environment] = []
    open_ones: list[tuple[str, int, int]] = []
    for token in _TOKEN.finditer(latex):
        if begun := token[1]:
            open_ones.append((begun, token.start(), token.end()))
            if len(open_ones) > _DEEPEST:
                raise NotShowable("nested too deep")
        elif ended := token[2]:
            if not open_ones or open_ones[-1][0] != ended:
                raise NotShowable(f"\\end{{{ended}}} ends nothing")
            name, start, inside = open_ones.pop()
            if not open_ones:
                found.append(Environment(name, latex[inside : token.start()], start, token.end()))
    if open_ones:
        raise NotShowable(f"\\begin{{{open_ones[-1][0]}}} does not end")
    return found


def rows_of(body: str) -> tuple[list[TableRow], str]:
    """(rows, the line below the last one) of a table's body. `\\\\` and `&` count outside braces alone."""
    rows: list[TableRow] = []
    for text in _split(body, "\\\\"):
        line, rest = _line_above(text)
        rows.append(TableRow(tuple(cell.strip() for cell in _split(rest, "&")), line))
    last = rows[-1]
    if len(rows) > 1 and last.cells == ("",):  # what follows a last \\ is no row
        return rows[:-1], last.line_above
    return rows, ""


def has_rows(latex: str) -> bool:
    """Whether a new row begins outside all braces and environments."""
    return sum(1 for _ in _separators(latex, "\\\\")) > 0


def columns_of(specification: str) -> Columns:
    """What `{c|cc}` says. Raises `NotShowable` for what cannot be drawn."""
    spelled = re.sub(
        r"\*\s*\{(\d{1,2})\}\s*\{([^{}]*)\}", lambda match: match[2] * int(match[1]), specification
    )
    aligned: list[str] = []
    lines = [""]
    rest = re.sub(r"[@!]\{(?:\\[,:;! ])?\}|\s", "", spelled)  # only space between columns
    for sign in re.findall(r"[pm]\{[^{}]*\}|.", rest):
        if sign in LINES:
            lines[-1] = LINES[sign]
        elif sign in ("l", "c", "r") or sign[0] in "pm":
            aligned.append({"l": "left", "r": "right", "c": ""}.get(sign, "left"))
            lines.append("")
        else:
            raise NotShowable(f"{sign} in the columns of an array")
    return Columns(tuple(aligned), tuple(lines))


def argument(body: str) -> tuple[str, str]:
    """(what stands in the braces with which a body begins, the rest)."""
    text = body.lstrip()
    if not text.startswith("{"):
        raise NotShowable("an argument is missing")
    depth = 0
    for token in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return text[1 : token.start()], text[token.end() :]
    raise NotShowable("a brace does not close")


def _line_above(text: str) -> tuple[str, str]:
    line = ""
    while match := _RULES.match(text):
        line = "dashed" if match[1] == "hdashline" else "solid"
        text = text[match.end() :]
    return line, text


def _split(text: str, separator: str) -> list[str]:
    parts, begin = [], 0
    for start, end in _separators(text, separator):
        parts.append(text[begin:start])
        begin = end
    return [*parts, text[begin:]]


def _separators(text: str, separator: str) -> Iterator[tuple[int, int]]:
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[1] or token[0] == "{":
            depth += 1
        elif token[2] or token[0] == "}":
            depth -= 1
        elif token[0] == separator and depth == 0:
            gap = _GAP.match(text, token.end()) if separator == "\\\\" else None
            yield token.start(), gap.end() if gap else token.end()
