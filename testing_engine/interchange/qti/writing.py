"""Texts of QTI items → the notation of question contents, by the reader of all HTML (html_text.py).

What is QTI's own is decided here: interactions at their places, formulas, pictures, what is left out, and
what would change the question if it were left out, and so refuses it.
"""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from testing_engine.interchange.html_text import NotationReader
from testing_engine.interchange.markup import Element
from testing_engine.interchange.notation import storable
from testing_engine.interchange.qti.formula_sources import source_of
from testing_engine.sentences import Sentence, say

Child = Element | str

_BODIES = (
    "rubricBlock",
    "feedbackBlock",
    "templateBlock",
    "prompt",
    "itemBody",
    "stimulusBody",
    "contentBody",
)
_PARAGRAPHS = {*_BODIES, "div", "article", "section", "fieldset", "main", "header", "footer"}
_AS_THEY_ARE = {
    *("p", "blockquote", "address", "figure", "figcaption", "center", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"),
    *("colgroup", "col", "pre", "hr", "br", "sub", "sup", "q", "code", "kbd", "samp", "tt", "a"),
    *(
        "em",
        "i",
        "b",
        "strong",
        "u",
        "s",
        "strike",
        "del",
        "ins",
        "small",
        "big",
        "mark",
        "cite",
        "dfn",
        "var",
    ),
    *("font", "span", "label", "abbr", "acronym", "bdi", "bdo", "time", "ruby", "rb", "rt", "rbc", "rtc"),
    *("nobr", "wbr", "picture"),
}
_DROPPED = {
    "stylesheet": say("Styles are not taken."),
    "style": say("Styles are not taken."),
    "link": say("Styles are not taken."),
    "feedbackInline": say("Feedback is not shown."),
    "feedbackBlock": say("Feedback is not shown."),
    "modalFeedback": say("Feedback is not shown."),
    "infoControl": say("A hint that opens on request is not taken."),
    "catalogInfo": say("Alternative content for access (catalogue) is not taken."),
    "companionMaterialsInfo": say("Companion materials (calculators, rulers) are not taken."),
    **dict.fromkeys(("rp", "source", "title"), Sentence()),
}
_REFUSED = {
    "video": say("film is not taken"),
    "iframe": say("another page inside the question is not taken"),
    "embed": say("an embedded program is not taken"),
    "applet": say("an embedded program is not taken"),
    "script": say("a program is not taken"),
    "canvas": say("a drawing by a program is not taken"),
    "svg": say("a drawing in SVG is not taken; save it as PNG"),
    "include": say("a part that stands in another file is not taken"),
    "printedVariable": say("a value that is computed for each student is not taken"),
    "templateInline": say("a question made from a template is not taken"),
    "templateBlock": say("a question made from a template is not taken"),
}
_BLANKS = re.compile(r"[ \t\r\n\f]+")


@dataclass
class Notes:
    """What was found on the way: losses once each; refusals with their line."""

    losses: dict[Sentence, None] = field(default_factory=dict)
    refusals: dict[Sentence, None] = field(default_factory=dict)

    def lose(self, what: Sentence) -> None:
        if what:
            self.losses[what] = None

    def refuse(self, where: Element, why: Sentence) -> None:
        self.refusals[say("Line {line}: {why}.", line=where.line, why=why)] = None


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
        return self._read(children, is_one_line=False)

    def line(self, children: Iterable[Child]) -> str:
        """The same as one paragraph, as options are: its lines under each other."""
        return self._read(children, is_one_line=True)

    def blocks(self, children: Iterable[Child]) -> list[str]:
        """The paragraphs of a content."""
        content = self.content(children)
        return content.split("\n\n") if content else []

    def _read(self, children: Iterable[Child], *, is_one_line: bool) -> str:
        reader = NotationReader(is_one_line=is_one_line)
        self._feed(reader, children)
        reader.close()
        for loss in reader.losses:
            self._notes.lose(loss)
        return _with_signs(reader.text())

    def _feed(self, reader: NotationReader, children: Iterable[Child]) -> None:
        for child in children:
            if isinstance(child, str):
                reader.data(storable(child.replace("⟮", "(").replace("⟯", ")")))
            elif (placed := self._place(child)) is not None:
                if placed:
                    reader.put(placed, is_block=self._is_block(child))
            else:
                self._element(reader, child)

    def _element(self, reader: NotationReader, element: Element) -> None:
        name = element.name
        if name in _REFUSED:
            self._notes.refuse(element, say("{name}: {refused}", name=name, refused=_REFUSED[name]))
            return
        if name == "rubricBlock" and "candidate" not in element.get("view", "candidate"):
            self._notes.lose(say("Instructions for others than the student (rubric) are not taken."))
            return
        if name in _DROPPED:
            self._notes.lose(_DROPPED[name])
            return
        if name == "math":
            reader.put(f"⟮{source_of(element) or _mathml(element)}⟯")
            return
        if "style" in element.attributes:
            self._notes.lose(_DROPPED["style"])
        if name in ("img", "object", "audio"):
            shown = {"img": self._image, "object": self._object, "audio": self._sound}[name]
            reader.put(shown(element))
            return
        if name not in _AS_THEY_ARE and name not in _PARAGRAPHS:
            self._notes.lose(say("<{name}> is taken as its words.", name=name))
        tag = "section" if name in _PARAGRAPHS else name
        reader.start(tag, element.attributes)
        self._feed(reader, element.children)
        reader.end(tag)

    def _image(self, element: Element) -> str:
        return self._shown(element, element.get("src"), element.get("alt"))

    def _object(self, element: Element) -> str:
        address, kind = element.get("data"), element.get("type")
        is_medium = kind.startswith(("image/", "audio/")) or re.search(
            r"\.(png|jpe?g|gif|webp|og[ga]|mp3|m4a)$", address, re.IGNORECASE
        )
        if not is_medium:
            self._notes.refuse(
                element, say("object: {kind} is not taken", kind=kind or address or "what it shows")
            )
            return ""
        return self._shown(element, address, " ".join(element.text.split()))

    def _sound(self, element: Element) -> str:
        """Its first file; several are the same in other formats. `data-plays` is a word of our own."""
        every = [element, *element.elements("source")]
        address = next((found for each in every if (found := each.get("src"))), "")
        words = element.get("aria-label") or element.get("ariaLabel") or element.get("title") or element.text
        shown = self._shown(element, address, words)
        plays = element.get("dataPlays")
        return f"{shown[:-1]}?plays={plays})" if shown and re.fullmatch(r"[1-9]\d?", plays) else shown

    def _shown(self, element: Element, address: str, words: str) -> str:
        name = self._picture(address, element)
        words = " ".join(re.sub(r"[\[\]\n`$\\]+", " ", words).split())
        return f"![{words}](media:{name})" if name else ""


def _with_signs(text: str) -> str:
    """Formulas between dollars; beside digits, where dollars would be prices, between brackets."""
    text = re.sub(r"(?<=\d)⟮([^⟮⟯]+)⟯|⟮([^⟮⟯]+)⟯(?=\d)", lambda f: f"\\({f[1] or f[2]}\\)", text)
    text = re.sub(r"(\d)⟮", r"\1 ⟮", text)
    text = re.sub(r"⟯(\d)", r"⟯ \1", text)
    return text.replace("⟮", "$").replace("⟯", "$")


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
