"""What an answer earns: a question's scoring rules, compiled when it is written or imported, frozen with its
version.

`{"variables": {"RESPONSE": {"base_type": "identifier", "cardinality": "single"}}, "steps": [["x",
expression], …], "score": expression, "categories": [0.0, 1.0]}`. Steps are computed in order, each once, and
later ones may name them. The score's place among `categories`, the attainable scores in rising order, is the
response category that the engine sees: 0 and 1 for right and wrong, 0 to K for partial credit.

`telling`, if any: of typed numbers, some with which the rules compute and that are known to matter, as those
declared right. They are tried when the attainable scores are found, and change no score.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec

from testing_engine.questions.answers import Answer, folded, number, whole_number
from testing_engine.questions.expressions import (
    MOST_NODES,
    Environment,
    Evaluate,
    ExpressionError,
    compile_expression,
)
from testing_engine.questions.interactions import BaseType, Cardinality, Interaction, base_type_of
from testing_engine.questions.operators import Scalar, Value, sort_unordered
from testing_engine.sentences import Said, Sentence, reason_of, say

MOST_CATEGORIES = 100  # of scores that a question can give; the engine is given 6 at most
MOST_TELLING = 50  # numbers of one variable
SAME_SCORE = 1e-9  # scores that differ by less are one


class Variable(msgspec.Struct, frozen=True):
    """A response variable, as the scoring rules see it."""

    base_type: BaseType
    cardinality: Cardinality


class Program(msgspec.Struct, frozen=True):
    """The rules as plain data. `categories`: the attainable scores, rising, merged or not."""

    variables: dict[str, Variable]
    score: dict[str, Any]
    steps: tuple[tuple[str, dict[str, Any]], ...] = ()
    categories: tuple[float, ...] = (0.0, 1.0)
    telling: dict[str, tuple[float, ...]] = {}


class ProgramError(Said):
    """Rules that cannot be. `pointer`: where in them (JSON pointer)."""

    def __init__(self, pointer: str, message: Sentence) -> None:
        super().__init__(message)
        self.pointer = pointer


class Scoring:
    """A program made ready: scores answers. Immutable; made once a question version and process."""

    def __init__(self, program: Program) -> None:
        names = set(program.variables)
        self.program = program
        self._steps: list[tuple[str, Evaluate]] = []
        for index, (name, expression) in enumerate(program.steps):
            if name in names:
                raise ProgramError(f"/steps/{index}/0", say("The name {name} is taken.", name=repr(name)))
            self._steps.append((name, _compiled(expression, names, f"/steps/{index}/1")))
            names.add(name)
        self._score = _compiled(program.score, names, "/score")
        if _size(program.steps) + _size(program.score) > MOST_NODES:
            raise ProgramError("/steps", say("Has more than {most} parts.", most=MOST_NODES))
        _check_categories(program.categories)
        _check_telling(program)
        self._bounds = [score - SAME_SCORE for score in program.categories]

    def score(self, answer: Answer) -> float:
        """The score of a canonical answer; 0 where the rules give none."""
        return self.score_of_values(self.values(answer))

    def score_of_values(self, values: Environment) -> float:
        """The same, for values of the response variables."""
        score = self.value_of_values(values)
        if score is True:
            return 1.0
        return float(score) if isinstance(score, int | float) and not isinstance(score, bool) else 0.0

    def value_of_values(self, values: Environment) -> Value:
        """What the score's expression is, before it counts as a score."""
        environment: dict[str, Value] = dict(values)
        for name, step in self._steps:
            environment[name] = step(environment)
        return self._score(environment)

    def category(self, answer: Answer) -> int:
        """The response category: how many attainable scores the answer's score reaches, from 0."""
        return self.category_of(self.score(answer))

    def category_of(self, score: float) -> int:
        return max(bisect_right(self._bounds, score) - 1, 0)

    @property
    def n_categories(self) -> int:
        return len(self._bounds)

    def values(self, answer: Answer) -> dict[str, Value]:
        """Texts of an answer → values, as the variables say."""
        return {name: _value(variable, answer.get(name)) for name, variable in self.program.variables.items()}


@lru_cache(maxsize=4096)
def _decoded(document: bytes) -> Scoring:
    return Scoring(msgspec.json.decode(document, type=Program))


def load_scoring(document: Mapping[str, Any]) -> Scoring:
    """Plain data → ready to score; raises `ProgramError`, `ExpressionError` or `msgspec.ValidationError`."""
    return _decoded(msgspec.json.encode(document, order="sorted"))


def encode(program: Program) -> dict[str, Any]:
    """As stored and hashed. `telling` is left out where there is none, as before it existed."""
    plain: dict[str, Any] = msgspec.to_builtins(program)
    if not program.telling:
        del plain["telling"]
    return plain


def check_fits(program: Program, interactions: Sequence[Interaction]) -> None:
    """Raises `ProgramError` where rules and interactions do not speak of the same variables."""
    asked = {interaction.response: interaction for interaction in interactions}
    if asked.keys() != program.variables.keys():
        differing = sorted(asked.keys() ^ program.variables.keys())
        raise ProgramError(
            "/variables", say("Rules and interactions differ in {differing}.", differing=", ".join(differing))
        )
    for name, interaction in asked.items():
        declared, wanted = program.variables[name].base_type, base_type_of(interaction)
        if declared != wanted:
            raise ProgramError(
                f"/variables/{name}",
                say("Is declared {declared}, but answered by {wanted}.", declared=declared, wanted=wanted),
            )


def variables_of(interactions: Sequence[Interaction]) -> dict[str, Variable]:
    """What interactions ask for, as variables."""
    return {each.response: Variable(base_type_of(each), cardinality_of(each)) for each in interactions}


def cardinality_of(interaction: Interaction) -> Cardinality:
    """Whether one value answers, or several, in an order or not."""
    kind = interaction.__struct_config__.tag
    if kind == "order":
        return "ordered"
    if kind in ("match", "associate", "gapMatch"):
        return "multiple"
    return "single" if getattr(interaction, "max_choices", 1) == 1 else "multiple"


def _value(variable: Variable, given: str | list[str] | None) -> Value:
    if given is None or given in ("", []):
        return None
    members = [_scalar(variable.base_type, text) for text in ([given] if isinstance(given, str) else given)]
    known = [member for member in members if member is not None]
    if not known:
        return None
    if variable.cardinality == "single":
        return known[0]
    return tuple(known) if variable.cardinality == "ordered" else sort_unordered(known)


def _scalar(base_type: BaseType, text: str) -> Scalar | None:
    if base_type == "integer":
        return whole_number(text)
    if base_type == "float":
        return number(text)
    return folded(text, case_sensitive=True) if base_type == "string" else text


def _compiled(expression: object, names: set[str], pointer: str) -> Evaluate:
    try:
        return compile_expression(expression, frozenset(names))
    except ExpressionError as error:
        raise ProgramError(pointer + error.pointer, reason_of(error)) from error


def _size(node: object) -> int:
    if isinstance(node, Mapping):
        return 1 + sum(map(_size, node.get("of", ())))
    return sum(map(_size, node)) if isinstance(node, tuple | list) else 0


def _check_telling(program: Program) -> None:
    for name, numbers in program.telling.items():
        if name not in program.variables or len(numbers) > MOST_TELLING:
            raise ProgramError(
                "/telling",
                say("Must be at most {most} numbers of response variables.", most=MOST_TELLING),
            )


def _check_categories(categories: Sequence[float]) -> None:
    if not 2 <= len(categories) <= MOST_CATEGORIES:
        raise ProgramError(
            "/categories",
            say("There must be 2 to {most} attainable scores.", most=MOST_CATEGORIES),
        )
    if any(after - before <= SAME_SCORE for before, after in pairwise(categories)):
        raise ProgramError("/categories", say("The scores must rise."))
