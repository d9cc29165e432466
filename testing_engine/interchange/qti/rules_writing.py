"""Scoring rules → responseProcessing of QTI 3.0 that every player scores alike.

QTI's expressions know no `if`: such a value becomes an outcome variable that a responseCondition sets before.
What players disagree on is not used: a mapping has no default but 0, and is asked for nothing that is not
there; an attribute that could also be a variable's name is written as a number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from testing_engine.interchange.qti.rule_elements import (
    Expression,
    Kind,
    as_conditions,
    base_value,
    condition,
    constant,
    kebab,
    kind_of_value,
    map_entry,
    number_text,
    options_of,
    outcome_declaration,
    right_values,
    set_outcome,
    value_of,
    variable,
)
from testing_engine.interchange.qti.texts import Node, NotCarried, qti
from testing_engine.questions.program import Program
from testing_engine.sentences import say

SCORE = "SCORE"
TEMPLATES = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/"
MOST_EXPANDED = 400  # members of a mapping that is written out for want of a default


_TRUTH, _WHOLE, _NUMBER, _TEXT, _UNKNOWN = (
    Kind("boolean"),
    Kind("integer"),
    Kind("float"),
    Kind("string"),
    Kind(""),
)
_TRUTHS = {
    *("and", "or", "not", "anyN", "isNull", "member", "contains", "match", "equal", "equalRounded"),
    *("lt", "gt", "lte", "gte", "stringMatch", "substring", "patternMatch"),
}
_WHOLES = {"containerSize", "integerDivide", "integerModulus", "truncate", "round", "gcd", "lcm"}
_CONTAINERS = {"multiple": "multiple", "ordered": "ordered"}


@dataclass
class Rules:
    """What an item declares and does. `correct` and `mappings`: by response variable."""

    correct: dict[str, list[str]] = field(default_factory=dict)
    mappings: dict[str, Node] = field(default_factory=dict)
    outcomes: list[Node] = field(default_factory=list)
    processing: Node = field(default_factory=lambda: qti("qti-response-processing"))


def rules_of(program: Program, members: Mapping[str, Sequence[str]]) -> Rules:
    """`members`: of closed response variables, all that an answer can hold. Raises `NotCarried`."""
    return _Writing(program, members).rules()


class _Writing:
    def __init__(self, program: Program, members: Mapping[str, Sequence[str]]) -> None:
        self._program, self._members = program, members
        self._kinds = {name: Kind(v.base_type, v.cardinality) for name, v in program.variables.items()}
        self._steps: dict[str, str] = {}  # name in the program → outcome variable
        self._nodes: dict[str, Expression] = {}
        self._made = Rules()
        self._mapped: dict[str, Expression] = {}
        self._number = count(1)

    def rules(self) -> Rules:
        score = _nothing_as_zero(self._program.score)
        self._find_correct([*(step for _, step in self._program.steps), score])
        self._made.outcomes.append(outcome_declaration(SCORE, _NUMBER, default="0"))
        if score["op"] == "mapResponse":
            score = self._with_all_members(score)
        if not self._program.steps and (template := self._template(score)):
            self._made.processing.set("template", f"{TEMPLATES}{template}.xml")
            return self._made
        rules: list[Node] = []
        for name, step in self._program.steps:
            outcome = self._new_outcome(self._kind(step))
            rules += self._assign(outcome, step)
            self._steps[name], self._nodes[name] = outcome, step
        if self._kind(score).base == "boolean":
            score = {"op": "if", "of": [score, constant(1.0), constant(0.0)]}
        rules += self._assign(SCORE, score)
        if not self._is_always_a_number(score):
            nothing = qti("qti-is-null", None, variable(SCORE))
            rules.append(condition(nothing, [set_outcome(SCORE, base_value("float", "0"))], []))
        self._made.processing.extend(rules)
        return self._made

    # --- What is declared ---

    def _find_correct(self, nodes: Sequence[Expression]) -> None:
        """Of each variable the first answer that the rules call right: players show it."""
        waiting = list(reversed(nodes))
        while waiting:
            node = waiting.pop()
            waiting += reversed(node.get("of", ()))
            given = node.get("of") or [{}]
            name = given[0].get("name")
            if (
                given[0].get("op") != "variable"
                or name not in self._program.variables
                or name in self._made.correct
            ):
                continue
            if found := right_values(node):
                self._made.correct[name] = found

    def _template(self, score: Expression) -> str:
        """The standard template that says the same, or "". They speak of one variable, called RESPONSE."""
        if list(self._program.variables) != ["RESPONSE"]:
            return ""
        if score["op"] == "mapResponse" and self._is_plain_mapping(score):
            self._mapping("RESPONSE", score)
            return "map_response"
        if score["op"] != "if" or [each.get("value") for each in score["of"][1:]] != [1, 0]:
            return ""
        condition = score["of"][0]
        is_typed = self._kinds["RESPONSE"].base in ("string", "integer", "float")
        return "match_correct" if condition["op"] == "match" and not is_typed and self._made.correct else ""

    def _new_outcome(self, kind: Kind) -> str:
        name = next(
            name for number in self._number if (name := f"VALUE{number}") not in self._program.variables
        )
        self._made.outcomes.append(outcome_declaration(name, kind if kind.base else _NUMBER))
        return name

    # --- Rules ---

    def _assign(self, name: str, node: Expression) -> list[Node]:
        """Rules that set an outcome variable."""
        if node["op"] == "lookup":
            return self._assign(name, as_conditions(node))
        if node["op"] != "if":
            before: list[Node] = []
            value = self._expression(node, self._kind(node), before)
            return [*before, set_outcome(name, value)]
        rules: list[Node] = []
        branches: list[tuple[Node, list[Node]]] = []
        while node["op"] == "if":
            condition, then, otherwise = node["of"]
            before = []
            written = self._expression(condition, _TRUTH, before)
            if branches and before:
                break  # what the condition needs is computed inside the branch before it
            rules += before
            branches.append((written, self._assign(name, then)))
            node = otherwise
        made = qti("qti-response-condition")
        for index, (written, then_rules) in enumerate(branches):
            tag = "qti-response-else-if" if index else "qti-response-if"
            made.append(qti(tag, None, written, *then_rules))
        made.append(qti("qti-response-else", None, *self._assign(name, node)))
        return [*rules, made]

    # --- Expressions ---

    def _expression(self, node: Expression, wanted: Kind, before: list[Node]) -> Node:
        """`before`: rules that must run before, added to."""
        op = node["op"]
        match op:
            case "value":
                return value_of(node.get("value"), wanted)
            case "variable":
                name = str(node["name"])
                return variable(self._steps.get(name, name))
            case "if" | "lookup":
                return self._as_outcome(node, before)
            case "mapResponse":
                return self._map_response(node, before)
        operands = node.get("of", [])
        if op == "match" and (name := self._correctly_answered(node)):
            return qti("qti-match", None, variable(name), qti("qti-correct", {"identifier": name}))
        kinds = [self._kind(each) for each in operands]
        base = next((kind.base for kind in kinds if kind.base), wanted.base)
        written = [
            self._expression(each, Kind(kind.base or base, kind.cardinality), before)
            for each, kind in zip(
                operands, (self._as_wanted(op, index, kinds) for index in range(len(kinds))), strict=True
            )
        ]
        if op == "equal":
            written.reverse()  # QTI's range lies around the first, ours around the second
        return qti(f"qti-{kebab(op)}", options_of(node), *written)

    def _correctly_answered(self, node: Expression) -> str:
        """The response variable that is compared with what it declares as correct, or ""."""
        name = str(node["of"][0].get("name"))
        found = self._made.correct.get(name)
        return name if found and node["of"][0]["op"] == "variable" and right_values(node) == found else ""

    def _as_wanted(self, op: str, index: int, kinds: Sequence[Kind]) -> Kind:
        """Of which kind an operand is written, where it is a constant: of that of the one beside it."""
        kind = kinds[index]
        other = next((each for place, each in enumerate(kinds) if place != index and each.base), _UNKNOWN)
        if op == "match" and kind.cardinality == "multiple":
            return Kind(kind.base or other.base, other.cardinality)
        if op in ("match", "equal", "member", "contains", "delete") and other.base:
            is_number = other.base in ("integer", "float") and kind.base in ("integer", "float")
            return Kind(
                other.base if is_number or not kind.base or kind == _TEXT else kind.base, kind.cardinality
            )
        if op in ("stringMatch", "substring", "patternMatch"):
            return _TEXT
        return kind

    def _as_outcome(self, node: Expression, before: list[Node]) -> Node:
        name = self._new_outcome(self._kind(node))
        before += self._assign(name, node)
        return variable(name)

    def _map_response(self, node: Expression, before: list[Node]) -> Node:
        node = self._with_all_members(node)
        (given,) = node["of"]
        name = str(given.get("name"))
        is_plain = (
            given["op"] == "variable" and name in self._program.variables and self._is_plain_mapping(node)
        )
        if is_plain and self._mapped.get(name, node) == node:
            self._mapping(name, node)
            return qti("qti-map-response", {"identifier": name})
        return self._as_outcome(self._mapping_as_conditions(node), before)

    def _with_all_members(self, node: Expression) -> Expression:
        """The same without a default: what is not listed is, where an answer holds several."""
        (given,) = node["of"]
        members = self._members.get(str(given.get("name")), ())
        default = float(node.get("default", 0.0))
        if not default or self._kind(given).cardinality == "single" or not 0 < len(members) <= MOST_EXPANDED:
            return node
        listed = {entry["key"] for entry in node["entries"]}
        others = [{"key": member, "value": default} for member in members if member not in listed]
        return {**node, "entries": [*node["entries"], *others], "default": 0.0}

    def _is_plain_mapping(self, node: Expression) -> bool:
        """Whether players agree on it: of nothing and of what is not listed it gives 0."""
        lower, upper = node.get("lower"), node.get("upper")
        return (
            not node.get("default")
            and (lower is None or lower <= 0)
            and (upper is None or upper >= 0)
            and not ({lower, upper} == {None} and len(node["entries"]) == 0)
        )

    def _mapping(self, name: str, node: Expression) -> None:
        self._mapped[name] = node
        attributes = {"default-value": "0"}
        for bound in ("lower", "upper"):
            if node.get(bound) is not None:
                attributes[f"{bound}-bound"] = number_text(node[bound])
        entries = sorted(node["entries"], key=lambda entry: not entry.get("case_sensitive", True))
        is_text = self._program.variables[name].base_type == "string"
        self._made.mappings[name] = qti(
            "qti-mapping", attributes, *(map_entry(entry, is_text) for entry in entries)
        )

    def _mapping_as_conditions(self, node: Expression) -> Expression:
        """The same as conditions: of one value the first that fits, of several a sum."""
        (given,) = node["of"]
        entries = sorted(node["entries"], key=lambda entry: not entry.get("case_sensitive", True))
        default = float(node.get("default", 0.0))
        if self._kind(given).cardinality == "single":
            nothing = {"op": "isNull", "of": [given]}
            total: Expression = {"op": "if", "of": [nothing, constant(0.0), constant(default)]}
            for entry in reversed(entries):
                total = {"op": "if", "of": [self._is(given, entry), constant(float(entry["value"])), total]}
        else:
            if default:
                raise NotCarried(say("its mapping has a default for more answers than can be listed"))
            terms = [
                {
                    "op": "if",
                    "of": [
                        {"op": "member", "of": [constant(entry["key"]), given]},
                        constant(float(entry["value"])),
                        constant(0.0),
                    ],
                }
                for entry in entries
            ]
            total = {"op": "sum", "of": terms} if terms else constant(0.0)
        for bound, op in (("lower", "max"), ("upper", "min")):
            if node.get(bound) is not None:
                total = {"op": op, "of": [total, constant(float(node[bound]))]}
        return total

    def _is(self, given: Expression, entry: Mapping[str, Any]) -> Expression:
        if self._kind(given).base == "string":
            how = {"case_sensitive": entry.get("case_sensitive", True)}
            return {"op": "stringMatch", "of": [given, constant(entry["key"])], **how}
        return {"op": "match", "of": [given, constant(entry["key"])]}

    # --- What an expression is ---

    def _kind(self, node: Expression) -> Kind:
        op = node["op"]
        operands: Sequence[Expression] = node.get("of", ())
        if op == "value":
            return kind_of_value(node.get("value"))
        if op == "variable":
            name = node["name"]
            return self._kinds[name] if name in self._kinds else self._kind(self._nodes[name])
        if op in _TRUTHS:
            return _TRUTH
        if op in _WHOLES:
            return _WHOLE
        if op == "if":
            return next((kind for each in operands[1:] if (kind := self._kind(each)).base), _UNKNOWN)
        if op == "lookup":
            return self._kind(as_conditions(node))
        if op in (*_CONTAINERS, "delete", "index"):
            found = next((kind for each in reversed(operands) if (kind := self._kind(each)).base), _UNKNOWN)
            return Kind(found.base, _CONTAINERS.get(op, "single" if op == "index" else found.cardinality))
        return _NUMBER

    def _is_always_a_number(self, node: Expression) -> bool:
        match node["op"]:
            case "value":
                return isinstance(node.get("value"), int | float)
            case "mapResponse" | "containerSize":
                return True
            case "if":
                return all(map(self._is_always_a_number, node["of"][1:]))
            case "sum" | "min" | "max" | "product":
                return all(map(self._is_always_a_number, node["of"]))
            case "variable" if node["name"] in self._nodes:
                return self._is_always_a_number(self._nodes[node["name"]])
            case _:
                return False


def _nothing_as_zero(score: Expression) -> Expression:
    """A score that is nothing is 0; not every player knows how to say nothing."""
    if score["op"] == "lookup":
        return _nothing_as_zero(as_conditions(score))
    if score["op"] == "if":
        condition, *branches = score["of"]
        return {**score, "of": [condition, *map(_nothing_as_zero, branches)]}
    return constant(0.0) if score["op"] == "value" and score.get("value") is None else score
