"""Ids and names that look the same are one or are refused; languages keep their spelling."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testing_engine.interchange.names import (
    identifier_in,
    problem_of_identifier,
    problem_of_name,
    problem_of_student_id,
    problem_of_words,
)

UNSEEN = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202e\u2060\u2064\u2066\u2069\ufeff"
    "\u115f\u3164\u2800\ufe0f\u034f"
)


@pytest.mark.parametrize("sign", UNSEEN)
@pytest.mark.parametrize("problem", [problem_of_identifier, problem_of_name])
def test_a_sign_that_nobody_sees_is_refused(problem: object, sign: str) -> None:
    for text in (f"s{sign}17", f"s-17{sign}", f"{sign}s-17"):
        assert f"has a sign that cannot be seen (U+{ord(sign):04X})" == problem(text)  # type: ignore[operator]
    assert problem_of_words(f"An{sign}na", 200) is not None


@pytest.mark.parametrize("sign", "\x00\t\n\r\x1f\x7f\x85\u2028\u2029")
def test_a_control_character_or_a_line_break_is_refused(sign: str) -> None:
    for problem in (problem_of_identifier, problem_of_name, lambda text: problem_of_words(text, 200)):
        assert "control character or a line break" in str(problem(f"9b{sign}17"))


@pytest.mark.parametrize(
    "text", ["", " ", " a", "a ", "a  b", "a\u00a0b", "a\u3000b", "e\u0301", "\ud800", "x" * 201, "\u00a0"]
)
def test_two_spellings_of_one_look_are_refused(text: str) -> None:
    assert problem_of_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        "s-17",
        "17",
        "Jörg Müller",
        "José",
        "a/b",
        "%2e",
        "q?x=1#y",
        "Frage 1: «…»",
        "李",
        "زهرا",
        "é",
        "=7",
        "'=7",
    ],
)
def test_usual_ids_are_taken(text: str) -> None:
    assert problem_of_identifier(text) is None
    assert problem_of_student_id(text) is None


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष", "👩\u200d🏫", "Math ❤\ufe0f", "٪ \u06001"])
def test_names_keep_the_joiners_that_their_script_needs(text: str) -> None:
    assert problem_of_name(text) is None


@pytest.mark.parametrize("text", [".", "..", "../a", "a/..", "a//b", "/a", "a/", "a/./b"])
def test_a_student_id_stays_whole_in_an_address(text: str) -> None:
    assert problem_of_student_id(text)
    assert problem_of_identifier(text) is None


@pytest.mark.parametrize(
    ("value", "text"), [(17, "17"), (0, "0"), ("17", "17"), (1.5, 1.5), (True, True), (None, None)]
)
def test_a_whole_number_is_its_digits(value: object, text: object) -> None:
    assert identifier_in(value) is text or identifier_in(value) == text


@given(st.text(max_size=20))
def test_what_is_taken_is_printable_and_composed(text: str) -> None:
    if problem_of_student_id(text) is None:
        assert text == unicodedata.normalize("NFC", text).strip()
        assert "\n" not in text
        assert text.isprintable() or not text.isascii()
