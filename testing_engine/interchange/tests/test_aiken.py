"""Aiken."""

import pytest

from testing_engine.interchange.aiken import is_aiken, read_aiken
from testing_engine.interchange.imported import Upload, UploadRefused
from testing_engine.interchange.tests.readings import Reading

GOOD = "What costs $5?\nA tea,\nor what?\nA) Tea\nB. Coffee\nANSWER: b\n"


def test_a_question() -> None:
    reading = Reading(read_aiken, "\ufeff" + GOOD.replace("\n", "\r\n"))
    assert reading.row()["content"] == "What costs \\$5?\nA tea,\nor what?"
    assert [reading.score(each) for each in ("A", "B")] == [0, 1]
    assert (reading.only().id, reading.only().source) == ("Question 1", "line 1")


def test_one_bad_question_costs_no_other() -> None:
    bad = "Q?\nA. a\nB. b\nANSWER: C\n\nQ?\nA. a\nand more\nB. b\nANSWER: A\n\n"
    reading = Reading(read_aiken, f"{bad}{GOOD}\nno end?\nA. a")
    assert [question.outcome for question in reading.questions] == ["refused", "refused", "taken", "refused"]
    assert "“C” is none of A, B" in reading.questions[0].refusals[0]
    assert "“and more”" in reading.questions[1].refusals[0]
    assert reading.questions[1].source == "line 6"
    assert "ANSWER" in reading.questions[3].refusals[0]


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(UploadRefused, match="no question"):
        Reading(read_aiken, "\n\n")


def test_aiken_is_recognised() -> None:
    assert is_aiken(Upload("a.txt", GOOD.encode()))
    assert not is_aiken(Upload("a.txt", b"::A:: x {T}"))
