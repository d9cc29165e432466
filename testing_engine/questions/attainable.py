"""Which scores a question can give: the categories that partial credit becomes.

The score is split into terms of a sum that share no response variable; each term is evaluated for every
answer that makes a difference to it, and the attainable sums follow. What makes a difference: of a closed
interaction every legal answer, or, where the rules only ask whether it is this or that answer, those and one
other; of typed text the texts that the rules name and one that they do not; of a number the bounds of every
comparison, what lies between, and what the rules say is known to matter (telling_numbers.py).

A pattern is tried as matching and as not matching, so a question with patterns may be given a score that no
text reaches. All other scores are attainable, and none is missing.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from testing_engine.questions.answers import folded
from testing_engine.questions.expressions import LARGEST
from testing_engine.questions.interactions import Interaction, Slider, TextEntry
from testing_engine.questions.operators import Value
from testing_engine.questions.program import MOST_CATEGORIES, SAME_SCORE, Program, Scoring
from testing_engine.questions.telling_answers import MOST_ANSWERS, TooManyAnswers, telling_answers
from testing_engine.questions.telling_numbers import (
    COMPARISONS,
    Constants,
    Difference,
    around,
    differences,
    grid,
    meetings,
)
from testing_engine.sentences import say

NO_SUCH_TEXT = "⁂ some other text ⁂"
MOST_COMPARED = 40  # comparisons of what is computed from typed numbers
MOST_EVALUATED = 20_000  # times that they are computed to find where they meet


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
            raise TooManyAnswers(
                say(
                    "It can give more than {most} different scores.",
                    most=MOST_CATEGORIES,
                )
            )
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
    typed = _TypedNumbers(term, nodes, program, [n for n in names if _is_typed_number(asked[n])])
    patterns = _patterns(nodes)
    domains = _domains(names, nodes, program, asked, typed, MOST_ANSWERS // 2 ** len(patterns))
    answers = list(product(*domains))
    answers += typed.answers(names, domains)
    scores: set[float] = set()
    for outcome in product((True, False), repeat=len(patterns)):
        decided = dict(zip(patterns, outcome, strict=True))
        steps = tuple((name, _with_patterns(step, decided)) for name, step in program.steps)
        scoring = Scoring(Program(program.variables, _with_patterns(term, decided), steps))
        scores.update(scoring.score_of_values(dict(zip(names, values, strict=True))) for values in answers)
    return _distinct(scores)


def _domains(
    names: Sequence[str],
    nodes: Sequence[Mapping[str, Any]],
    program: Program,
    asked: Mapping[str, Interaction],
    typed: "_TypedNumbers",
    most: int,
) -> list[list[Value]]:
    """The values of each variable that can make a difference; fewer of those only tried where all are too
    many.
    """
    constants = Constants.of(nodes)
    for tried in typed.tried_beside():
        domains = []
        for name in names:
            values = _values_of(asked[name], program, name, nodes, constants, tried.get(name, ()))
            domains.append(list(islice(values, MOST_ANSWERS + 1)))
        if math.prod(map(len, domains)) <= most:
            return domains
    raise TooManyAnswers(
        say(
            "It has more than {most} answers that could differ in their score.",
            most=MOST_ANSWERS,
        )
    )


def _is_typed_number(interaction: Interaction) -> bool:
    return isinstance(interaction, TextEntry) and interaction.base_type != "string"


class _TypedNumbers:
    """Numbers that are typed into a term, and what the rules compute with them."""

    def __init__(
        self, term: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], program: Program, typed: list[str]
    ) -> None:
        self._program = program
        self._constants = Constants.of(nodes)
        compared = [(set(_variables(each, program)), each) for node in nodes for each in self._of(node)]
        flowing = set(_flowing(term, dict(program.steps)))
        computed = flowing.union(*(names for names, _ in compared))
        self._computed = [name for name in typed if name in computed]
        self._differences = [
            (names & set(self._computed), Scoring(Program(program.variables, dict(each), program.steps)))
            for names, each in compared[:MOST_COMPARED]
        ]

    @staticmethod
    def _of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Differences of a comparison that is more than one of a variable with a constant."""
        kinds = {each.get("op") for each in node.get("of", ())}
        if not (kinds <= {"variable", "value"} and "value" in kinds):
            yield from differences(node)

    def tried_beside(self) -> Iterator[Mapping[str, Sequence[float]]]:
        """Numbers to try of each variable beside the constants: many, fewer, those known to matter alone."""
        known = self._program.telling
        if self._computed:
            grids = [] if len(self._computed) > 1 else [grid(self._constants)]
            for points in [*grids, grid(self._constants, is_small=True)]:
                yield {**known, **{name: [*known.get(name, ()), *points] for name in self._computed}}
        yield known

    def answers(self, names: Sequence[str], domains: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """Answers at, beside and between the numbers at which compared expressions meet."""
        found: list[tuple[Value, ...]] = []
        for name in self._computed:
            place = names.index(name)
            is_whole = self._program.variables[name].base_type == "integer"
            differing = [scoring for of, scoring in self._differences if name in of]
            points = grid(self._constants, is_small=len(self._computed) > 1)
            others = [[None] if at == place else domain for at, domain in enumerate(domains)]
            for beside in _spread(others, MOST_EVALUATED // (len(points) * len(differing) + 1) + 1):
                given = dict(zip(names, beside, strict=True))
                met = {
                    number
                    for scoring in differing
                    for number in meetings(_difference_of(scoring, given, name), points)
                }
                numbers = _whole_ones(around(met)) if is_whole else around(met)
                found += [(*beside[:place], number, *beside[place + 1 :]) for number in numbers]
                if len(found) > MOST_ANSWERS:
                    return found
        return found


def _difference_of(scoring: Scoring, given: Mapping[str, Value], name: str) -> Difference:
    def difference(number: float) -> float | None:
        value = scoring.value_of_values({**given, name: number})
        return None if isinstance(value, bool | str | tuple) or value is None else float(value)

    return difference


def _spread(domains: Sequence[Sequence[Value]], most: int) -> Iterator[tuple[Value, ...]]:
    """Some of all combinations, evenly."""
    count = math.prod(map(len, domains))
    return islice(product(*domains), 0, None, max(1, -(-count // most)))


def _flowing(node: Mapping[str, Any], steps: Mapping[str, Any]) -> Iterator[str]:
    """Variables whose number goes into the score itself, not only into a condition."""
    waiting, seen = [node], set[str]()
    while waiting:
        each = waiting.pop()
        op, name = each.get("op"), str(each.get("name"))
        if op == "variable" and name not in seen:
            seen.add(name)
            if name in steps:
                waiting.append(steps[name])
            else:
                yield name
        elif op == "if":
            waiting += each["of"][1:]
        elif op not in COMPARISONS:
            waiting += each.get("of", ())


def _whole_ones(numbers: Iterable[float]) -> list[int]:
    near = (number for number in numbers if abs(number) < LARGEST)
    return sorted({whole for number in near for whole in (math.floor(number), math.ceil(number))})


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


def _values_of(
    interaction: Interaction,
    program: Program,
    name: str,
    nodes: Sequence[Mapping[str, Any]],
    constants: Constants,
    tried: Sequence[float],
) -> Iterator[Value]:
    """The values of a variable that can make a difference, nothing among them where it may be left out."""
    if isinstance(interaction, TextEntry):
        yield from _typed_values(interaction, constants, tried)
        return
    if isinstance(interaction, Slider):
        yield from _slider_values(interaction, constants)
        return
    convert = Scoring(Program(program.variables, {"op": "value", "value": 0})).values
    for answer in telling_answers(interaction, nodes):
        yield convert({name: answer} if answer else {})[name]


def _typed_values(interaction: TextEntry, constants: Constants, tried: Sequence[float]) -> Iterator[Value]:
    yield None
    if interaction.base_type == "string":
        texts = {folded(text, case_sensitive=True) for text in constants.texts}
        yield from sorted(texts | {text.swapcase() for text in texts} | {NO_SUCH_TEXT})
        return
    samples = sorted({*around(constants.bounds()), *tried})
    yield from samples if interaction.base_type == "float" else _whole_ones(samples)


def _slider_values(interaction: Slider, constants: Constants) -> Iterator[Value]:
    yield None
    whole = interaction.base_type == "integer"
    for index in range(math.floor((interaction.upper - interaction.lower) / interaction.step + 1e-9) + 1):
        value = interaction.lower + index * interaction.step
        yield round(value) if whole else round(value, 9)
