"""HTML of question banks → the notation of question contents (rendering.py has it).

Paragraphs, line breaks, lists (a line each, with •), tables, code, pictures, MathML, sub- and superscripts
are kept; emphasis, links, headings and styles are not, and are noted once each. What would change the
question if it were left out refuses it.
"""

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.formula_sources import source_of

Child = Element | str

_PARAGRAPHS = {
    "p",
    "div",
    "address",
    "article",
    "section",
    "header",
    "footer",
    "figure",
    "figcaption",
    "dt",
    "dd",
}
_TRANSPARENT_BLOCKS = {
    *_PARAGRAPHS,
    *("blockquote", "center", "dl", "fieldset", "main", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("rubricBlock", "feedbackBlock", "prompt", "itemBody", "stimulusBody", "contentBody"),
}
BLOCKS = {*_TRANSPARENT_BLOCKS, "ul", "ol", "table", "pre", "hr"}
_EMPHASIS = {
    *("em", "i", "b", "strong", "u", "s", "strike", "del", "ins", "small", "big", "mark"),
    *("cite", "dfn", "var", "font", "tt"),
}
_CODE = {"code", "kbd", "samp"}
_PLAIN = {
    "span",
    "label",
    "abbr",
    "acronym",
    "bdi",
    "bdo",
    "time",
    "rb",
    "ruby",
    "rbc",
    "rtc",
    "nobr",
    "wbr",
    "picture",
}
_DROPPED = {
    "stylesheet": "Styles are not taken.",
    "style": "Styles are not taken.",
    "link": "Styles are not taken.",
    "feedbackInline": "Feedback is not shown.",
    "feedbackBlock": "Feedback is not shown.",
    "modalFeedback": "Feedback is not shown.",
    "infoControl": "A hint that opens on request is not taken.",
    "catalogInfo": "Alternative content for access (catalogue) is not taken.",
    "companionMaterialsInfo": "Companion materials (calculators, rulers) are not taken.",
    "rp": "",
    "source": "",
    "title": "",
}
_REFUSED = {
    "audio": "sound is not taken",
    "video": "film is not taken",
    "iframe": "another page inside the question is not taken",
    "embed": "an embedded program is not taken",
    "applet": "an embedded program is not taken",
    "script": "a program is not taken",
    "canvas": "a drawing by a program is not taken",
    "svg": "a drawing in SVG is not taken; save it as PNG",
    "include": "a part that stands in another file is not taken",
    "printedVariable": "a value that is computed for each student is not taken",
    "templateInline": "a question made from a template is not taken",
    "templateBlock": "a question made from a template is not taken",
}
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_BLANKS = re.compile(r"[ \t\r\n\f]+")


@dataclass
class Notes:
    """What was found on the way: losses once each; refusals with their line."""

    losses: dict[str, None] = field(default_factory=dict)
    refusals: dict[str, None] = field(default_factory=dict)

    def lose(self, what: str) -> None:
        if what:
            self.losses[what] = None

    def refuse(self, where: Element, why: str) -> None:
        self.refusals[f"Line {where.line}: {why}."] = None


class Writer:
    """Writes the notation. `place` writes what stands for an interaction, a gap or a hot text: None where the
    element is none of these. `picture` gives the name of the medium that an address means, None where it is
    none. `is_block` tells whether what `place` writes is a paragraph of its own.
    """

    def __init__(
        self,
        notes: Notes,
        picture: Callable[[str, Element], str | None],
        place: Callable[[Element], str | None] = lambda _: None,
        is_block: Callable[[Element], bool] = lambda _: False,
    ) -> None:
        self._notes = notes
        self._picture = picture
        self._place = place
        self._is_block = is_block

    def content(self, children: Iterable[Child]) -> str:
        """Paragraphs and tables, a blank line between them."""
        return "\n\n".join(self.blocks(children))

    def line(self, children: Iterable[Child]) -> str:
        """The same as one paragraph, as options are: its lines under each other."""
        blocks = self.blocks(children)
        if len(blocks) > 1 and any(block.startswith(("|", "```")) for block in blocks):
            self._notes.lose("A table or lines of code in a choice, among other text, lose their form.")
        return "\n".join(blocks)

    def blocks(self, children: Iterable[Child]) -> list[str]:
        found: list[str] = []
        inline: list[str] = []

        def flush() -> None:
            if text := _tidy("".join(inline)):
                found.append(text)
            inline.clear()

        for child in children:
            if isinstance(child, Element) and self._stands_alone(child):
                flush()
                found += self._block(child)
            else:
                inline.append(self._inline(child))
        flush()
        return found

    def _stands_alone(self, element: Element) -> bool:
        if element.name in BLOCKS or self._is_block(element):
            return True
        if element.name in _DROPPED or element.name in _REFUSED or element.name == "math":
            return False
        return any(self._stands_alone(child) for child in element.elements())

    def _block(self, element: Element) -> list[str]:
        name = element.name
        if (placed := self._place(element)) is not None:
            return [placed] if placed else []
        if name == "rubricBlock" and "candidate" not in element.get("view", "candidate"):
            self._notes.lose("Instructions for others than the student (rubric) are not taken.")
            return []
        if name in _DROPPED:
            self._notes.lose(_DROPPED[name])
            return []
        if re.fullmatch(r"h[1-6]", name):
            self._notes.lose("Headings are shown as paragraphs.")
        if "style" in element.attributes:
            self._notes.lose(_DROPPED["style"])
        match name:
            case "ul" | "ol":
                return self._list(element)
            case "table":
                return self._table(element)
            case "pre":
                return [f"```\n{element.text.strip(chr(10))}\n```"]
            case "hr":
                return []
        if name in _EMPHASIS:
            self._notes.lose("Emphasis (bold, italic, underlined) is not shown.")
        return self.blocks(element.children)

    def _list(self, element: Element) -> list[str]:
        items: list[str] = []
        number = int(element.get("start")) if element.get("start").isdigit() else 1
        for child in element.elements():
            mark = "•"
            if element.name == "ol":
                mark, number = f"{number}.", number + 1
            blocks = self.blocks(child.children) if child.name == "li" else self._block(child)
            if blocks:
                items.append(f"{mark} " + "\n".join(blocks))
        has_tables = any("\n|" in item or "```" in item for item in items)
        return items if has_tables else ["\n".join(items)] if items else []

    def _table(self, element: Element) -> list[str]:
        rows = [row for row in element.walk() if row.name == "tr"]
        cells = [row.elements("td", "th") for row in rows]
        if any(
            cell.get("colspan", "1") != "1" or cell.get("rowspan", "1") != "1"
            for row in cells
            for cell in row
        ):
            self._notes.lose("Cells that are joined in a table are shown apart.")
        written = [[self._cell(cell) for cell in row] for row in cells]
        width = max(map(len, written), default=0)
        if not width:
            return []
        has_header = bool(cells[0]) and all(cell.name == "th" for cell in cells[0])
        header = written.pop(0) if has_header else []
        lines = [_row(header, width), _row(["---"] * width, width), *(_row(row, width) for row in written)]
        caption = [self.line(each.children) for each in element.elements("caption")]
        return [*caption, "\n".join(lines)]

    def _cell(self, cell: Element) -> str:
        text = " ".join(" ".join(self.blocks(cell.children)).split("\n"))
        return re.sub(r"(?<!\\)\|", r"\\|", text)

    def _inline(self, child: Child) -> str:
        if isinstance(child, str):
            return escaped(child)
        if (placed := self._place(child)) is not None:
            return placed
        name = child.name
        if name in _REFUSED:
            self._notes.refuse(child, f"{name}: {_REFUSED[name]}")
            return ""
        if name in _DROPPED:
            self._notes.lose(_DROPPED[name])
            return ""
        if "style" in child.attributes and name != "math":
            self._notes.lose(_DROPPED["style"])
        match name:
            case "br":
                return "\n"
            case "img":
                return self._image(child, child.get("src"), child.get("alt"))
            case "object":
                return self._object(child)
            case "math":
                return _formula(child)
            case "sup":
                return self._raised(child, _SUPERSCRIPTS, "^")
            case "sub":
                return self._raised(child, _SUBSCRIPTS, "_")
            case "q":
                return f"“{self._words(child)}”"
            case "rt":
                return f"({self._words(child)})"
        if name in _CODE and "`" not in child.text and child.text.strip():
            return f"`{_BLANKS.sub(' ', child.text)}`"
        if name in _EMPHASIS:
            self._notes.lose("Emphasis (bold, italic, underlined) is not shown.")
        elif name == "a":
            self._notes.lose("Links are taken as their words.")
        elif name not in _PLAIN | _CODE:
            self._notes.lose(f"<{name}> is taken as its words.")
        return self._words(child)

    def _words(self, element: Element) -> str:
        return "".join(map(self._inline, element.children))

    def _image(self, element: Element, address: str, words: str) -> str:
        name = self._picture(address, element)
        words = re.sub(r"[\[\]\n`$\\]+", " ", words).strip()
        return f"![{words}](media:{name})" if name else ""

    def _object(self, element: Element) -> str:
        address, kind = element.get("data"), element.get("type")
        is_picture = kind.startswith("image/") or re.search(
            r"\.(png|jpe?g|gif|webp)$", address, re.IGNORECASE
        )
        if not is_picture:
            self._notes.refuse(element, f"object: {kind or address or 'what it shows'} is not taken")
            return ""
        return self._image(element, address, " ".join(element.text.split()))

    def _raised(self, element: Element, signs: dict[str, str], operator: str) -> str:
        text = self._words(element).strip()
        if all(sign in signs for sign in text):
            return "".join(signs[sign] for sign in text)
        if any(True for _ in element.elements()) or re.search(r"[\\{}$`]", text):
            self._notes.lose("Sub- and superscripts that hold more than plain text stand on the line.")
            return f"{operator}({text})"
        return f"⟮{operator}{{\\text{{{text}}}}}⟯"


def escaped(text: str) -> str:
    """Plain text of a bank, so that no sign of ours is taken for one: prices are no formulas."""
    text = _BLANKS.sub(" ", text).replace("⟮", "(").replace("⟯", ")")
    return text.replace("`", "\\`").replace("$", "\\$")


def _tidy(text: str) -> str:
    """One paragraph: blanks at the ends of lines gone; beside digits, where dollars would be prices, formulas
    have brackets, or stand apart."""
    text = re.sub(r" +", " ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip()
    text = re.sub(r"(?<=\d)⟮([^⟮⟯]+)⟯|⟮([^⟮⟯]+)⟯(?=\d)", lambda f: f"\\({f[1] or f[2]}\\)", text)
    text = re.sub(r"(\d)⟮", r"\1 ⟮", text)
    text = re.sub(r"⟯(\d)", r"⟯ \1", text)
    return text.replace("⟮", "$").replace("⟯", "$")


def _row(cells: Sequence[str], width: int) -> str:
    return "| " + " | ".join([*cells, *[""] * (width - len(cells))]) + " |"


def _formula(element: Element) -> str:
    return f"⟮{source_of(element) or _mathml(element)}⟯"


def _mathml(element: Element) -> str:
    """The formula as MathML on one line, without the signs that mean something around it."""
    if element.name in ("annotation", "annotationXml", "annotation-xml"):
        return ""
    attributes = "".join(
        f' {name}="{_math_text(value)}"' for name, value in element.attributes.items() if ":" not in name
    )
    inside = "".join(
        _mathml(child) if isinstance(child, Element) else _math_text(_BLANKS.sub(" ", child))
        for child in element.children
        if isinstance(child, Element) or child.strip()
    )
    if element.name == "semantics":
        return inside
    return f"<{element.name}{attributes}>{inside}</{element.name}>"


def _math_text(text: str) -> str:
    text = html.escape(text.strip())
    for sign in "$`\\|[]⟮⟯":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text
