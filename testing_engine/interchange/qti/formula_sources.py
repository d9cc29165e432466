"""The LaTeX that a formula says it was made of, where our own drawing of it is what stands there."""

from testing_engine.interchange.markup import Element, MarkupRefused, parse_xml
from testing_engine.rendering import formula_html

TEX = "application/x-tex"
_SIGNS_OF_OURS = "$`⟮⟯"


def source_of(math: Element) -> str:
    """The source without its signs; "" where there is none that can be taken. `display="block"` is kept."""
    said = [each for each in math.walk() if each.name == "annotation" and each.get("encoding") == TEX]
    if len(said) != 1 or any(sign in said[0].text for sign in _SIGNS_OF_OURS):
        return ""
    source = " ".join(said[0].text.split())
    is_block = math.get("display") == "block"
    try:
        drawn = parse_xml(formula_html(source, is_block=is_block).replace("&nbsp;", "\u00a0").encode())
    except MarkupRefused:
        return ""
    if not source or _presentation(drawn) != _presentation(math):
        return ""
    return f"⟮{source}⟯" if is_block else source


def _presentation(math: Element) -> list[object]:
    """What it shows, however it is wrapped."""
    children = [each for each in math.elements() if not each.name.startswith("annotation")]
    while len(children) == 1 and children[0].name in ("semantics", "mrow") and not children[0].attributes:
        children = [each for each in children[0].elements() if not each.name.startswith("annotation")]
    return [_plain(each) for each in children]


def _plain(element: Element) -> object:
    inside = [
        _plain(each) if isinstance(each, Element) else each.strip()
        for each in element.children
        if isinstance(each, Element) or each.strip()
    ]
    return element.name, dict(element.attributes), inside
