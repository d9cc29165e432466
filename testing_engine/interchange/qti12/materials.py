"""Texts of QTI 1.2 (`material`) → HTML, as its readers take it on."""

import html
import re
from collections.abc import Iterator

from testing_engine.interchange.markup import Element
from testing_engine.sentences import say

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_FLOWS = ("flow", "flow_mat", "flow_label")
_EMPTY = ("br", "hr", "img", "wbr")
_REFUSED = {
    "mataudio": say("sound"),
    "matvideo": say("film"),
    "matapplet": say("a program"),
    "matapplication": say("a program"),
}


def parts_of(element: Element) -> Iterator[Element]:
    """Materials and responses of a presentation, in their order, out of whatever flows they stand in."""
    for child in element.elements():
        if child.name in _FLOWS:
            yield from parts_of(child)
        elif child.name == "material" or child.name.startswith("response_"):
            yield child


def html_of(element: Element) -> str:
    """All materials of an element that are not those of a response in it."""
    if element.name == "material":
        return "".join(map(_material, element.elements()))
    return "".join(_material(each) for part in parts_of(element) for each in _texts(part))


def refused_media(element: Element) -> str:
    """What of an item's materials cannot be shown, "" where all can."""
    return next((_REFUSED[each.name] for each in element.walk() if each.name in _REFUSED), "")


def _texts(part: Element) -> list[Element]:
    return part.elements() if part.name == "material" else []


def _material(element: Element) -> str:
    match element.name:
        case "mattext" | "matemtext":
            return _text(element)
        case "matimage":
            words = html.escape(element.get("label"))
            return f'<img src="{html.escape(element.get("uri"))}" alt="{words}">'
        case "matbreak":
            return "<br>"
    return ""


def _text(element: Element) -> str:
    if element.elements():  # XHTML that stands there as elements
        return "".join(_markup(child) for child in element.children)
    kind = element.get("texttype").lower()
    is_plain = kind == "text/plain" or (not kind and not _TAG.search(element.text))
    return html.escape(element.text).replace("\n", "<br>") if is_plain else element.text


def _markup(node: Element | str) -> str:
    if isinstance(node, str):
        return html.escape(node)
    given = "".join(f' {name}="{html.escape(value)}"' for name, value in node.attributes.items())
    if node.name in _EMPTY:
        return f"<{node.name}{given}>"
    return f"<{node.name}{given}>{''.join(map(_markup, node.children))}</{node.name}>"
