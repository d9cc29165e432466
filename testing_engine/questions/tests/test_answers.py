"""Answers as they come in: equal ones become equal, and what is wrong names its variable."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testing_engine.questions.answers import AnswerRefused, canonical_answer, folded, number, whole_number
from testing_engine.questions.interactions import (
    Associable,
    Associate,
    ChoiceInteraction,
    Gap,
    GapMatch,
    HotText,
    InlineChoice,
    Interaction,
    InteractionError,
    Match,
    Option,
    Order,
    Slider,
    TextEntry,
    check,
    decode,
    encode,
    is_single_choice,
)

A_TO_D = tuple(Option(each, each.lower()) for each in "ABCD")
PAIRED = tuple(Associable(each, each.lower()) for each in "AB")
TARGETS = tuple(Associable(each, each.lower(), match_max=2) for each in "XY")
ONE = ChoiceInteraction(response="R", choices=A_TO_D)
SOME = ChoiceInteraction(response="R", choices=A_TO_D, min_choices=1, max_choices=2)
MATCH = Match(response="R", sources=PAIRED, targets=TARGETS)
INLINE = InlineChoice(response="R", choices=A_TO_D)
WORD = TextEntry(response="R", max_length=10)
WHOLE = TextEntry(response="R", base_type="integer")
DECIMAL = TextEntry(response="R", base_type="float")
ORDER = Order(response="R", choices=A_TO_D)
SOME_ORDER = Order(response="R", choices=A_TO_D, min_choices=1, max_choices=2)
GAPS = GapMatch(response="R", choices=PAIRED, gaps=(Gap("G"), Gap("H")), min_associations=1)
ASSOCIATE = Associate(response="R", choices=(*PAIRED, Associable("C", "c", match_max=0)))
HOT = HotText(response="R", choices=A_TO_D, max_choices=0)
SLIDER = Slider(response="R", lower=-1, upper=1, step=0.1, base_type="float")


@pytest.mark.parametrize(
    ("interaction", "given_value", "canonical"),
    [
        (ONE, "A", "A"),
        (ONE, ["A"], "A"),
        (ONE, None, None),
        (ONE, [], None),
        (SOME, ["C", "A"], ["A", "C"]),
        (SOME, "A", ["A"]),
        (HOT, ["D", "A", "B"], ["A", "B", "D"]),
        (INLINE, ["B"], "B"),
        (ORDER, ["D", "A", "B", "C"], ["D", "A", "B", "C"]),
        (SOME_ORDER, ["D", "A"], ["D", "A"]),
        (MATCH, ["B X", "A X"], ["A X", "B X"]),
        (ASSOCIATE, ["C B", "A C"], ["A C", "B C"]),
        (GAPS, ["A H"], ["A H"]),
        (WORD, "  Berlin ", "Berlin"),
        (WORD, "e\u0301", "é"),
        (WHOLE, 12, "12"),
        (WHOLE, "−7", "−7"),
        (DECIMAL, "3,5", "3,5"),
        (DECIMAL, 3.5, "3.5"),
        (SLIDER, "0.30000000000000004", "0.3"),
        (SLIDER, -1, "-1.0"),
    ],
)
def test_it_makes_answers_canonical(interaction: Interaction, given_value: Any, canonical: Any) -> None:
    wanted = {} if canonical is None else {"R": canonical}
    assert canonical_answer([interaction], {"R": given_value}) == wanted
    assert canonical_answer([interaction], wanted) == wanted


@pytest.mark.parametrize(
    ("interaction", "given_value"),
    [
        (ONE, "E"),
        (ONE, ["A", "B"]),
        (ONE, 2),
        (ONE, {"A": 1}),
        (SOME, []),
        (SOME, ["A", "B", "C"]),
        (SOME, ["A", "A"]),
        (INLINE, ["A", "B"]),
        (ORDER, ["A", "B"]),
        (SOME_ORDER, []),
        (MATCH, ["A"]),
        (MATCH, ["X A"]),
        (MATCH, ["A X", "A Y"]),
        (MATCH, ["A X", "A X"]),
        (MATCH, ["A  X"]),
        (GAPS, []),
        (GAPS, ["A G", "B G"]),
        (ASSOCIATE, ["A B", "B A"]),
        (WORD, "longer than ten"),
        (WORD, "a\x07b"),
        (WORD, True),
        (WORD, {}),
        (WHOLE, "1.5"),
        (WHOLE, "1e3"),
        (DECIMAL, "abc"),
        (DECIMAL, "1.000,5"),
        (DECIMAL, float("inf")),
        (SLIDER, 2),
        (SLIDER, 0.05),
    ],
)
def test_it_refuses_and_names_the_variable(interaction: Interaction, given_value: Any) -> None:
    with pytest.raises(AnswerRefused) as refused:
        canonical_answer([interaction], {"R": given_value})
    assert refused.value.variable == "R"


def test_it_knows_no_other_variable() -> None:
    with pytest.raises(AnswerRefused) as refused:
        canonical_answer([ONE], {"S": "A"})
    assert refused.value.variable == "S"
    with pytest.raises(AnswerRefused):
        canonical_answer([ONE], ["A"])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["A", "A X"]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)
ALL: list[Interaction] = [
    ONE,
    SOME,
    MATCH,
    INLINE,
    WORD,
    WHOLE,
    DECIMAL,
    ORDER,
    SOME_ORDER,
    GAPS,
    ASSOCIATE,
    HOT,
    SLIDER,
]


@given(interaction=st.sampled_from(ALL), value=JSON)
def test_anything_is_taken_or_refused(interaction: Interaction, value: Any) -> None:
    try:
        once = canonical_answer([interaction], {"R": value})
    except AnswerRefused:
        return
    assert canonical_answer([interaction], once) == once


@given(st.floats(-1e12, 1e12))
def test_a_number_is_read_as_it_was_written(value: float) -> None:
    assert number(repr(value)) == value
    assert number(repr(value).replace(".", ",")) == value


def test_a_whole_number_is_bounded() -> None:
    assert whole_number("9" * 16) is None
    assert whole_number("٣") is None


def test_texts_are_compared_without_what_nobody_means() -> None:
    assert folded(" a\u00a0 B ", case_sensitive=False) == folded("A b", case_sensitive=False)


@pytest.mark.parametrize("interaction", ALL, ids=lambda each: type(each).__name__)
def test_it_survives_its_own_writing(interaction: Interaction) -> None:
    assert decode(encode([interaction])) == (interaction,)


def test_it_tells_a_single_choice() -> None:
    assert is_single_choice([ONE])
    assert not any(is_single_choice([each]) for each in ALL[1:])
    assert not is_single_choice([ONE, WORD])


@pytest.mark.parametrize(
    ("interactions", "pointer"),
    [
        ([], ""),
        ([ONE, ONE], "/1/response"),
        ([ChoiceInteraction(response="a b", choices=A_TO_D)], "/0/response"),
        ([ChoiceInteraction(response="R", choices=(*A_TO_D, Option("A", "x")))], "/0/choices"),
        ([ChoiceInteraction(response="R", choices=A_TO_D, min_choices=5, max_choices=0)], "/0/min_choices"),
        ([ChoiceInteraction(response="R", choices=A_TO_D, min_choices=3, max_choices=2)], "/0/max_choices"),
        ([Slider(response="R", lower=0, upper=1, step=0)], "/0/step"),
        ([TextEntry(response="R", max_length=0)], "/0/max_length"),
        ([GapMatch(response="R", choices=PAIRED, gaps=(Gap("A"),))], "/0/choices"),
    ],
)
def test_it_refuses_interactions_that_make_no_sense(interactions: list[Interaction], pointer: str) -> None:
    with pytest.raises(InteractionError) as refused:
        check(interactions)
    assert refused.value.pointer == pointer
