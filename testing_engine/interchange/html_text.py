r"""HTML, as other systems write questions, → the notation of a question's content (`rendering`).

Words and their order are kept: paragraphs, lists (lines with •, numbers), tables, code, pictures, formulas
(MathML, and TeX between `\(…\)`, `\[…\]` or `$$…$$`), raised and lowered signs. How they looked is not: each
kind of thing that is given up is named once, in `losses`. Scripts and styles are dropped. The parser is
libxml2's own HTML parser as a stream of events: linear in time, and no nesting is too deep.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from lxml import etree

from testing_engine.interchange.notation import GAP, LINE, escaped, joined, media_name, raw, storable
from testing_engine.sentences import Said, Sentence, say

LONGEST = 1_000_000  # characters of one fragment

# What a picture's address is called among the media (`media:NAME`); None where the file does not have it.
FindPicture = Callable[[str], str | None]

_PARAGRAPHS = {"p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "figure", "hr"}
_LINES = {"div", "li", "dt", "dd", "caption", "figcaption", "address", "header", "footer", "center"}
_EMPHASIS = {"b", "strong", "i", "em", "u", "mark", "font", "big", "cite", "dfn", "ins"}
_UNSEEN = {"script", "style", "head", "template", "noscript", "rp", "select", "textarea", "button", "svg"}
_UNSEEN |= {"annotation", "annotation-xml"}  # what a formula means, beside what it looks like
_LOST = {
    **dict.fromkeys(_EMPHASIS, say("Emphasis (bold, italics, underlining) is dropped; the words stay.")),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), say("Headings have become paragraphs.")),
    **dict.fromkeys(("s", "strike", "del"), say("Words that were struck out are shown as plain words.")),
    "a": say("Links are dropped; their words stay."),
    **dict.fromkeys(("video", "track"), say("Films are dropped.")),
    **dict.fromkeys(("iframe", "object", "embed", "applet"), say("Embedded pages and programs are dropped.")),
    **dict.fromkeys(("script", "noscript"), say("Scripts are dropped.")),
    **dict.fromkeys(("svg", "canvas"), say("Drawings inside the text (SVG) are dropped.")),
    **dict.fromkeys(
        ("input", "select", "textarea", "button"), say("Form fields inside the text are dropped.")
    ),
}
_MERGED = say("Merged cells of a table have become single ones.")
_BULLETS = "•◦▪"
_RAISED = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
)
_LOWERED = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_DEEPEST_TABLE = 8
_MOST_CELLS = 5_000


@dataclass(frozen=True)
class HtmlText:
    """`text` in the notation of a question's content; `losses`: what was given up, a sentence each."""

    text: str
    losses: tuple[Sentence, ...] = ()


def read_html(
    html: str, find_picture: FindPicture = lambda _: None, *, is_one_line: bool = False
) -> HtmlText:
    """A fragment of HTML as content. `is_one_line`: as an option, where a table or a blank line has no place.

    Raises `ValueError` where the fragment is longer than `LONGEST`.
    """
    if len(html) > LONGEST:
        raise Said(say("A text has more than {most} characters.", most=LONGEST))
    reader = NotationReader(find_picture, is_one_line)
    parser = etree.HTMLParser(target=reader, encoding="utf-8", no_network=True)
    parser.feed(storable(html).encode())
    parser.close()
    return HtmlText(reader.text(), tuple(reader.losses))


class _Table:
    """Cells as they come; a cell is a list of pieces."""

    def __init__(self) -> None:
        self.rows: list[list[list[str]]] = []
        self.has_header = False
        self.skip = 0  # cells that a wide one takes besides its own

    def start_row(self) -> None:
        self.rows.append([])

    def start_cell(self, *, is_header: bool, width: int) -> list[str]:
        if not self.rows:
            self.start_row()
        self.has_header |= is_header and len(self.rows) == 1
        cell: list[str] = []
        self.rows[-1] += [cell, *([] for _ in range(width - 1))]
        return cell


class NotationReader:
    """Takes a parser's events, or those of whoever goes through a tree. What is read goes to the text, or to
    the table cell that is open.
    """

    def __init__(self, find_picture: FindPicture = lambda _: None, is_one_line: bool = False) -> None:
        self.losses: dict[Sentence, None] = {}
        self._find_picture, self._is_one_line = find_picture, is_one_line
        self._out: list[str] = []
        self._tables: list[_Table] = []
        self._too_deep = 0  # tables inside so many others that they are read as words
        self._cell: list[str] | None = None
        self._lists: list[Any] = []  # of each list that is open, its numbers, or None for bullets
        self._is_after_mark = False  # of a list's item: its first paragraph stands beside the mark
        self._unseen = 0
        self._script: tuple[str, list[str]] | None = None  # sub or sup and its signs
        self._script_depth = 0
        self._code: list[str] | None = None
        self._pre: list[str] | None = None
        self._math: list[str] | None = None
        self._sound: tuple[str, list[str]] | None = (
            None  # of what is heard: its words, and the name that was taken
        )

    # The parser calls these four.

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.lower().rpartition(":")[2]  # "m:math" is mathematics too
        if tag in _UNSEEN:
            self._unseen += 1
        if self._math is not None and not self._unseen:
            self._math.append(_opening(tag, attributes))
            return
        if self._sound is not None:
            self._take_sound(attributes.get("src", "") if tag == "source" else "")
            return
        if tag in _LOST:
            self.losses[_LOST[tag]] = None
        if not self._unseen:
            self._open(tag, attributes)

    def end(self, tag: str) -> None:
        tag = tag.lower().rpartition(":")[2]
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif self._sound is not None:
            self._sound = None if tag == "audio" else self._sound
        elif self._unseen:
            return
        elif self._math is not None:
            self._math.append(f"</{tag}>")
            if tag == "math":
                self._end_math()
        else:
            self._close(tag)

    def data(self, data: str) -> None:
        if self._unseen or self._sound is not None:
            return
        for part in (self._math, self._pre, self._code):
            if part is not None:
                part.append(_of_markup(data) if part is self._math else data)
                return
        if self._script is not None:
            self._script[1].append(data)
        else:
            self._write(_BLANKS.sub(" ", data))

    def close(self) -> None:
        while self._tables:
            self._end_table()

    def comment(self, text: str) -> None:
        """Comments are nobody's words."""

    def put(self, notation: str, *, is_block: bool = False) -> None:
        """What is notation already; `is_block`: as a paragraph of its own."""
        if is_block:
            self._break(is_blank=True)
        self._write(raw(notation))
        if is_block:
            self._break(is_blank=True)

    def text(self) -> str:
        return joined(self._out, self._is_one_line)

    def _write(self, piece: str) -> None:
        self._is_after_mark &= not piece.strip(" ")
        (self._out if self._cell is None else self._cell).append(piece)

    def _break(self, *, is_blank: bool) -> None:
        if self._is_after_mark:
            return
        in_line = self._is_one_line or self._cell is not None
        self._write(GAP if is_blank and not in_line else LINE)

    def _open(self, tag: str, attributes: Mapping[str, str]) -> None:
        match tag:
            case "br":
                self.data("\n") if self._pre is not None or self._code is not None else self._write("\n")
            case "img":
                self._picture(attributes)
            case "audio":
                self._sound = _label(attributes.get("title") or attributes.get("aria-label") or "Sound"), []
                self._take_sound(attributes.get("src", ""))
            case "math":
                self._math = [_opening(tag, {"display": attributes.get("display", "inline")})]
            case "pre" if self._pre is None:
                self._pre = []
            case "code" | "tt" | "kbd" | "samp" if self._pre is None and self._code is None:
                self._code = []
            case "sub" | "sup" if self._pre is None and self._code is None:
                self._script_depth += 1
                self._script = self._script or (tag, [])
            case "q":
                self._write("“")
            case "rt":
                self._write("(")
            case "ul" | "ol":
                self._break(is_blank=not self._lists)
                self._lists.append(count(_whole(attributes.get("start"), 1)) if tag == "ol" else None)
            case "li":
                self._break(is_blank=False)
                self._write(self._mark())
                self._is_after_mark = True
            case "table":
                self._break(is_blank=True)
                if len(self._tables) < _DEEPEST_TABLE:
                    self._tables.append(_Table())
                else:
                    self._too_deep += 1
            case "tr" if self._tables:
                self._tables[-1].start_row()
            case "td" | "th" if self._tables:
                self._start_cell(tag, attributes)
            case _ if tag in _PARAGRAPHS or tag in _LINES:
                self._break(is_blank=tag in _PARAGRAPHS and not self._lists)

    def _close(self, tag: str) -> None:
        match tag:
            case "pre" if self._pre is not None:
                self._end_pre()
            case "code" | "tt" | "kbd" | "samp" if self._code is not None:
                code, self._code = "".join(self._code), None
                self._write(_as_code(code))
            case "sub" | "sup" if self._script is not None:
                self._script_depth -= 1
                if self._script_depth <= 0:
                    (kind, signs), self._script, self._script_depth = self._script, None, 0
                    self._write(_as_script(kind, "".join(signs)))
            case "q":
                self._write("”")
            case "rt":
                self._write(")")
            case "ul" | "ol" if self._lists:
                self._lists.pop()
                self._break(is_blank=not self._lists)
            case "table" if self._too_deep:
                self._too_deep -= 1
            case "table" if self._tables:
                self._end_table()
            case "li":
                self._is_after_mark = False
                self._break(is_blank=False)
            case _ if tag in _PARAGRAPHS or tag in _LINES:
                self._break(is_blank=tag in _PARAGRAPHS and not self._lists)

    def _mark(self) -> str:
        numbers = self._lists[-1] if self._lists else None
        if numbers is not None:
            return f"{next(numbers)}. "
        depth = sum(each is None for each in self._lists[:10])
        return f"{_BULLETS[min(max(depth, 1), len(_BULLETS)) - 1]} "

    def _picture(self, attributes: Mapping[str, str]) -> None:
        if (formula := attributes.get("data-equation-content", "")).strip():  # Canvas's pictures of formulas
            self._write(raw(f"\\({' '.join(formula.split())}\\)"))
            return
        address, words = attributes.get("src", ""), _label(attributes.get("alt", ""))
        name = self._find_picture(address) if address else None
        if name is None and address and not words.strip():  # nothing can stand for it: the import refuses it
            self._write(raw(f"![](media:{media_name(address)})"))
        elif name is None:
            shown = address if len(address) <= 80 else address[:79] + "…"
            self.losses[
                say(
                    "The picture {name} is not in the file; its description stands in its place.",
                    name=shown,
                )
            ] = None
            self._write(escaped(words))
        else:
            self._write(raw(f"![{words}](media:{name})"))

    def _take_sound(self, address: str) -> None:
        """The first of a sound's files that is there; several are the same in other formats."""
        assert self._sound is not None
        words, taken = self._sound
        if taken or not address:
            return
        if (name := self._find_picture(address)) is None:
            self.losses[say("The sound {name} is not in the file.", name=address[:80])] = None
            return
        taken.append(name)
        self._write(raw(f"![{words}](media:{name})"))

    def _end_math(self) -> None:
        assert self._math is not None
        markup, self._math = " ".join("".join(self._math).split()), None
        is_block = markup.startswith('<math display="block"')
        self._write(raw(f"\\[{markup}\\]" if is_block else f"\\({markup}\\)"))

    def _end_pre(self) -> None:
        code = "".join(self._pre or []).strip("\n").replace("\r\n", "\n")
        self._pre = self._code = None
        if not code.strip():
            return
        if self._cell is not None or (self._is_one_line and "".join(self._out).strip()):
            for line in code.split("\n"):
                self._write("\n" + _as_code(line))
            self._write("\n")
        else:
            fence = "`" * max(3, _longest_run(code) + 1)
            self._break(is_blank=True)
            self._write(raw(f"{fence}\n{code}\n{fence}"))
            self._break(is_blank=True)

    def _start_cell(self, tag: str, attributes: Mapping[str, str]) -> None:
        width = _whole(attributes.get("colspan"), 1)
        if width > 1 or _whole(attributes.get("rowspan"), 1) > 1:
            self.losses[_MERGED] = None
        self._cell = self._tables[-1].start_cell(is_header=tag == "th", width=min(max(width, 1), 50))

    def _end_table(self) -> None:
        table = self._tables.pop()
        rows = [[joined(cell, is_one_line=True) for cell in row] for row in table.rows]
        rows = [row for row in rows if any(row)]
        if self._tables:  # a table in a cell: its rows as lines of the cell
            outer = self._tables[-1].rows
            self._cell = outer[-1][-1] if outer and outer[-1] else None
        else:
            self._cell = None
        if not rows:
            return
        width = max(map(len, rows))
        if self._is_one_line or self._tables or width == 1 or width * len(rows) > _MOST_CELLS:
            for row in rows:
                self._break(is_blank=width == 1)
                self._write(raw(" – ".join(filter(None, row))))
            self._break(is_blank=True)
            return
        header = rows.pop(0) if table.has_header else []
        lines = [header, ["---"] * width, *rows]
        self._break(is_blank=True)
        self._write(raw("\n".join(_row(line, width) for line in lines)))
        self._break(is_blank=True)


def _opening(tag: str, attributes: Mapping[str, str]) -> str:
    given = "".join(f' {name}="{_of_markup(value)}"' for name, value in attributes.items() if ":" not in name)
    return f"<{tag}{given}>"


def _of_markup(text: str) -> str:
    r"""Text inside MathML; `\` and `$` would end the formula."""
    return "".join(f"&#{ord(sign)};" if sign in '&<>"\\$`|' else sign for sign in text)


def _label(words: str) -> str:
    """A picture's description, without signs that would end it."""
    return " ".join(words.translate(str.maketrans("[]`", "()'")).split())


def _as_code(code: str) -> str:
    code = _BLANKS.sub(" ", code)
    if not code.strip():
        return code
    fence = "`" * (_longest_run(code) + 1)
    room = " " if code.startswith("`") or code.endswith("`") else ""
    return raw(f"{fence}{room}{code}{room}{fence}")


def _longest_run(code: str) -> int:
    return max((len(run) for run in re.findall("`+", code)), default=0)


def _as_script(kind: str, text: str) -> str:
    """Raised or lowered: Unicode's own signs where there are, else mathematics."""
    text = _BLANKS.sub(" ", text).strip()
    signs = text.translate(_RAISED if kind == "sup" else _LOWERED)
    if all(before != after for before, after in zip(text, signs, strict=True)):
        return signs
    mark = "^" if kind == "sup" else "_"
    if all(sign.isalnum() or sign in " .,;:+-−=*/()'" for sign in text):
        return raw(f"\\({{}}{mark}{{\\text{{{text}}}}}\\)")
    return f"{mark}({text})"


def _row(cells: list[str], width: int) -> str:
    filled = [*cells, *[""] * (width - len(cells))][:width]
    return "| " + " | ".join(_cell(cell) for cell in filled) + " |"


def _cell(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,4}", text) else default
