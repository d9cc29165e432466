"""XML of strangers → plain trees, with the line of every element. No entity, DTD or address is followed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from testing_engine.sentences import Said, Sentence, quoted, say

MOST_BYTES = 32 * 1024 * 1024
DEEPEST = 120  # elements inside each other
MOST_ELEMENTS = 500_000
XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"


class MarkupRefused(Said):
    """No XML, or hostile XML; the message says where."""


@dataclass(frozen=True, eq=False)
class Element:
    """An element under its local name. `children`: elements and texts, in order."""

    name: str
    attributes: Mapping[str, str]
    line: int
    children: tuple["Element | str", ...]

    def get(self, name: str, otherwise: str = "") -> str:
        return self.attributes.get(name, otherwise).strip()

    def elements(self, *names: str) -> list["Element"]:
        """The children that are elements, of these names if any are given."""
        found = [child for child in self.children if isinstance(child, Element)]
        return [child for child in found if child.name in names] if names else found

    def first(self, *names: str) -> "Element | None":
        return next(iter(self.elements(*names)), None)

    def walk(self) -> Iterator["Element"]:
        """The element and all below it, in the order of the document."""
        yield self
        for child in self.elements():
            yield from child.walk()

    @property
    def text(self) -> str:
        """All text below, as it stands."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


def parse_xml(content: bytes) -> Element:
    """The root. Names and attributes are local; QTI 3's kebab case (`qti-item-body`, `max-choices`) becomes
    the camel case of QTI 2 (`itemBody`, `maxChoices`). Raises `MarkupRefused`.
    """
    return _Copy().of(parse_tree(content), 0)


def parse_tree(
    content: bytes, *, most_bytes: int = MOST_BYTES, allows_doctype: bool = True
) -> etree._Element:
    """The root as lxml has it, for formats that are read element by element. The only parser of XML here: no
    entity of the file's own, no DTD and no address is ever followed. Raises `MarkupRefused`.
    """
    if len(content) > most_bytes:
        raise MarkupRefused(say("It is larger than {most} MiB.", most=most_bytes // 1024**2))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise MarkupRefused(_not_well_formed(error)) from error
    except ValueError as error:
        raise MarkupRefused(say("It is no well-formed XML.")) from error
    declared = root.getroottree().docinfo
    if declared.doctype and not allows_doctype:
        raise MarkupRefused(say("It declares a document type, which no file of this format does."))
    internal = declared.internalDTD
    if internal is not None and next(internal.iterentities(), None) is not None:
        raise MarkupRefused(say("It declares entities of its own, which are not followed."))
    return root


# What libxml2 finds wrong with most files, by the number of its error.
_XML_ERRORS = {
    4: say("there is nothing in it"),
    5: say("something stands behind its end"),
    9: say("a sign stands there that XML forbids"),
    26: say("an entity that is not declared"),
    27: say("an entity that is not declared"),
    38: say("a < stands in an attribute"),
    42: say("an attribute is there twice"),
    68: say("a < or & stands there that begins nothing"),
    73: say("a > is missing"),
    76: say("a tag is closed that is not open"),
    77: say("a tag is not closed"),
    81: say("its letters are not in the encoding that it names"),
}


def _not_well_formed(error: etree.XMLSyntaxError) -> Sentence:
    line, column = error.position
    problem = _XML_ERRORS.get(error.code) or quoted(str(error.msg).rstrip("."))
    return say(
        "It is no well-formed XML: line {line}, column {column}: {problem}.",
        line=line,
        column=column,
        problem=problem,
    )


class _Copy:
    def __init__(self) -> None:
        self._count = 0

    def of(self, node: etree._Element, depth: int) -> Element:
        self._count += 1
        line = int(node.sourceline or 0)
        if depth > DEEPEST or self._count > MOST_ELEMENTS:
            raise MarkupRefused(
                say(
                    "Line {line}: more than {deepest} elements deep, or {most} in all.",
                    line=line,
                    deepest=DEEPEST,
                    most=MOST_ELEMENTS,
                )
            )
        children: list[Element | str] = [node.text] if node.text else []
        for child in node:
            if not isinstance(child.tag, str):
                raise MarkupRefused(
                    say(
                        "Line {line}: an entity that is not followed.",
                        line=int(child.sourceline or line),
                    )
                )
            children.append(self.of(child, depth + 1))
            if child.tail:
                children.append(child.tail)
        local = etree.QName(node).localname
        name = camel(local.removeprefix("qti-")) if local.startswith("qti-") else local
        attributes = {_attribute(str(key)): str(value) for key, value in node.attrib.items()}
        return Element(name, attributes, line, tuple(children))


def _attribute(key: str) -> str:
    if key.startswith(XML_NAMESPACE):
        return "xml:" + key.removeprefix(XML_NAMESPACE)
    return camel(key.rpartition("}")[2])


def camel(name: str) -> str:
    first, *others = name.split("-")
    return first + "".join(part[:1].upper() + part[1:] for part in others)
