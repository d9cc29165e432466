"""Values, declarations and options of scoring rules as elements of QTI 3.0."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from testing_engine.interchange.qti.patterns import portable_pattern
from testing_engine.interchange.qti.texts import Node, qti

Expression = Mapping[str, Any]


class Kind(NamedTuple):
    """Base type and cardinality of a value; base type "" where it is not known."""

    base: str
    cardinality: str = "single"


def right_values(node: Expression) -> list[str]:
    match node["op"]:
        case "match" | "stringMatch" if node["of"][1].get("op") == "value":
            value = node["of"][1].get("value")
            members = value if isinstance(value, list | tuple) else [value]
        case "equal" if node["of"][1].get("op") == "value":
            members = [node["of"][1].get("value")]
        case "mapResponse":
            best = max((float(entry["value"]) for entry in node["entries"]), default=0.0)
            worth = [entry["key"] for entry in node["entries"] if float(entry["value"]) == best > 0]
            members = worth[:1]
        case _:
            return []
    return [
        str(member) if isinstance(member, str) else number_text(member)
        for member in members
        if member is not None
    ]


def as_conditions(node: Expression) -> Expression:
    """A table to look up, as conditions in its order."""
    (given,) = node["of"]
    found: Expression = constant(node.get("default"))
    for row in reversed(node["table"]):
        op = "lte" if row.get("inclusive", True) else "lt"
        found = {
            "op": "if",
            "of": [{"op": op, "of": [given, constant(float(row["up_to"]))]}, constant(row["value"]), found],
        }
    return {"op": "if", "of": [{"op": "isNull", "of": [given]}, constant(None), found]}


def constant(value: Any) -> Expression:
    return {"op": "value", "value": value}


def kind_of_value(value: Any) -> Kind:
    members = value if isinstance(value, list | tuple) else [value]
    cardinality = "multiple" if isinstance(value, list | tuple) else "single"
    first = next((member for member in members if member is not None), None)
    if isinstance(first, bool):
        return Kind("boolean", cardinality)
    if isinstance(first, int | float):
        return Kind("float", cardinality)
    return Kind("", cardinality)


def value_of(value: Any, wanted: Kind) -> Node:
    if value is None or value in ([], ()):
        return qti("qti-null")
    if isinstance(value, list | tuple):
        tag = "qti-ordered" if wanted.cardinality == "ordered" else "qti-multiple"
        return qti(tag, None, *(value_of(member, Kind(wanted.base)) for member in value))
    if isinstance(value, bool):
        return base_value("boolean", "true" if value else "false")
    if isinstance(value, int | float):
        is_whole = wanted.base == "integer" and float(value).is_integer()
        return base_value("integer" if is_whole else "float", number_text(value))
    return base_value(wanted.base or "string", value)


def base_value(base: str, text: str) -> Node:
    return qti("qti-base-value", {"base-type": base}, text=text)


def variable(name: str) -> Node:
    return qti("qti-variable", {"identifier": name})


def set_outcome(name: str, value: Node) -> Node:
    return qti("qti-set-outcome-value", {"identifier": name}, value)


def condition(condition: Node, then: Sequence[Node], otherwise: Sequence[Node]) -> Node:
    made = qti("qti-response-condition", None, qti("qti-response-if", None, condition, *then))
    if otherwise:
        made.append(qti("qti-response-else", None, *otherwise))
    return made


def outcome_declaration(name: str, kind: Kind, default: str | None = None) -> Node:
    attributes = {"identifier": name, "cardinality": kind.cardinality, "base-type": kind.base}
    inside = [qti("qti-default-value", None, qti("qti-value", text=default))] if default is not None else []
    return qti("qti-outcome-declaration", attributes, *inside)


def map_entry(entry: Mapping[str, Any], is_text: bool) -> Node:
    attributes = {"map-key": str(entry["key"]), "mapped-value": number_text(entry["value"])}
    if is_text:
        attributes["case-sensitive"] = "true" if entry.get("case_sensitive", True) else "false"
    return qti("qti-map-entry", attributes)


def number_text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def kebab(name: str) -> str:
    return "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in name)


def options_of(node: Expression) -> dict[str, str]:
    """The options of an operator, under QTI's names."""
    match node["op"]:
        case "anyN":
            return {name: str(int(node[name])) for name in ("min", "max")}
        case "index":
            return {"n": str(int(node["n"]))}
        case "equal":
            return _tolerance(node)
        case "equalRounded" | "roundTo":
            mode = node.get("rounding", "significantFigures")
            return {"figures": str(int(node["figures"])), "rounding-mode": mode}
        case "stringMatch":
            found = {"case-sensitive": "true" if node.get("case_sensitive", True) else "false"}
            return {**found, "substring": "true"} if node.get("substring") else found
        case "substring":
            return {"case-sensitive": "true" if node.get("case_sensitive", True) else "false"}
        case "patternMatch":
            sensitive = bool(node.get("case_sensitive", True))
            return {"pattern": portable_pattern(node["pattern"], case_sensitive=sensitive)}
        case "mathOperator" | "statsOperator":
            return {"name": node["name"]}
    return {}


def _tolerance(node: Expression) -> dict[str, str]:
    mode = node.get("tolerance", "exact")
    if mode == "exact":
        return {"tolerance-mode": "exact"}
    below, above = (float(each) for each in node.get("by", [0.0, 0.0]))
    found = {"tolerance-mode": mode, "tolerance": f"{number_text(below)} {number_text(above)}"}
    for option, name in (("include_lower", "include-lower-bound"), ("include_upper", "include-upper-bound")):
        if not node.get(option, True):
            found[name] = "false"
    return found
