"""resprocessing of QTI 1.2 → keys, or an expression of scoring rules where keys cannot say it.

A `respcondition` sets the score, or adds to it. Of conditions that set it the first that holds counts, or
with `continue="Yes"` the last; those that add are all looked at, whatever `continue` says, as Canvas does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from testing_engine.interchange.drafting import QuestionRefused, as_value, as_variable, first_that_holds
from testing_engine.interchange.markup import Element
from testing_engine.questions.answers import number
from testing_engine.sentences import say

MOST_CONDITIONS = 50  # that set the score: each is a step deeper in the rules
_COMPARED = {"varlt": "lt", "varlte": "lte", "vargt": "gt", "vargte": "gte"}
_ACTIONS = ("set", "add", "subtract")

Expression = dict[str, Any]
Key = dict[str, Any]


@dataclass(frozen=True)
class Response:
    """A response of the file, as our question asks for it.

    `kind`: one or several choices, a typed text or number, or a `pair` of a match, whose `source` this is.
    `values`: of choices, the file's identifiers → ours.
    """

    name: str
    kind: str
    values: Mapping[str, str]
    source: str = ""


@dataclass(frozen=True)
class _Rule:
    """What a condition does: `worth` as a share of the full score."""

    condition: Element
    action: str
    worth: float
    continues: bool


class Scoring:
    """Rules of one item. `is_case_sensitive`: where a comparison does not say."""

    def __init__(self, item: Element, responses: Mapping[str, Response], *, is_case_sensitive: bool) -> None:
        self._responses = responses
        self._is_case_sensitive = is_case_sensitive
        self._rules = _rules_of(item)

    def keys(self) -> dict[str, Key] | None:
        """A key for each response, where every rule asks whether one response is this or that; else None."""
        worths: dict[str, dict[str, float]] = {}
        kinds: dict[str, Response] = {}
        cases: set[bool] = set()
        adds = all(rule.action != "set" for rule in self._rules)
        for rule in self._rules:
            tests = _alternatives(rule.condition)
            if not tests or any(each.name != "varequal" for each in tests):
                return None
            found = {self._response(each) for each in map(_hashable, tests)}
            (response, *others) = (self._responses[name] for name in found)
            if others or response.kind == "number" or (response.kind == "several" and not adds):
                return None
            kinds[response.name] = response
            cases |= {self._is_sensitive(each) for each in tests if response.kind == "text"}
            given = worths.setdefault(response.name, {})
            for value in (self._value(each) for each in tests):
                given[value] = given.get(value, 0.0) + rule.worth if adds else given.get(value, rule.worth)
        if len(cases) > 1 or (not adds and (len(worths) > 1 or any(rule.continues for rule in self._rules))):
            return None
        return {name: _key(kinds[name].kind, given, cases == {True}) for name, given in worths.items()}

    def expression(self) -> Expression:
        """Raises `QuestionRefused`."""
        rules = [(self._condition(rule.condition), rule) for rule in self._rules]
        if all(rule.action != "set" for rule in self._rules):
            terms = [_one_if(condition, rule.worth) for condition, rule in rules]
            return terms[0] if len(terms) == 1 else {"op": "sum", "of": terms}
        if any(rule.action != "set" for rule in self._rules):
            raise QuestionRefused(say("Its rules set the score and add to it, too."))
        if len(rules) > MOST_CONDITIONS:
            raise QuestionRefused(say("It has more than {most} conditions.", most=MOST_CONDITIONS))
        if len({rule.continues for rule in self._rules}) > 1:
            raise QuestionRefused(say("Some of its rules end the scoring, and some do not."))
        if self._rules[0].continues:
            rules.reverse()
        return first_that_holds([(condition, rule.worth) for condition, rule in rules])

    # --- Conditions ---

    def _condition(self, element: Element) -> Expression:
        parts = element.elements()
        match element.name:
            case "conditionvar" | "and":
                if exact := self._exactly(element):
                    return exact
                return _joined("and", [self._condition(each) for each in parts])
            case "or":
                return _joined("or", [self._condition(each) for each in parts])
            case "not":
                inside = _joined("and", [self._condition(each) for each in parts])
                return {"op": "if", "of": [inside, as_value(False), as_value(True)]}
            case "other":
                return as_value(True)
            case "unanswered":
                return {"op": "isNull", "of": [as_variable(self._of(element).name)]}
            case "varequal":
                return self._equal(element, self._of(element))
            case "varsubstring" if self._of(element).kind == "text":
                return self._string_match(element, self._of(element), is_part=True)
            case name if name in _COMPARED and self._of(element).kind == "number":
                given = [as_variable(self._of(element).name), as_value(_number(element))]
                return {"op": _COMPARED[name], "of": given}
        raise QuestionRefused(
            say(
                "Line {line}: scoring by {element} cannot be taken.",
                line=element.line,
                element=element.name,
            )
        )

    def _exactly(self, element: Element) -> Expression | None:
        """These choices and no others, where a condition says so of every choice."""
        parts = element.elements()
        if len(parts) == 1 and parts[0].name == "and":
            return self._exactly(parts[0])
        wanted: set[str] = set()
        unwanted: set[str] = set()
        names: set[str] = set()
        for part in parts:
            tests = [part]
            if part.name == "not":
                tests = [test for each in part.elements() for test in _alternatives(each)]
            if not tests or any(each.name != "varequal" for each in tests):
                return None
            names |= {each.get("respident") for each in tests}
            (unwanted if part.name == "not" else wanted).update(each.text.strip() for each in tests)
        response = self._responses.get(next(iter(names))) if len(names) == 1 else None
        if response is None or response.kind != "several" or not wanted:
            return None
        if wanted & unwanted or wanted | unwanted != response.values.keys():
            return None
        right = sorted(response.values[each] for each in wanted)
        return {"op": "match", "of": [as_variable(response.name), as_value(right)]}

    def _equal(self, element: Element, response: Response) -> Expression:
        variable = as_variable(response.name)
        match response.kind:
            case "text":
                return self._string_match(element, response, is_part=False)
            case "number":
                given = [variable, as_value(_number(element))]
                return {"op": "equal", "of": given, "tolerance": "absolute", "by": [0.0, 0.0]}
            case "one":
                return {"op": "match", "of": [variable, as_value(self._value(element))]}
        chosen = {"op": "member", "of": [as_value(self._value(element)), variable]}
        return {"op": "if", "of": [chosen, as_value(True), as_value(False)]}

    def _string_match(self, element: Element, response: Response, *, is_part: bool) -> Expression:
        given = [as_variable(response.name), as_value(element.text.strip())]
        options = {"case_sensitive": self._is_sensitive(element)}
        return {"op": "stringMatch", "of": given, **options, **({"substring": True} if is_part else {})}

    def _is_sensitive(self, element: Element) -> bool:
        return {"yes": True, "no": False}.get(element.get("case").lower(), self._is_case_sensitive)

    def _response(self, test: tuple[str, int]) -> str:
        name, line = test
        if name not in self._responses:
            raise QuestionRefused(
                say(
                    "Line {line}: its rules speak of a response {name}, which it has not.",
                    line=line,
                    name=repr(name),
                )
            )
        return name

    def _of(self, element: Element) -> Response:
        return self._responses[self._response(_hashable(element))]

    def _value(self, element: Element) -> str:
        """What is compared with: of choices, the choice as we call it; of a match, the pair."""
        response, text = self._of(element), element.text.strip()
        if response.kind in ("text", "number"):
            return text
        if text not in response.values:
            raise QuestionRefused(
                say(
                    "Line {line}: its rules name a choice {text}, which it has not.",
                    line=element.line,
                    text=repr(text[:40]),
                )
            )
        return f"{response.source} {response.values[text]}" if response.source else response.values[text]


def _hashable(test: Element) -> tuple[str, int]:
    return test.get("respident"), test.line


def _rules_of(item: Element) -> list[_Rule]:
    processing = item.first("resprocessing")
    if processing is None:
        raise QuestionRefused(say("It has no rules for scoring: a survey, or marked by a person."))
    declared = [each for each in processing.walk() if each.name == "decvar"]
    score = next((each for each in declared if _is_score(each.get("varname", "SCORE"))), None)
    name = "SCORE" if score is not None or not declared else declared[0].get("varname")
    found: list[tuple[Element, str, float, bool]] = []
    for each in processing.elements("respcondition"):
        condition = each.first("conditionvar")
        for change in each.elements("setvar"):
            if condition is None or not (
                change.get("varname", "SCORE") == name or _is_score(change.get("varname"))
            ):
                continue
            action, value = change.get("action", "Set").lower(), _number(change)
            if action not in _ACTIONS:
                raise QuestionRefused(
                    say(
                        "Line {line}: a score that is changed by {action} cannot be taken.",
                        line=change.line,
                        action=action,
                    )
                )
            continues = each.get("continue").lower() == "yes"
            found.append((condition, action, -value if action == "subtract" else value, continues))
    full = number(declared[0].get("maxvalue")) if declared else None
    full = full or sum(abs(v) for _, action, v, _ in found if action == "add") or _largest(found)
    if not full or not any(value > 0 for _, _, value, _ in found):
        raise QuestionRefused(say("No answer earns anything by its rules: a survey, or marked by a person."))
    return [_Rule(condition, action, _share(v, full), goes_on) for condition, action, v, goes_on in found]


def _largest(found: Sequence[tuple[Element, str, float, bool]]) -> float:
    return max((value for _, _, value, _ in found), default=0.0)


def _is_score(name: str) -> bool:
    return name.upper() in ("", "SCORE", "QUE_SCORE")


def _share(value: float, full: float) -> float:
    """A share of the full score; 33.33 of 100 is meant as a third."""
    exact = Fraction(value / full).limit_denominator(20)
    return float(exact) if abs(exact - Fraction(value / full)) < 2e-4 else value / full


def _alternatives(element: Element) -> list[Element]:
    """The tests of which one must hold; none where the condition is no such list."""
    parts = element.elements()
    if not parts:
        return [element]
    if element.name != "or" and (element.name != "conditionvar" or len(parts) > 1):
        return []
    found = [_alternatives(each) for each in parts]
    return [test for tests in found for test in tests] if all(found) else []


def _key(kind: str, worths: Mapping[str, float], is_case_sensitive: bool) -> Key:
    if kind == "text":
        return {"texts": dict(worths), "case_sensitive": is_case_sensitive}
    earning = {value: worth for value, worth in worths.items() if worth}
    if kind == "one" and list(earning.values()) == [1.0]:
        return {"correct": next(iter(earning))}
    return {"mapping": earning, "lower": 0.0}


def _one_if(condition: Expression, worth: float) -> Expression:
    return {"op": "if", "of": [condition, as_value(worth), as_value(0.0)]}


def _joined(op: str, parts: list[Expression]) -> Expression:
    if not parts:
        raise QuestionRefused(say("One of its rules has no condition."))
    return parts[0] if len(parts) == 1 else {"op": op, "of": parts}


def _number(element: Element) -> float:
    found = number(element.text.strip())
    if found is None:
        raise QuestionRefused(
            say(
                "Line {line}: “{text}” is no number.",
                line=element.line,
                text=element.text.strip()[:40],
            )
        )
    return found
