"""What an item declares: its response variables with keys and mappings, and its outcome variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from testing_engine.interchange.markup import Element
from testing_engine.questions.answers import folded, number, whole_number
from testing_engine.questions.operators import Scalar, sort_unordered
from testing_engine.sentences import Said, Sentence, say

Expression = dict[str, Any]


class NotTaken(Said):
    """Something of the item cannot be taken; with the line where it stands."""

    def __init__(self, where: Element, why: Sentence) -> None:
        super().__init__(say("Line {line}: {why}.", line=where.line, why=why))


@dataclass(frozen=True)
class Declared:
    """A response or outcome variable. `correct`, `default`: value nodes; None where nothing is declared."""

    name: str
    base_type: str
    cardinality: str
    correct: Expression | None
    correct_members: tuple[Scalar, ...]
    default: Expression | None
    mapping: Element | None
    table: Element | None
    element: Element


def declarations_of(item: Element, kind: str) -> dict[str, Declared]:
    """The `responseDeclaration`s or `outcomeDeclaration`s. Raises `NotTaken`."""
    return {each.name: each for each in map(_declared, item.elements(kind))}


def _declared(element: Element) -> Declared:
    base_type, cardinality = element.get("baseType"), element.get("cardinality", "single") or "single"
    correct = element.first("correctResponse")
    default = element.first("defaultValue")
    return Declared(
        name=element.get("identifier"),
        base_type=base_type,
        cardinality=cardinality,
        correct=_value_node(correct, base_type, cardinality),
        correct_members=_members(correct, base_type),
        default=_value_node(default, base_type, cardinality),
        mapping=element.first("mapping"),
        table=element.first("matchTable", "interpolationTable"),
        element=element,
    )


def _members(values: Element | None, base_type: str) -> tuple[Scalar, ...]:
    if values is None:
        return ()
    return tuple(
        scalar(value, value.text, value.get("baseType") or base_type) for value in values.elements("value")
    )


def _value_node(values: Element | None, base_type: str, cardinality: str) -> Expression | None:
    members = _members(values, base_type)
    return container(members, cardinality) if members else None


def container(members: Sequence[Scalar], cardinality: str) -> Expression:
    """A value node of the cardinality, as values of the rules are: unordered members in one order."""
    if cardinality == "single":
        return constant(members[0])
    ordered = members if cardinality == "ordered" else sort_unordered(members)
    return constant(list(ordered))


def constant(value: Any) -> Expression:
    return {"op": "value", "value": value}


NOTHING = constant(None)


def scalar(where: Element, text: str, base_type: str) -> Scalar:
    """A value as the rules compare it. Raises `NotTaken` where the text is none of its type."""
    text = text.strip() if base_type != "string" else text
    found: Scalar | None
    match base_type:
        case "boolean":
            found = {"true": True, "1": True, "false": False, "0": False}.get(text)
        case "integer":
            found = whole_number(text)
        case "float" | "duration":
            found = number(text) if "," not in text else None
        case "pair":
            found = " ".join(sorted(text.split()))
        case "directedPair":
            found = " ".join(text.split())
        case "string":
            found = folded(text, case_sensitive=True)
        case "identifier":
            found = text
        case _:
            raise NotTaken(
                where, say("values of the type {base_type} are not taken", base_type=base_type or "(none)")
            )
    if found is None:
        raise NotTaken(where, say("{text} is no {base_type}", text=repr(text[:50]), base_type=base_type))
    return found


def only_operand(rule: Element) -> Element:
    """The one expression that a rule takes. Raises `NotTaken`."""
    operands = rule.elements()
    if len(operands) != 1:
        raise NotTaken(
            rule,
            say(
                "{element} takes one expression, and has {operands}",
                element=rule.name,
                operands=len(operands),
            ),
        )
    return operands[0]


def attribute_number(where: Element, name: str, otherwise: float | None = None) -> float:
    """A number in an attribute; a variable's name there is not taken. Raises `NotTaken`."""
    text = where.get(name)
    if not text and otherwise is not None:
        return otherwise
    found = number(text)
    if found is None:
        raise NotTaken(
            where,
            say(
                "{element} has {name}={text}, which is no number",
                element=where.name,
                name=name,
                text=repr(text[:50]),
            ),
        )
    return found


def attribute_whole(where: Element, name: str, otherwise: int | None = None) -> int:
    found = attribute_number(where, name, otherwise)
    if found != int(found):
        raise NotTaken(
            where,
            say(
                "{element} has {name}={found}, which is no whole number",
                element=where.name,
                name=name,
                found=f"{found:g}",
            ),
        )
    return int(found)


def is_true(where: Element, name: str, *, otherwise: bool = False) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}.get(where.get(name), otherwise)


def outcome_default(declared: Declared) -> Expression:
    """The value with which an outcome begins: its default; of a number without one, 0; else nothing."""
    if declared.default is not None:
        return declared.default
    is_number = declared.cardinality == "single" and declared.base_type in ("integer", "float")
    return constant(0.0) if is_number else NOTHING


def mapping_node(given: Expression, declared: Declared, where: Element) -> Expression:
    """mapResponse of a response variable. Raises `NotTaken` where it has no mapping."""
    mapping = declared.mapping
    if mapping is None:
        raise NotTaken(where, say("{name} is mapped, and declares no mapping", name=declared.name))
    entries = [_entry(entry, declared.base_type) for entry in mapping.elements("mapEntry")]
    node: Expression = {
        "op": "mapResponse",
        "of": [given],
        "entries": entries,
        "default": attribute_number(mapping, "defaultValue", 0.0),
    }
    for bound, name in (("lower", "lowerBound"), ("upper", "upperBound")):
        if mapping.get(name):
            node[bound] = attribute_number(mapping, name)
    return node


def _entry(entry: Element, base_type: str) -> Mapping[str, Any]:
    return {
        "key": scalar(entry, entry.attributes.get("mapKey", ""), base_type),
        "value": attribute_number(entry, "mappedValue"),
        "case_sensitive": is_true(entry, "caseSensitive", otherwise=True),
    }
