"""Items with a template → items without one, with values drawn in the template's place."""

import re
from collections.abc import Iterator
from dataclasses import replace

from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.declarations import NotTaken, is_true
from testing_engine.interchange.qti.templates import ConstraintsUnmet, Drawn, Template, resolved
from testing_engine.questions.answers import whole_number
from testing_engine.questions.operators import Scalar, Value, members_of
from testing_engine.sentences import say

DRAWS_FOR_ONE = 10  # so often is drawn, at most, for each variant that is wanted
_OF_TEMPLATES = ("templateDeclaration", "templateProcessing")
_HIDING = ("templateInline", "templateBlock")
_FORMAT = re.compile(r"[^%]*%[-+ 0#]{0,5}\d{0,2}(?:\.\d{1,2})?[diouxXeEfFgGs][^%]*")
_POWER = re.compile(r"(.*?)[eE]([-+]?\d+)(.*)")
_WHOLE = set("diouxX")
_RULES = "responseProcessing"

Child = Element | str


def is_template(item: Element) -> bool:
    return bool(item.elements(*_OF_TEMPLATES))


def variants_of(item: Element, count: int, seed: int) -> Iterator[Element]:
    """Different items without template, at most `count`; the same for the same seed. Raises `NotTaken`."""
    template = Template(item)
    seen: set[str] = set()
    for draw in range(count * DRAWS_FOR_ONE):
        try:
            drawn = template.draw(f"{seed}/{item.get('identifier')}/{draw}")
        except ConstraintsUnmet:
            if not seen:
                raise
            return
        values = repr((sorted(drawn.values.items()), sorted(drawn.correct.items())))
        if values in seen:
            continue
        seen.add(values)
        yield _Substitution(drawn).item(item)
        if len(seen) == count:
            return


class _Substitution:
    """Puts the values of one variant into an item."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn = drawn
        self._in_formulas = {
            name
            for name, declared in drawn.declared.items()
            if is_true(declared.element, "mathVariable") and name in drawn.values
        }

    def item(self, item: Element) -> Element:
        children: list[Child] = []
        for child in item.children:
            if isinstance(child, str):
                children.append(child)
            elif child.name == "responseDeclaration" or child.name == "outcomeDeclaration":
                children.append(self._declaration(child))
            elif child.name == _RULES:
                children.append(self._rules(child))
            elif child.name not in _OF_TEMPLATES:
                children += self._shown(child)
        return replace(item, children=tuple(children))

    def _declaration(self, element: Element) -> Element:
        for part, values in (
            ("correctResponse", self._drawn.correct),
            ("defaultValue", self._drawn.defaults),
        ):
            if element.get("identifier") not in values:
                continue
            members = members_of(values[element.get("identifier")])
            inside = tuple(Element("value", {}, element.line, (_exact(member),)) for member in members)
            others = tuple(c for c in element.children if isinstance(c, str) or c.name != part)
            made = (Element(part, {}, element.line, inside),) if inside else ()
            element = replace(element, children=(*made, *others))
        return element

    def _rules(self, element: Element) -> Element:
        if element.name == "variable" and element.get("identifier") in self._drawn.declared:
            return self._constant(element)
        inside = tuple(each if isinstance(each, str) else self._rules(each) for each in element.children)
        return replace(resolved(element, self._drawn.values), children=inside)

    def _constant(self, element: Element) -> Element:
        declared = self._drawn.declared[element.get("identifier")]
        value = self._drawn.values[declared.name]
        if value is None:
            return replace(element, name="null", children=())
        made = tuple(
            Element("baseValue", {"baseType": declared.base_type}, element.line, (_exact(member),))
            for member in members_of(value)
        )
        if declared.cardinality == "single":
            return made[0]
        return Element(declared.cardinality, {}, element.line, made)

    # --- What is shown ---

    def _shown(self, element: Element, *, in_formula: bool = False) -> list[Child]:
        """The element, or what stands in its place."""
        if element.name == "printedVariable" and element.get("identifier") in self._drawn.declared:
            return self._printed(element)
        if element.get("templateIdentifier") and not self._is_shown(element):
            return []
        in_formula = in_formula or element.name == "math"
        if in_formula and element.name in ("mi", "ci") and element.text.strip() in self._in_formulas:
            value = _text_of(self._single(element, element.text.strip()))
            return [Element("mn" if element.name == "mi" else "cn", {}, element.line, (value,))]
        children: list[Child] = []
        for child in element.children:
            children += [child] if isinstance(child, str) else self._shown(child, in_formula=in_formula)
        if element.name in _HIDING:
            if element.name == "templateInline":
                return children
            return [Element("div", {}, element.line, tuple(children))]
        hiding = ("templateIdentifier", "showHide")
        attributes = {name: said for name, said in element.attributes.items() if name not in hiding}
        return [replace(element, attributes=attributes, children=tuple(children))]

    def _is_shown(self, element: Element) -> bool:
        name = element.get("templateIdentifier")
        if name not in self._drawn.declared:
            raise NotTaken(element, say("no template variable is called {name}", name=repr(name)))
        is_there = element.get("identifier") in members_of(self._drawn.values[name])
        return is_there == (element.get("showHide", "show") == "show")

    def _single(self, element: Element, name: str) -> Scalar:
        value = self._drawn.values[name]
        if value is None or isinstance(value, tuple):
            raise NotTaken(
                element, say("{name} has no single value that could stand in a formula", name=name)
            )
        return value

    def _printed(self, element: Element) -> list[Child]:
        if element.get("field") or element.get("base", "10") not in ("", "10"):
            raise NotTaken(
                element, say("printedVariable: fields, and numbers to another base, are not taken")
            )
        value = self._indexed(element)
        texts = [_formatted(element, member) for member in members_of(value)]
        text = element.get("delimiter", ";").join(texts)
        power = _POWER.fullmatch(text) if is_true(element, "powerForm") else None
        if power is None:
            return [text]
        exponent = Element("sup", {}, element.line, (str(int(power[2])),))
        return [f"{power[1]} × 10", exponent, power[3]]

    def _indexed(self, element: Element) -> Value:
        value = self._drawn.values[element.get("identifier")]
        if not element.get("index"):
            return value
        place = resolved(replace(element, attributes={"n": element.get("index")}), self._drawn.values).get(
            "n"
        )
        members = members_of(value)
        at = whole_number(place)
        if at is None or not 1 <= at <= len(members):
            raise NotTaken(
                element, say("printedVariable: there is no value at index {place}", place=repr(place[:20]))
            )
        return members[at - 1]


def _formatted(element: Element, member: Scalar) -> str:
    how = element.get("format")
    if not how or isinstance(member, str | bool):
        return _text_of(member)
    if not _FORMAT.fullmatch(how):
        raise NotTaken(element, say("printedVariable: the format {how} is not known", how=repr(how[:20])))
    is_whole = bool(_WHOLE & {found[-1] for found in re.findall(r"%[^a-zA-Z]*[a-zA-Z]", how)})
    return how % (round(member) if is_whole else member)


def _exact(member: Scalar) -> str:
    """A value as rules compare it."""
    return repr(member) if isinstance(member, float) else _text_of(member)


def _text_of(member: Scalar) -> str:
    """A value as students read it: at most 12 digits."""
    if isinstance(member, bool):
        return "true" if member else "false"
    if isinstance(member, float):
        return str(int(member)) if member.is_integer() and abs(member) < 1e15 else f"{member:.12g}"
    return str(member)
