"""Which scores a question can give: the categories that partial credit becomes.

The score is split into terms of a sum that share no response variable; each term is evaluated for every
answer that makes a difference to it, and the attainable sums follow. What makes a difference: of a closed
interaction every legal answer, or, where the rules only ask whether it is this or that answer, those and one
other; of typed text the texts that the rules name and one that they do not; of a number the bounds of every
comparison, and what lies between.

A pattern is tried as matching and as not matching, so a question with patterns may be given a score that no
text reaches. All other scores are attainable, and none is missing.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, product
from typing import Any

from testing_engine.questions.answers import folded
from testing_engine.questions.interactions import Interaction, Slider, TextEntry
from testing_engine.questions.operators import Value
from testing_engine.questions.program import MOST_CATEGORIES, SAME_SCORE, Program, Scoring
from testing_engine.questions.telling_answers import MOST_ANSWERS, TooManyAnswers, telling_answers

NO_SUCH_TEXT = "⁂ some other text ⁂"


def attainable_scores(program: Program, interactions: Sequence[Interaction]) -> tuple[float, ...]:
    """All scores that legal answers earn, rising; raises `TooManyAnswers`. `program.categories` does not
    count.
    """
    inlined = _inlined(program)
    asked = {interaction.response: interaction for interaction in interactions}
    sums = [0.0]
    for term in _independent_terms(inlined, program):
        found = _scores_of(term, program, asked)
        sums = _distinct(total + score for total in sums for score in found)
        if len(sums) > MOST_CATEGORIES:
            raise TooManyAnswers(f"It can give more than {MOST_CATEGORIES} different scores.")
    return tuple(sums)


def _distinct(scores: Iterable[float]) -> list[float]:
    """Rising, without those that differ by rounding alone."""
    rising: list[float] = []
    for score in sorted(set(scores)):
        if not rising or score - rising[-1] > SAME_SCORE:
            rising.append(score)
    return [round(score, 9) + 0.0 for score in rising]


def _inlined(program: Program) -> dict[str, Any]:
    """The score without steps where it is a sum at its top; steps stay where they are shared."""
    steps = dict(program.steps)
    node: Any = program.score
    while node.get("op") == "variable" and node["name"] in steps:
        node = steps[node["name"]]
    if node.get("op") != "sum":
        return dict(node)
    terms: list[Any] = []
    for operand in node["of"]:
        inlined = _inlined(Program(program.variables, operand, program.steps))
        terms += inlined["of"] if inlined.get("op") == "sum" else [inlined]
    return {"op": "sum", "of": terms}


def _independent_terms(node: Mapping[str, Any], program: Program) -> list[Mapping[str, Any]]:
    """The terms of a sum, those put together that share a variable.

    A sum is nothing where one term is, so only terms that are never nothing are taken apart.
    """
    if node.get("op") != "sum" or not all(_is_always_a_number(term) for term in node["of"]):
        return [node]
    groups: list[tuple[set[str], list[Mapping[str, Any]]]] = []
    for term in node["of"]:
        names, terms = set(_variables(term, program)), [term]
        for group in [group for group in groups if group[0] & names]:
            groups.remove(group)
            names |= group[0]
            terms = [*group[1], *terms]
        groups.append((names, terms))
    return [terms[0] if len(terms) == 1 else {"op": "sum", "of": terms} for _, terms in groups]


def _is_always_a_number(node: Mapping[str, Any]) -> bool:
    match node.get("op"):
        case "value":
            return isinstance(node.get("value"), int | float)
        case "mapResponse" | "containerSize":
            return True
        case "if":
            return _is_always_a_number(node["of"][1]) and _is_always_a_number(node["of"][2])
        case "sum" | "min" | "max" | "product":
            return all(map(_is_always_a_number, node["of"]))
        case _:
            return False


def _variables(node: Mapping[str, Any], program: Program) -> Iterator[str]:
    """Response variables that a node depends on, through steps too."""
    for each in _walk(node, program):
        if each.get("op") == "variable" and each["name"] in program.variables:
            yield each["name"]


def _walk(node: Mapping[str, Any], program: Program) -> Iterator[Mapping[str, Any]]:
    """The node and all below it; a step once."""
    steps, seen, waiting = dict(program.steps), set[str](), [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.get("of", ())
        name = each.get("name")
        if each.get("op") == "variable" and name in steps and name not in seen:
            seen.add(str(name))
            waiting.append(steps[str(name)])


def _scores_of(term: Mapping[str, Any], program: Program, asked: Mapping[str, Interaction]) -> list[float]:
    """Every score of one term, over all answers that make a difference to it."""
    names = sorted(set(_variables(term, program)))
    nodes = list(_walk(term, program))
    constants = _Constants.of(nodes)
    domains = []
    for name in names:
        values = _values_of(asked[name], program, name, nodes, constants)
        domains.append(list(islice(values, MOST_ANSWERS + 1)))
    patterns = _patterns(nodes)
    if math.prod(map(len, domains)) * 2 ** len(patterns) > MOST_ANSWERS:
        raise TooManyAnswers(f"It has more than {MOST_ANSWERS} answers that could differ in their score.")
    scores: set[float] = set()
    for outcome in product((True, False), repeat=len(patterns)):
        decided = dict(zip(patterns, outcome, strict=True))
        steps = tuple((name, _with_patterns(step, decided)) for name, step in program.steps)
        scoring = Scoring(Program(program.variables, _with_patterns(term, decided), steps))
        scores.update(
            scoring.score_of_values(dict(zip(names, values, strict=True))) for values in product(*domains)
        )
    return _distinct(scores)


def _patterns(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({repr(node) for node in nodes if node.get("op") == "patternMatch"})


def _with_patterns(node: Any, decided: Mapping[str, bool]) -> Any:
    """The node with each pattern replaced by what is assumed of it, for a text that there is."""
    if not decided or not isinstance(node, Mapping):
        return node
    if (outcome := decided.get(repr(node))) is not None:
        nothing = {"op": "isNull", "of": node["of"]}
        return {
            "op": "if",
            "of": [nothing, {"op": "value", "value": None}, {"op": "value", "value": outcome}],
        }
    below = [_with_patterns(each, decided) for each in node.get("of", ())]
    return {**node, "of": below} if below else node


@dataclass
class _Constants:
    """What the rules compare with."""

    texts: set[str] = field(default_factory=set)
    numbers: set[float] = field(default_factory=set)
    tolerances: list[tuple[float, float, bool]] = field(default_factory=list)  # below, above, relative

    @classmethod
    def of(cls, nodes: Iterable[Mapping[str, Any]]) -> "_Constants":
        found = cls()
        for node in nodes:
            members = node.get("value") if node.get("op") == "value" else None
            found._add(members if isinstance(members, list | tuple) else [members])
            found._add([entry["key"] for entry in node.get("entries", ())])
            found._add([row["up_to"] for row in node.get("table", ())])
            if node.get("op") == "equal":
                below, above = node.get("by", (0.0, 0.0))
                found.tolerances.append((float(below), float(above), node.get("tolerance") == "relative"))
            if node.get("op") in ("roundTo", "equalRounded", "round"):
                step = 10.0 ** -int(node.get("figures", 0))
                found.tolerances.append((step / 2, step / 2, False))
        return found

    def _add(self, members: Iterable[Any]) -> None:
        for member in members:
            if isinstance(member, str):
                self.texts.add(member)
            elif isinstance(member, int | float) and not isinstance(member, bool):
                self.numbers.add(float(member))

    def samples(self) -> list[float]:
        """Every bound, its neighbours, and a number between each two bounds and beyond all."""
        bounds = set(self.numbers)
        for number in self.numbers:
            for below, above, is_relative in self.tolerances:
                scale = abs(number) / 100 if is_relative else 1.0
                bounds |= {number - below * scale, number + above * scale}
        rising = sorted(bounds) or [0.0]
        between = [(low + high) / 2 for low, high in pairwise(rising)]
        beside = [math.nextafter(bound, side) for bound in rising for side in (-math.inf, math.inf)]
        beside += [bound + sign * max(1e-9, abs(bound) * 1e-9) for bound in rising for sign in (-1, 1)]
        return sorted({*rising, *between, *beside, rising[0] - 1.0, rising[-1] + 1.0})


def _values_of(
    interaction: Interaction,
    program: Program,
    name: str,
    nodes: Sequence[Mapping[str, Any]],
    constants: _Constants,
) -> Iterator[Value]:
    """The values of a variable that can make a difference, nothing among them where it may be left out."""
    if isinstance(interaction, TextEntry):
        yield from _typed_values(interaction, constants)
        return
    if isinstance(interaction, Slider):
        yield from _slider_values(interaction, constants)
        return
    convert = Scoring(Program(program.variables, {"op": "value", "value": 0})).values
    for answer in telling_answers(interaction, nodes):
        yield convert({name: answer} if answer else {})[name]


def _typed_values(interaction: TextEntry, constants: _Constants) -> Iterator[Value]:
    yield None
    if interaction.base_type == "string":
        texts = {folded(text, case_sensitive=True) for text in constants.texts}
        yield from sorted(texts | {text.swapcase() for text in texts} | {NO_SUCH_TEXT})
        return
    for sample in constants.samples():
        if interaction.base_type == "float":
            yield sample
        elif abs(sample) < 1e15:
            yield from {math.floor(sample), math.ceil(sample)}


def _slider_values(interaction: Slider, constants: _Constants) -> Iterator[Value]:
    yield None
    whole = interaction.base_type == "integer"
    for index in range(math.floor((interaction.upper - interaction.lower) / interaction.step + 1e-9) + 1):
        value = interaction.lower + index * interaction.step
        yield round(value) if whole else round(value, 9)
