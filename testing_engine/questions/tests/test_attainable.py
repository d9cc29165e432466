"""The attainable scores are exactly those that answers earn: against every legal answer, on random rules."""

import random
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.questions.answers import AnswerRefused, canonical_answer
from testing_engine.questions.attainable import attainable_scores
from testing_engine.questions.interactions import (
    Associable,
    Associate,
    ChoiceInteraction,
    Gap,
    GapMatch,
    Interaction,
    Match,
    Option,
    Order,
    TextEntry,
)
from testing_engine.questions.program import Program, Scoring, variables_of
from testing_engine.questions.telling_answers import TooManyAnswers


def options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(each, each) for each in ids)


def associables(*ids: str, match_max: int = 1) -> tuple[Associable, ...]:
    return tuple(Associable(each, each, match_max=match_max) for each in ids)


def variable(name: str = "R") -> dict[str, Any]:
    return {"op": "variable", "name": name}


def mapped(entries: dict[str, float], name: str = "R", **bounds: float) -> dict[str, Any]:
    pairs = [{"key": key, "value": value} for key, value in entries.items()]
    return {"op": "mapResponse", "of": [variable(name)], "entries": pairs, **bounds}


def is_exactly(value: Any, name: str = "R") -> dict[str, Any]:
    return {"op": "match", "of": [variable(name), {"op": "value", "value": value}]}


def program_of(interactions: list[Interaction], score: dict[str, Any]) -> Program:
    return Program(variables_of(interactions), score)


def every_answer(interaction: Interaction) -> list[Any]:
    """By brute force: every list of at most four of what could be a member, and the legal ones of them."""
    match interaction:
        case Match():
            members = [f"{s.id} {t.id}" for s in interaction.sources for t in interaction.targets]
        case GapMatch():
            members = [f"{c.id} {g.id}" for c in interaction.choices for g in interaction.gaps]
        case Associate():
            ids = [choice.id for choice in interaction.choices]
            members = [f"{a} {b}" for a in ids for b in ids]
        case _:
            members = [choice.id for choice in interaction.choices]  # type: ignore[union-attr]
    legal: list[Any] = []
    for length in range(5):
        for chosen in product(members, repeat=length):
            try:
                legal.append(canonical_answer([interaction], {interaction.response: list(chosen)}))
            except AnswerRefused:
                continue
    return legal


INTERACTIONS: list[Interaction] = [
    ChoiceInteraction(response="R", choices=options(*"ABCD"), max_choices=0),
    ChoiceInteraction(response="R", choices=options(*"ABCD"), max_choices=2, min_choices=1),
    ChoiceInteraction(response="R", choices=options(*"ABC")),
    Order(response="R", choices=options(*"ABC")),
    Order(response="R", choices=options(*"ABCD"), max_choices=2, min_choices=1),
    Match(response="R", sources=associables(*"AB"), targets=associables(*"XY")),
    Match(
        response="R", sources=associables(*"AB"), targets=associables(*"XY", match_max=0), max_associations=2
    ),
    GapMatch(response="R", choices=associables(*"ABC"), gaps=(Gap("G"), Gap("H"))),
    GapMatch(response="R", choices=associables(*"ABC"), gaps=(Gap("G"), Gap("H")), min_associations=2),
    Associate(response="R", choices=associables(*"ABC"), max_associations=2),
]


@pytest.mark.parametrize("interaction", INTERACTIONS, ids=lambda each: type(each).__name__)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_it_finds_exactly_the_scores_that_answers_earn(interaction: Interaction, seed: int) -> None:
    rng = random.Random(seed)
    answers = every_answer(interaction)
    members = sorted(
        {m for a in answers for m in ([a["R"]] if isinstance(a.get("R"), str) else a.get("R", []))}
    )
    entries = {member: rng.choice([-0.5, 0.0, 0.25, 1.0]) for member in members if rng.random() < 0.7}
    named = rng.choice([answer["R"] for answer in answers if answer])
    score = rng.choice(
        [
            mapped(entries, lower=0.0),
            mapped(entries, lower=0.0, upper=1.0),
            is_exactly(named),
            {"op": "if", "of": [is_exactly(named), {"op": "value", "value": 2}, mapped(entries)]},
        ]
    )
    scoring = Scoring(program_of([interaction], score))
    earned = sorted({round(scoring.score(answer), 9) for answer in answers})
    assert attainable_scores(program_of([interaction], score), [interaction]) == pytest.approx(
        earned, abs=1e-9
    )


def test_it_adds_independent_parts() -> None:
    parts = [ChoiceInteraction(response=f"R{i}", choices=options(*"ABCDEF"), max_choices=0) for i in range(8)]
    score = {"op": "sum", "of": [mapped({"A": 1, "B": -1}, part.response, lower=0.0) for part in parts]}
    assert attainable_scores(program_of([*parts], score), parts) == tuple(map(float, range(9)))


@pytest.mark.parametrize("size", [4, 8, 10])
def test_it_counts_matched_pairs(size: int, request: pytest.FixtureRequest) -> None:
    if size > 8 and not request.config.getoption("--deep"):
        pytest.skip("seconds: `--deep`")
    sources, targets = [f"S{i}" for i in range(size)], [f"T{i}" for i in range(size)]
    question = Match(response="R", sources=associables(*sources), targets=associables(*targets))
    score = mapped({f"S{i} T{i}": 1.0 for i in range(size)})
    assert attainable_scores(program_of([question], score), [question]) == tuple(map(float, range(size + 1)))


def test_it_knows_that_one_misplaced_alone_cannot_be_in_a_complete_order() -> None:
    question = Order(response="R", choices=options(*"ABCDEFGH"))
    assert attainable_scores(program_of([question], is_exactly(list("ABCDEFGH"))), [question]) == (0.0, 1.0)


def test_it_finds_an_answer_beside_the_named_one_where_all_must_be_matched() -> None:
    sources, targets = (associables(*(f"{letter}{i}" for i in range(8))) for letter in "ST")
    question = Match(response="R", sources=sources, targets=targets, min_associations=8)
    right = [f"S{i} T{i}" for i in range(8)]
    assert attainable_scores(program_of([question], is_exactly(right)), [question]) == (0.0, 1.0)


def test_it_looks_at_both_sides_of_a_tolerance() -> None:
    question = TextEntry(response="R", base_type="float")
    near = {"op": "equal", "of": [variable(), {"op": "value", "value": 9.81}], "tolerance": "absolute"}
    score = {
        "op": "if",
        "of": [
            {**near, "by": [0.01, 0.01]},
            {"op": "value", "value": 1},
            {
                "op": "if",
                "of": [
                    {**near, "by": [0.1, 0.1]},
                    {"op": "value", "value": 0.5},
                    {"op": "value", "value": 0},
                ],
            },
        ],
    }
    assert attainable_scores(program_of([question], score), [question]) == (0.0, 0.5, 1.0)


def test_it_tries_texts_that_differ_in_case() -> None:
    question = TextEntry(response="R")
    score = {
        "op": "mapResponse",
        "of": [variable()],
        "entries": [
            {"key": "Berlin", "value": 1, "case_sensitive": True},
            {"key": "berlin", "value": 0.5, "case_sensitive": False},
        ],
    }
    assert attainable_scores(program_of([question], score), [question]) == (0.0, 0.5, 1.0)


def test_it_tries_a_pattern_both_ways() -> None:
    question = TextEntry(response="R")
    score = {"op": "patternMatch", "of": [variable()], "pattern": "[a-c]+"}
    assert attainable_scores(program_of([question], score), [question]) == (0.0, 1.0)


def test_it_says_when_there_are_too_many() -> None:
    question = ChoiceInteraction(response="R", choices=options(*(f"C{i}" for i in range(20))), max_choices=0)
    with pytest.raises(TooManyAnswers):
        attainable_scores(program_of([question], mapped({f"C{i}": 2.0**i for i in range(20)})), [question])


def constant(value: float) -> dict[str, Any]:
    return {"op": "value", "value": value}


def computed(op: str, *operands: Any, **options: Any) -> dict[str, Any]:
    return {"op": op, "of": list(operands), **options}


def earns(condition: dict[str, Any], worth: float = 1, otherwise: Any = None) -> dict[str, Any]:
    return computed("if", condition, constant(worth), otherwise or constant(0))


SQUARE = computed("product", variable(), variable())


NUMBER = variable()
PER_CENT = {"tolerance": "relative", "by": [1, 1]}
HUNDREDTH = {"tolerance": "absolute", "by": [0.01, 0.01]}
COMPUTED = {
    "x² = 9": computed("match", SQUARE, constant(9)),
    "x² - 5x = -6.25, which touches": computed(
        "equal", computed("subtract", SQUARE, computed("product", NUMBER, constant(5))), constant(-6.25)
    ),
    "exp x ≈ 150": computed(
        "equal", computed("mathOperator", NUMBER, name="exp"), constant(150), **HUNDREDTH
    ),
    "x mod 7 = 3": computed("equal", computed("integerModulus", NUMBER, constant(7)), constant(3)),
    "1/x ≈ 0.004": computed("equal", computed("divide", constant(1), NUMBER), constant(0.004), **PER_CENT),
    "x³ ≈ 2.5": computed("equalRounded", computed("power", NUMBER, constant(3)), constant(2.5), figures=2),
    "30.1 < x² < 30.2": computed(
        "and", computed("gt", SQUARE, constant(30.1)), computed("lt", SQUARE, constant(30.2))
    ),
}


@pytest.mark.parametrize("condition", COMPUTED.values(), ids=COMPUTED)
def test_it_finds_numbers_that_the_rules_compute_with(condition: dict[str, Any]) -> None:
    question = TextEntry(response="R", base_type="float")
    assert attainable_scores(program_of([question], earns(condition)), [question]) == (0.0, 1.0)


def test_it_finds_numbers_that_count_together_and_those_that_it_is_told() -> None:
    parts = [TextEntry(response=name, base_type="integer") for name in "XY"]
    both = earns(computed("equal", computed("product", variable("X"), variable("Y")), constant(391)))
    assert attainable_scores(program_of([*parts], both), parts) == (0.0, 1.0)
    sum_of_squares = computed("sum", *(computed("power", variable(name), constant(4)) for name in "XY"))
    score = earns(computed("match", sum_of_squares, constant(71.0**4 + 83.0**4)))
    told = Program(variables_of(parts), score, telling={"X": (71,), "Y": (83,)})
    assert attainable_scores(told, parts) == (0.0, 1.0)


def test_a_typed_number_is_no_score() -> None:
    question = TextEntry(response="R", base_type="float")
    with pytest.raises(TooManyAnswers):
        attainable_scores(program_of([question], SQUARE), [question])
    rest = computed("integerModulus", variable(), constant(3))
    whole = TextEntry(response="R", base_type="integer")
    assert attainable_scores(program_of([whole], rest), [whole]) == (0.0, 1.0, 2.0)


@settings(max_examples=20)
@given(
    first=st.integers(-40, 40), second=st.integers(-40, 40), factor=st.sampled_from([-2, 1, 3]),
    within=st.sampled_from([0, 0.5]), kind=st.sampled_from(["equal", "lt", "gte"]),
)  # fmt: skip
def test_no_score_of_a_computed_number_is_missing(
    first: int, second: int, factor: int, within: float, kind: str
) -> None:
    """factor · (x - first) · (x - second) against 0, and x itself against one of the two."""
    one, other = (computed("subtract", variable(), constant(root)) for root in (first, second))
    options = {"tolerance": "absolute", "by": [within, within]} if kind == "equal" else {}
    condition = computed(kind, computed("product", constant(factor), one, other), constant(0), **options)
    score = earns(condition, 1, earns(computed("gt", variable(), constant(second)), 0.5))
    question = TextEntry(response="R", base_type="float")
    program = program_of([question], score)
    scoring = Scoring(program)
    earned = {scoring.score_of_values({"R": n / 4}) for n in range(-200, 201)} | {0.0}
    found = set(attainable_scores(program, [question]))
    assert earned <= found <= {0.0, 0.5, 1.0}
