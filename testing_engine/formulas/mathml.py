"""A formula in LaTeX → MathML Core and the classes of `CLASSES`, which a page's styles draw.

latex2mathml turns pieces of one row into MathML; tables are made here, as it knows few environments and
writes their lines and alignment in attributes that MathML Core left out. Then its tree is made Core: strokes
and boxes become classes, as do bars and lines that stretch only in a font for mathematics, which phones lack;
bold and other alphabets become Unicode's own letters. What would be drawn as something else raises
`NotShowable`.

Source: W3C, MathML Core (2024); ISO/IEC 10646 and Unicode 16, block Mathematical Alphanumeric Symbols.
"""

import html
import re
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml.converter import convert_to_element

from testing_engine.formulas.alphabets import written_in
from testing_engine.formulas.source import (
    Columns,
    Environment,
    NotShowable,
    argument,
    check_closed,
    columns_of,
    environments,
    has_rows,
    rows_of,
)

CORE = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mstyle", "mpadded", "mphantom", "merror"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts"),
    *("mprescripts", "mtable", "mtr", "mtd"),
}
_STROKES = {
    "updiagonalstrike": "struck-up",
    "downdiagonalstrike": "struck-down",
    "horizontalstrike": "struck-through",
    "box": "boxed",
}
CLASSES = {
    *_STROKES.values(),
    *("equations", "left", "right", "bold", "slanted", "typed", "braced-over", "braced-under"),
    *(f"{line}-{side}" for line in ("solid", "dashed") for side in ("top", "bottom", "left", "right")),
    *("double-left", "double-right"),
}
# Signs above and below that must reach over all that they belong to: (above, below).
_REACHING = {
    "\u2015": ("solid-top", "solid-bottom"),
    "\u203e": ("solid-top", "solid-bottom"),
    "_": ("solid-top", "solid-bottom"),
    "\u23de": ("braced-over", ""),
    "\u23df": ("", "braced-under"),
}
_BARS = {"|": "solid", "\u2223": "solid", "\u2016": "double", "\u2225": "double"}
# Environments that are rows alone, aligned at each &.
_ALIGNED = {"align", "aligned", "alignat", "alignedat", "split", "flalign"}
_WITH_COUNT = {"alignat", "alignedat"}
_CENTRED = {"gather", "gathered", "multline", "matrix", "smallmatrix", "subarray"}
_ONE_ROW = {"equation", "displaymath", "math"}
_FENCES = {
    "pmatrix": "()",
    "bmatrix": "[]",
    "Bmatrix": "{}",
    "cases": "{ ",
    "dcases": "{ ",
    "rcases": " }",
}
_DROPPED = re.compile(r"\\(?:nonumber|notag)(?![A-Za-z])|\\label\s*\{[^{}]*\}")
_TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
_NEW_LINE = re.compile(r"\\(?:newline|cr)(?![A-Za-z])")
_FIRST_PLACEHOLDER = 0xE000  # Unicode's private use: stands for a table while the rest is converted
_PLACEHOLDERS = re.compile("[\ue000-\uf8ff]")


def mathml(latex: str, *, is_block: bool) -> str:
    """`<math>…</math>`. Raises `NotShowable`, or whatever latex2mathml raises for what is no LaTeX."""
    if _PLACEHOLDERS.search(latex):
        raise NotShowable("characters without a meaning")
    check_closed(latex)
    source = _NEW_LINE.sub(r"\\\\", _DROPPED.sub("", latex))
    source = _TAG.sub(r"\\qquad\\text{(\1)}", source)
    root = Element("math", {"display": "block" if is_block else "inline"})
    root.append(_row(source))
    _check_complete(root)
    return tostring(root, encoding="unicode")


_ARGUMENTS = {
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}


def _check_complete(root: Element) -> None:
    """Raises `NotShowable` where something has not all that belongs to it: a fraction with nothing below."""
    for element in root.iter():
        if len(element) != _ARGUMENTS.get(element.tag, len(element)):
            raise NotShowable(f"{element.tag} is not complete")


def _row(latex: str) -> Element:
    """A piece of LaTeX as one `mrow`, its environments and rows as tables."""
    if has_rows(latex):
        return _wrapped(_aligned(latex) if _has_ampersand(latex) else _table(latex))
    tables: list[Element] = []
    pieces, at = [], 0
    for found in environments(latex):
        pieces += [latex[at : found.start], " ", chr(_FIRST_PLACEHOLDER + len(tables)), " "]
        tables.append(_environment(found))
        at = found.end
    converted = convert_to_element("".join([*pieces, latex[at:]]) or "{}")
    row = converted[0] if len(converted) else Element("mrow")
    return _core(row, tables)


def _has_ampersand(latex: str) -> bool:
    return any(len(row.cells) > 1 for row in rows_of(latex)[0])


def _wrapped(*parts: Element) -> Element:
    row = Element("mrow")
    row.extend(parts)
    return row


# --- Tables ---------------------------------------------------------------------------------------------


def _environment(found: Environment) -> Element:
    name, body = found.name.rstrip("*"), found.body
    if name in _ONE_ROW:
        return _row(body)
    if name in _WITH_COUNT:
        body = argument(body)[1]
    body = re.sub(r"^\s*\[[tcb]\]", "", body)
    if name in _ALIGNED:
        return _aligned(body)
    if name == "eqnarray":
        return _table(body, Columns(("right", "", "left"), ("",) * 4), is_display=True)
    if name == "subarray":
        body = argument(body)[1]
    if name in _CENTRED:
        table = _table(body, is_display=name not in ("matrix", "smallmatrix", "subarray"))
        if name in ("smallmatrix", "subarray"):
            small = Element("mstyle", {"scriptlevel": "1"})
            small.append(table)
            return small
        return table
    if name == "array":
        specification, body = argument(body)
        return _table(body, columns_of(specification))
    if name in ("vmatrix", "Vmatrix"):
        bars = "solid" if name == "vmatrix" else "double"
        table = _table(body)
        table.set("class", f"{bars}-left {bars}-right")
        return table
    if name in _FENCES:
        is_cases = name.endswith("cases")
        columns = Columns(("left",) * 2, ("",) * 3) if is_cases else None
        opening, closing = _FENCES[name][0], _FENCES[name][1]
        return _wrapped(
            *_fence(opening, "prefix"),
            _table(body, columns, is_display=name == "dcases"),
            *_fence(closing, "postfix"),
        )
    raise NotShowable(f"the environment {name}")


def _fence(sign: str, form: str) -> list[Element]:
    if sign == " ":
        return []
    fence = Element("mo", {"stretchy": "true", "fence": "true", "form": form})
    fence.text = sign
    return [fence]


def _aligned(body: str) -> Element:
    """Right, left, right, left … with nothing between the two of a pair."""
    most = max(len(row.cells) for row in rows_of(body)[0])
    aligned = tuple(("right", "left")[column % 2] for column in range(most))
    table = _table(body, Columns(aligned, ("",) * (most + 1)), is_display=True)
    table.set("class", "equations")
    return table


def _table(body: str, columns: Columns | None = None, *, is_display: bool = False) -> Element:
    rows, line_below = rows_of(body)
    table = Element("mtable", {"displaystyle": "true"} if is_display else {})
    width = len(columns.aligned) if columns else max(len(row.cells) for row in rows)
    for index, row in enumerate(rows):
        if len(row.cells) > width:
            raise NotShowable("a row with more cells than columns")
        line = SubElement(table, "mtr")
        below = line_below if index == len(rows) - 1 else ""
        for place in range(width):
            cell = SubElement(line, "mtd")
            if place < len(row.cells):
                cell.append(_row(row.cells[place]))
            classes = [f"{row.line_above}-top"] * bool(row.line_above) + [f"{below}-bottom"] * bool(below)
            if columns:
                classes += _of_column(columns, place)
            if classes:
                cell.set("class", " ".join(classes))
    return table


def _of_column(columns: Columns, place: int) -> list[str]:
    before, after = columns.lines[place], columns.lines[place + 1]
    is_last = place == len(columns.aligned) - 1
    classes = [columns.aligned[place]] if columns.aligned[place] else []
    classes += [f"{before}-left"] * bool(before)
    return classes + [f"{after}-right"] * bool(after and is_last)


# --- latex2mathml's tree → Core -------------------------------------------------------------------------


def _core(element: Element, tables: list[Element]) -> Element:
    """The same in MathML Core, its placeholders replaced. A new tree."""
    text = html.unescape(element.text or "")
    if element.tag == "menclose":
        return _struck(element, tables)
    if lined := _lined(element):
        return _classed(lined, [element[0]], tables)
    if element.tag == "none":  # Core's place without a script
        return Element("mrow")
    if element.tag not in CORE:
        raise NotShowable(f"the element {element.tag}")
    if element.get("linebreak"):
        raise NotShowable("a new row inside braces")
    if len(text) == 1 and _PLACEHOLDERS.match(text):
        return tables[ord(text) - _FIRST_PLACEHOLDER]
    if _PLACEHOLDERS.search(text) or (text.startswith("\\") and len(text) > 1) or (element.text or "") == "&":
        raise NotShowable(f"{text[:20]} in a formula")
    if bars := _bars(element):
        return _classed(bars, element[1:-1], tables)
    is_relative = element.tag == "mpadded" and any(v[:1] in "+-" for v in element.attrib.values())
    made = Element(*(("mrow",) if is_relative else (element.tag, dict(element.attrib))))
    made.text = text
    if element.tag in ("mi", "mn", "mo", "mtext", "ms"):
        _write_letters(made, element)
    made.extend(_core(child, tables) for child in element)
    return _negated(made)


def _struck(element: Element, tables: list[Element]) -> Element:
    names = (element.get("notation") or "").split()
    if not names or not set(names) <= _STROKES.keys():
        raise NotShowable("a frame of an unknown kind")
    return _classed(" ".join(_STROKES[name] for name in names), list(element), tables)


def _classed(classes: str, inside: list[Element], tables: list[Element]) -> Element:
    row = Element("mrow", {"class": classes})
    row.extend(_core(child, tables) for child in inside)
    return row


def _lined(element: Element) -> str:
    """The class of a line or brace over or under something; "" where it is something else."""
    if element.tag not in ("mover", "munder") or len(element) != 2 or element[1].tag != "mo":
        return ""
    above, below = _REACHING.get(html.unescape(element[1].text or ""), ("", ""))
    return above if element.tag == "mover" else below


def _bars(element: Element) -> str:
    """The classes of `\\left| … \\right|`; "" where another sign, or none, stands there."""
    if element.tag != "mrow" or len(element) < 2 or not (_is_fence(element[0]) and _is_fence(element[-1])):
        return ""
    signs = [html.unescape(fence.text or "") for fence in (element[0], element[-1])]
    if not all(sign in _BARS or not sign for sign in signs):
        return ""
    return " ".join(
        f"{_BARS[sign]}-{side}" for sign, side in zip(signs, ("left", "right"), strict=True) if sign
    )


def _is_fence(element: Element) -> bool:
    return element.tag == "mo" and element.get("fence") == "true" and element.get("stretchy") == "true"


def _write_letters(made: Element, element: Element) -> None:
    """The alphabet of `mathvariant` as Unicode letters, which alone Core knows; else as a class."""
    variant = made.attrib.pop("mathvariant", None)
    text = made.text or ""
    is_upright = re.fullmatch("&#x[0-9A-Fa-f]+;", element.text or "") and len(text) == 1 and text.isascii()
    if made.tag == "mi" and (variant == "normal" or (is_upright and text.isalpha())):
        made.set("mathvariant", "normal")  # latex2mathml codes the one letter of \mathrm{d}
    elif variant and variant != "normal":
        letters = written_in(variant, text)
        if letters is not None:
            made.text = letters
        elif classes := _CLASS_OF_VARIANT.get(variant):
            made.set("class", classes)
        else:
            raise NotShowable(f"letters in {variant}")


_CLASS_OF_VARIANT = {
    "bold": "bold",
    "italic": "slanted",
    "bold-italic": "bold slanted",
    "monospace": "typed",
}


def _negated(row: Element) -> Element:
    """latex2mathml's \\not is a solidus of no width; a sign with a stroke of its own is drawn everywhere."""
    children = list(row)
    for stroke, struck in pairwise(children):
        if stroke.tag == "mpadded" and "".join(stroke.itertext()) == "\u29f8" and struck.tag in ("mo", "mi"):
            struck.text = f"{struck.text}\u0338"
            row.remove(stroke)
    return row
