"""The notation of contents → XHTML of QTI 3.0: from the same tokens of which a student's page is made."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from lxml import etree
from markdown_it.token import Token

from testing_engine.interchange.qti.formula_sources import TEX
from testing_engine.rendering import formula_html, inline_tokens, is_picture, sound_of, tokens_of
from testing_engine.sentences import Said, Sentence, say

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
MATHML = "http://www.w3.org/1998/Math/MathML"
Node: TypeAlias = Any  # an element of lxml, which has no types


class NotCarried(Said):
    """The format has no way to say this; the message says what."""


class Placed(NamedTuple):
    """What stands at a place in the text. `kind`: `inline`, `block`, or `part`: of an interaction that goes
    around the paragraphs in which its parts stand.
    """

    element: Node
    kind: str


class Block(NamedTuple):
    """A paragraph, table, listing or interaction. `parts_of`: the interactions that must go around it."""

    element: Node
    parts_of: frozenset[str] = frozenset()
    is_interaction: bool = False


Place = Callable[[str, str], Placed]  # (response variable, part or "") → what stands there


def qti(name: str, attributes: Mapping[str, str] | None = None, *children: Node, text: str = "") -> Node:
    """An element of QTI, or of HTML within it."""
    return element_in(NAMESPACE, name, attributes, *children, text=text)


def element_in(
    namespace: str, name: str, attributes: Mapping[str, str] | None = None, *children: Node, text: str = ""
) -> Node:
    """An element of a namespace, which is its own default one."""
    element = etree.Element(f"{{{namespace}}}{name}", dict(attributes or {}), nsmap={None: namespace})
    _add_text(element, text)
    element.extend(children)
    return element


class Texts:
    """Writes texts. `media`: addresses of this service → paths in the package, relative to the file."""

    def __init__(self, media: Mapping[str, str]) -> None:
        self._media = media
        self.losses: list[Sentence] = []

    def blocks(
        self, text: str, responses: frozenset[str] = frozenset(), place: Place | None = None
    ) -> list[Block]:
        """A content, a passage or a prompt."""
        return _Blocks(self, place).of(tokens_of(text, responses))

    def fill(self, parent: Node, text: str) -> Node:
        """The text of one choice, into its element; a listing stays one."""
        if text.strip().startswith("```"):
            parent.extend(block.element for block in self.blocks(text))
        else:
            self.inline(parent, inline_tokens(text))
        return parent

    def inline(self, parent: Node, tokens: Sequence[Token]) -> None:
        for token in tokens:
            self.one(parent, token)

    def one(self, parent: Node, token: Token) -> None:
        match token.type:
            case "text":
                _add_text(parent, token.content)
            case "softbreak" | "hardbreak":
                parent.append(qti("br"))
            case "code_inline":
                parent.append(qti("code", text=token.content))
            case "image":
                self._medium(parent, str(token.attrs.get("src", "")), token.content)
            case "math_inline":
                parent.append(self.formula(token.content, is_block=False))
            case "math_inline_double":
                parent.append(self.formula(token.content.strip(), is_block=True))
            case other:
                raise NotCarried(say("its text has what cannot be written here ({kind})", kind=other))

    def formula(self, source: str, *, is_block: bool) -> Node:
        """MathML, with the LaTeX that it was made of beside it; code where it is no formula."""
        shown = formula_html(source, is_block=is_block)
        if not shown.startswith("<math"):
            self.losses.append(say("A formula that cannot be drawn stands as code."))
            return qti("code", text=source)
        math = _in_mathml(etree.fromstring(shown.replace("&nbsp;", "\u00a0")))
        if is_block:
            math.set("display", "block")
        if source.startswith("<math"):
            return math
        children = list(math)
        inside = children[0] if len(children) == 1 else etree.Element(f"{{{MATHML}}}mrow")
        if len(children) != 1:
            inside.extend(children)
        semantics = etree.SubElement(math, f"{{{MATHML}}}semantics")
        semantics.append(inside)
        etree.SubElement(semantics, f"{{{MATHML}}}annotation", {"encoding": TEX}).text = source
        return math

    def _medium(self, parent: Node, address: str, words: str) -> None:
        if sound := sound_of(address):
            self._sound(parent, *sound, words)
            return
        if not is_picture(address):
            _add_text(parent, words)  # as students see it
            return
        if address.startswith("/") and address not in self._media:
            self.losses.append(
                say("{address} is not stored here; its words stand in its place.", address=address)
            )
            _add_text(parent, words)
            return
        parent.append(qti("img", {"src": self._media.get(address, address), "alt": words}))

    def _sound(self, parent: Node, address: str, plays: int | None, words: str) -> None:
        if address not in self._media:
            self.losses.append(
                say("{address} is not stored here; its words stand in its place.", address=address)
            )
            _add_text(parent, words)
            return
        attributes = {"src": self._media[address], "controls": "controls", "aria-label": words}
        if plays is not None:
            attributes["data-plays"] = str(plays)
            self.losses.append(say("How often a sound may be played (data-plays) binds no other player."))
        parent.append(qti("audio", attributes, text=words))


class _Blocks:
    def __init__(self, texts: Texts, place: Place | None) -> None:
        self._texts, self._place = texts, place
        self._found: list[Block] = []

    def of(self, tokens: Sequence[Token]) -> list[Block]:
        table: list[Node] = []
        for token in tokens:
            name = token.type.removesuffix("_open")
            if token.type == "inline" and table:
                self._cell(table[-1], token.children or [])
            elif token.type == "inline":
                self._paragraph(token.children or [])
            elif token.type == "fence":
                self._found.append(Block(qti("pre", None, qti("code", text=token.content))))
            elif token.type == "math_block":
                paragraph = qti("p", None, self._texts.formula(token.content.strip(), is_block=True))
                self._found.append(Block(paragraph))
            elif name in ("table", "thead", "tbody", "tr", "th", "td"):
                element = qti(name)
                if table:
                    table[-1].append(element)
                table.append(element)
            elif token.type.endswith("_close") and table:
                if len(table) == 1:
                    self._found.append(Block(table[0], self._parts_in(table[0])))
                table.pop()
            elif not token.type.startswith("paragraph"):
                raise NotCarried(say("its text has what cannot be written here ({kind})", kind=token.type))
        return self._found

    def _paragraph(self, children: Sequence[Token]) -> None:
        """Blocks that stand in the middle of it end it, and begin another one."""
        paragraph = qti("p")
        for child in children:
            placed = self._placed(child)
            if placed is None:
                if child.type != "softbreak" or _has_something(paragraph):
                    self._texts.one(paragraph, child)
            elif placed.kind == "block":
                if _has_something(paragraph):
                    self._close(paragraph)
                    self._texts.losses.append(
                        say("What stood in the middle of a line is a paragraph of its own.")
                    )
                self._found.append(Block(placed.element, is_interaction=True))
                paragraph = qti("p")
            else:
                paragraph.append(placed.element)
        if _has_something(paragraph):
            self._close(paragraph)

    def _close(self, paragraph: Node) -> None:
        last = paragraph[-1] if len(paragraph) else None
        if last is not None and last.tag == f"{{{NAMESPACE}}}br" and not (last.tail or "").strip():
            paragraph.remove(last)
        self._found.append(Block(paragraph, self._parts_in(paragraph)))

    def _cell(self, cell: Node, children: Sequence[Token]) -> None:
        for child in children:
            placed = self._placed(child)
            if placed is None:
                self._texts.one(cell, child)
            else:
                cell.append(placed.element)

    def _placed(self, token: Token) -> Placed | None:
        if token.type != "slot" or self._place is None:
            return None
        return self._place(str(token.attrs["data-response"]), str(token.attrs["data-part"]))

    def _parts_in(self, element: Node) -> frozenset[str]:
        return frozenset(of for each in element.iter() if (of := each.attrib.pop(PART_OF, None)))


PART_OF = "part-of"  # an attribute for a while: of which interaction an element is a part


def _has_something(paragraph: Node) -> bool:
    return len(paragraph) > 0 or bool((paragraph.text or "").strip())


def _add_text(parent: Node, text: str) -> None:
    if not text:
        return
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _in_mathml(element: Node) -> Node:
    """The same tree in MathML's namespace."""
    name = re.sub(r"^\{.*\}", "", str(element.tag))
    attributes = {str(key): str(value) for key, value in element.attrib.items() if key != "xmlns"}
    made = etree.Element(f"{{{MATHML}}}{name}", attributes, nsmap={None: MATHML})
    made.text, made.tail = element.text, element.tail
    made.extend(_in_mathml(child) for child in element)
    return made
