"""The demo pool is well formed, covers every concept, and its computable answers are recomputed with SymPy.

A question's ``check`` holds one SymPy expression for the answer and one for each option. In it integers and
decimals are exact, and only the names below are known. Values are compared by ``simplify(a - b) == 0``, truth
values and sets for equality. The main concept of a question is given by the prefix of its id.
"""

import json
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import sympy
from sympy.calculus.util import maximum, minimum
from sympy.ntheory.modular import crt
from sympy.parsing.sympy_parser import auto_number, parse_expr, rationalize

POOL = json.loads((Path(__file__).parents[1] / "pool.json").read_text(encoding="utf-8"))
QUESTIONS: list[dict[str, Any]] = POOL["questions"]
CHECKED = [question for question in QUESTIONS if "check" in question]
PREFIXES = ["mat", "alg", "geo", "sta", "cal"]
BINS = [(-3.0, -1.5), (-1.5, -0.5), (-0.5, 0.5), (0.5, 1.5), (1.5, 3.0)]
QUESTION_KEYS = {
    "id", "content", "options", "correct_answer", "concepts", "difficulty", "discrimination", "guessing",
}  # fmt: skip

SYMPY_NAMES = """
    Abs Circle Eq Equivalent FiniteSet I Implies Integer Integral Intersection Interval Matrix Max Min Mod
    Not Plane Point Point3D Rational Reals Sum Triangle Union asin binomial cancel ceiling conjugate cos
    det diag diff discriminant divisor_count dsolve erf exp expand factorial false floor harmonic
    integrate interpolate isprime lcm limit log multiplicity oo pi real_roots simplify sin solve solveset
    sqrt sqrtdenest subfactorial summation tan totient true
"""
NAMESPACE: dict[str, Any] = {
    "__builtins__": {},
    "len": len,
    "sorted": sorted,
    "crt": crt,
    "maximum": maximum,
    "minimum": minimum,
    "EmptySet": sympy.S.EmptySet,
    "F": sympy.Function("F"),
    **{name: getattr(sympy, name) for name in SYMPY_NAMES.split()},
    **{name: sympy.Symbol(name, real=True) for name in "abcdfkmnrstxy"},
    **{name: sympy.Symbol(name) for name in "pq"},
}


@cache
def value(expression: str) -> Any:
    assert "__" not in expression
    parsed = parse_expr(
        expression, global_dict=dict(NAMESPACE), local_dict={}, transformations=(auto_number, rationalize)
    )
    return sympy.sympify(parsed)


def same(left: Any, right: Any) -> bool:
    kinds = (sympy.logic.boolalg.Boolean, sympy.Set)
    if any(isinstance(side, kinds) and not isinstance(side, sympy.Expr) for side in (left, right)):
        return bool(left == right)
    if left.is_infinite or right.is_infinite:
        return bool(left == right)
    return bool(sympy.simplify(left - right) == 0)


def is_truth_value(side: Any) -> bool:
    return side in (sympy.true, sympy.false) or isinstance(side, sympy.logic.boolalg.BooleanFunction)


def main_concept(question: dict[str, Any]) -> int:
    return PREFIXES.index(question["id"].split("-")[0])


def test_the_pool_has_the_five_concepts_and_about_200_questions() -> None:
    assert POOL["name"] == "Mathematics demo"
    assert POOL["concept_names"] == ["Math", "Algebra", "Geometry", "Statistics", "Calculus"]
    assert 200 <= len(QUESTIONS) <= 220


def test_ids_and_contents_are_unique() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS)
    assert len({question["content"] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_the_question_is_well_formed(question: dict[str, Any]) -> None:
    assert question.keys() - {"check"} == QUESTION_KEYS
    options = question["options"]
    assert 3 <= len(options) <= 5
    assert all(option.strip() == option != "" for option in options)
    assert len(set(options)) == len(options)
    assert question["correct_answer"] in options
    concepts = question["concepts"]
    assert len(concepts) == len(POOL["concept_names"])
    assert set(concepts) == {0, 1}
    assert sum(concepts) <= 2
    assert concepts[main_concept(question)] == 1
    assert -3 <= question["difficulty"] <= 3
    assert 0.7 <= question["discrimination"] <= 2.0
    assert 0 <= question["guessing"] <= 1 / len(options)


@pytest.mark.parametrize("question", CHECKED, ids=lambda question: question["id"])
def test_the_answer_can_be_recomputed(question: dict[str, Any]) -> None:
    check = question["check"]
    assert check.keys() == {"expression", "options"}
    assert len(check["options"]) == len(question["options"])
    answer = value(check["expression"])
    right = [
        option
        for option, expression in zip(question["options"], check["options"], strict=True)
        if same(answer, value(expression))
    ]
    assert right == [question["correct_answer"]]


@pytest.mark.parametrize("question", CHECKED, ids=lambda question: question["id"])
def test_no_two_options_say_the_same_in_another_notation(question: dict[str, Any]) -> None:
    values = [value(expression) for expression in question["check"]["options"]]
    if any(is_truth_value(side) for side in values):
        return  # the options are statements, each true or false: several are false
    assert not [pair for pair in combinations(values, 2) if same(*pair)]


def test_at_least_four_in_five_answers_can_be_recomputed() -> None:
    assert len(CHECKED) >= 0.8 * len(QUESTIONS)


def test_about_a_quarter_of_the_questions_load_on_two_concepts() -> None:
    two = sum(sum(question["concepts"]) == 2 for question in QUESTIONS)
    assert 0.2 <= two / len(QUESTIONS) <= 0.3


@pytest.mark.parametrize("concept", range(len(PREFIXES)), ids=PREFIXES)
def test_every_concept_is_covered_at_every_difficulty(concept: int) -> None:
    difficulties = [question["difficulty"] for question in QUESTIONS if main_concept(question) == concept]
    assert len(difficulties) >= 40
    for number, (low, high) in enumerate(BINS):
        last = number == len(BINS) - 1
        assert any(low <= b < high or (last and b == high) for b in difficulties), (low, high)


def test_the_right_option_may_stand_anywhere() -> None:
    places = Counter(
        question["options"].index(question["correct_answer"])
        for question in QUESTIONS
        if len(question["options"]) == 4
    )
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) <= 0.4 * places.total()
