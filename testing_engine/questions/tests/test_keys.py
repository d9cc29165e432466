"""Keys as authors give them, and programs as they are stored."""

from typing import Any

import msgspec
import pytest

from testing_engine.questions.answers import canonical_answer
from testing_engine.questions.interactions import (
    Associable,
    ChoiceInteraction,
    Interaction,
    Match,
    Option,
    Order,
    TextEntry,
)
from testing_engine.questions.keys import Key, merged, program_of_keys, proposed_merge
from testing_engine.questions.program import Program, ProgramError, Scoring, encode, load_scoring

CHOICES = tuple(Option(each, each) for each in "ABCD")
ONE = ChoiceInteraction(response="ONE", choices=CHOICES)
SOME = ChoiceInteraction(response="SOME", choices=CHOICES, max_choices=0)
WORD = TextEntry(response="WORD")
NUMBER = TextEntry(response="NUMBER", base_type="float")
ORDER = Order(response="ORDER", choices=CHOICES)
MATCH = Match(
    response="MATCH",
    sources=tuple(Associable(each, each) for each in "AB"),
    targets=tuple(Associable(each, each) for each in "XY"),
)


@pytest.mark.parametrize(
    ("interaction", "key", "scores", "categories"),
    [
        (ONE, Key(correct="B"), {"B": 1, "A": 0, None: 0}, (0, 1)),
        (SOME, Key(correct=("C", "A")), {("A", "C"): 1, ("A",): 0}, (0, 1)),
        (
            SOME,
            Key(mapping={"A": 1, "C": 1, "B": -1, "D": -1}),
            {("A", "C"): 2, ("A", "B"): 0, ("B", "D"): 0, ("A",): 1},
            (0, 1, 2),
        ),
        (WORD, Key(texts={"Berlin": 1}), {" berlin": 1, "Bonn": 0}, (0, 1)),
        (WORD, Key(texts={"Berlin": 1}, case_sensitive=True), {"berlin": 0, "Berlin": 1}, (0, 1)),
        (WORD, Key(pattern="colou?r"), {"Color": 1, "colr": 0}, (0, 1)),
        (NUMBER, Key(number=9.81, tolerance=0.01), {"9,82": 1, "9.9": 0}, (0, 1)),
        (NUMBER, Key(number=200, tolerance=1, relative=True), {"202": 1, "203": 0}, (0, 1)),
        (
            ORDER,
            Key(correct=("B", "A", "C", "D")),
            {("B", "A", "C", "D"): 1, ("A", "B", "C", "D"): 0},
            (0, 1),
        ),
        (MATCH, Key(mapping={"A X": 1, "B Y": 1}), {("A X", "B Y"): 2, ("A Y", "B X"): 0}, (0, 1, 2)),
        (MATCH, Key(correct=("B Y", "A X")), {("A X", "B Y"): 1, ("A X",): 0}, (0, 1)),
    ],
)
def test_it_scores_by_the_key(
    interaction: Interaction, key: Key, scores: dict[Any, float], categories: tuple[float, ...]
) -> None:
    name = interaction.response
    program = program_of_keys([interaction], {name: key})
    assert program.categories == categories
    scoring = load_scoring(encode(program))
    for given, score in scores.items():
        value = list(given) if isinstance(given, tuple) else given
        answer = canonical_answer([interaction], {name: value})
        assert scoring.score(answer) == score
        assert scoring.category(answer) == categories.index(score)


def test_parts_are_weighted_or_all_or_nothing() -> None:
    keys = {"ONE": Key(correct="A", weight=2), "NUMBER": Key(number=1)}
    program = program_of_keys([ONE, NUMBER], keys)
    assert list(program.categories) == [0, 1, 2, 3]
    assert Scoring(program).score({"ONE": "A"}) == 2
    strict = program_of_keys([ONE, NUMBER], keys, all_or_nothing=True)
    assert list(strict.categories) == [0, 1]
    assert Scoring(strict).score({"ONE": "A"}) == 0
    assert Scoring(strict).score({"ONE": "A", "NUMBER": "1"}) == 1


def test_many_scores_are_merged_by_proposal() -> None:
    assert proposed_merge([0, 1, 2]) == (0, 1, 2)
    assert proposed_merge(list(range(11))) == (0, 2, 4, 6, 8, 10)
    eight = ChoiceInteraction(response="R", choices=tuple(Option(c, c) for c in "ABCDEFGH"), max_choices=0)
    program = program_of_keys([eight], {"R": Key(mapping=dict.fromkeys("ABCDEFGH", 1.0))})
    few = merged(program, proposed_merge(program.categories, 3))
    assert list(few.categories) == [0, 4, 8]
    assert Scoring(few).category({"R": ["A", "B", "C"]}) == 0
    assert Scoring(few).category({"R": list("ABCDEFG")}) == 1
    with pytest.raises(ProgramError):
        merged(program, (0.5, 8))


@pytest.mark.parametrize(
    ("keys", "pointer"),
    [
        ({}, "/ONE"),
        ({"ONE": Key()}, "/ONE"),
        ({"ONE": Key(correct="A", pattern="A")}, "/ONE"),
        ({"ONE": Key(number=1)}, "/ONE/number"),
        ({"ONE": Key(correct=("A", "B"))}, "/ONE/correct"),
        ({"ONE": Key(correct="A"), "TWO": Key(correct="A")}, "/TWO"),
        ({"ONE": Key(correct="Z")}, "/score"),
    ],
)
def test_it_refuses_keys_that_do_not_fit(keys: dict[str, Key], pointer: str) -> None:
    with pytest.raises(ProgramError) as refused:
        program_of_keys([ONE], keys)
    assert refused.value.pointer == pointer


def test_steps_are_computed_in_order_and_once() -> None:
    document = {
        "variables": {"R": {"base_type": "integer", "cardinality": "single"}},
        "steps": [
            ["x", {"op": "sum", "of": [{"op": "variable", "name": "R"}, {"op": "value", "value": 1}]}],
            ["y", {"op": "product", "of": [{"op": "variable", "name": "x"}] * 2}],
        ],
        "score": {"op": "variable", "name": "y"},
        "categories": [0, 4, 9],
    }
    scoring = load_scoring(document)
    assert scoring.score({"R": "2"}) == 9
    assert scoring.score({}) == 0
    assert [scoring.category_of(score) for score in (-1, 0, 3.9, 4 - 1e-12, 8.9, 20)] == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": [["R", {"op": "value", "value": 1}]]},
        {"score": {"op": "variable", "name": "later"}},
        {"categories": [1]},
        {"categories": [1, 1]},
    ],
)
def test_it_refuses_programs_that_cannot_be(change: dict[str, Any]) -> None:
    document = {
        "variables": {"R": {"base_type": "string", "cardinality": "single"}},
        "score": {"op": "value", "value": 1},
    }
    with pytest.raises(ProgramError):
        Scoring(msgspec.convert(document | change, Program))
