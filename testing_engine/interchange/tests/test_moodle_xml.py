"""Moodle XML by its kinds of question, each scored by hand."""

import base64

import pytest

from testing_engine.interchange.drafting import ALONE
from testing_engine.interchange.imported import Upload, UploadRefused
from testing_engine.interchange.moodle_xml import is_moodle_xml, read_moodle_xml
from testing_engine.interchange.tests.readings import Reading


def _quiz(*questions: str) -> Reading:
    return Reading(
        read_moodle_xml, f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n{chr(10).join(questions)}\n</quiz>'
    )


def _question(kind: str, text: str, inside: str = "", name: str = "Q") -> str:
    return (
        f'<question type="{kind}"><name><text>{name}</text></name>'
        f'<questiontext format="html"><text><![CDATA[{text}]]></text></questiontext>{inside}</question>'
    )


def _answer(text: str, fraction: float, more: str = "") -> str:
    return f'<answer fraction="{fraction}" format="html"><text><![CDATA[{text}]]></text>{more}</answer>'


FEEDBACK = "<feedback><text>why</text></feedback>"


def test_a_choice_of_one() -> None:
    answers = _answer("<p>4</p>", 100, FEEDBACK) + _answer("5", 50) + _answer("6", -25)
    reading = _quiz(
        _question(
            "multichoice",
            "<p>2 + <b>2</b></p>",
            f"<single>true</single><shuffleanswers>1</shuffleanswers>{answers}",
        )
    )
    assert reading.row()["content"] == "2 + 2"
    assert reading.row()["interactions"][0]["shuffle"] is True
    assert [reading.score(each) for each in ("A", "B", "C", None)] == [1, 0.5, 0, 0]
    assert len(reading.only().losses) == 3  # emphasis, feedback, the negative mark
    assert (reading.only().source, reading.only().id) == ("line 3", "Q")


def test_several_right_answers_are_bounded() -> None:
    answers = _answer("a", 50) + _answer("b", 50) + _answer("c", -100)
    reading = _quiz(_question("multichoice", "Which?", f"<single>false</single>{answers}"))
    assert [reading.score(each) for each in (["A", "B"], ["A"], ["B", "C"], [])] == [1, 0.5, 0, 0]


def test_true_or_false() -> None:
    reading = _quiz(_question("truefalse", "Rain is wet.", _answer("true", 100) + _answer("false", 0)))
    assert (reading.score("A"), reading.score("B")) == (1, 0)


def test_short_answers() -> None:
    answers = _answer("Berl*n", 100) + _answer("Bonn \\*", 50) + _answer("*", 0)
    reading = _quiz(_question("shortanswer", "Capital?", f"<usecase>1</usecase>{answers}"))
    given = ["Berlin", "Berln", "berlin", "Bonn *", "Bonn x"]
    assert [reading.score(each) for each in given] == [1, 1, 0, 0.5, 0]


def test_numbers_with_tolerances() -> None:
    answers = _answer("9.81", 100, "<tolerance>0.01</tolerance>") + _answer(
        "10", 33.33333, "<tolerance>0.5</tolerance>"
    )
    units = "<units><unit><multiplier>1</multiplier><unit_name>m/s²</unit_name></unit></units>"
    reading = _quiz(_question("numerical", "g?", answers + units))
    assert [reading.score(each) for each in ("9,82", "9.7", "10.5", "11")] == [1, 0.333333, 0.333333, 0]
    assert "Units are dropped (m/s²)" in reading.only().losses[0]


def _sub(question: str, answer: str) -> str:
    inside = f"<text>{question}</text><answer><text>{answer}</text></answer>"
    return f'<subquestion format="html">{inside}</subquestion>'


def test_pairs() -> None:
    reading = _quiz(
        _question("matching", "Match.", _sub("cat", "meow") + _sub("dog", "woof") + _sub("", "moo"))
    )
    assert [each["content"] for each in reading.row()["interactions"][0]["targets"]] == [
        "meow",
        "moo",
        "woof",
    ]
    assert [reading.score(each) for each in (["S1 T1", "S2 T3"], ["S1 T1", "S2 T2"], [])] == [1, 0.5, 0]


def test_lists_in_a_text() -> None:
    options = "".join(
        f"<selectoption><text>{text}</text><group>{group}</group></selectoption>"
        for text, group in (("cat", 1), ("mat", 2), ("dog", 1))
    )
    reading = _quiz(_question("gapselect", "The [[1]] sat on the [[2]], not the [[3]].", options))
    assert reading.row()["content"] == "The [[R1]] sat on the [[R2]], not the [[R3]]."
    assert [each["id"] for each in reading.row()["interactions"][0]["choices"]] == ["A", "C"]
    assert reading.score({"R1": "A", "R2": "B", "R3": "C"}) == 1
    assert reading.score({"R1": "A", "R3": "A"}) == 0.333333


@pytest.mark.parametrize(("grading", "half"), [("ABSOLUTE_POSITION", 0.333333), ("ALL_OR_NOTHING", 0.0)])
def test_an_order(grading: str, half: float) -> None:
    answers = _answer("three", 3) + _answer("one", 1) + _answer("two", 2)
    reading = _quiz(_question("ordering", "Order.", f"<gradingtype>{grading}</gradingtype>{answers}"))
    ids = {each["content"]: each["id"] for each in reading.row()["interactions"][0]["choices"]}
    right = [ids[word] for word in ("one", "two", "three")]
    assert ids["one"] == "A"  # by the alphabet, not in the right order
    assert reading.score(right) == 1
    assert reading.score([right[0], right[2], right[1]]) == half


def test_cloze_weighs_its_parts() -> None:
    text = (
        "<p>A {2:MULTICHOICE:=cat#yes~%50%tiger~dog} has {1:NUMERICAL:=4:0.5~%50%5} legs and "
        r"{1:SHORTANSWER_C:=a tail~%50%Tail\}&#228;}, {:MR:%50%x~%50%y~%-50%z}.</p>"
    )
    reading = _quiz(_question("cloze", text))
    assert reading.row()["content"] == "A [[R1]] has [[R2]] legs and [[R3]], [[R4]]."
    assert reading.score({"R1": "A", "R2": "4.5", "R3": "a tail", "R4": ["A", "B"]}) == 1
    assert reading.score({"R1": "B"}) == 0.2  # half of 2 of 5
    assert reading.score({"R2": "5"}) == 0.1
    assert reading.score({"R3": "Tail}ä"}) == 0.1
    assert reading.score({"R3": "A TAIL", "R4": ["A", "C"]}) == 0
    assert any("different scores" in loss for loss in reading.only().losses)


@pytest.mark.parametrize(
    "text", ["{1:SHORTANSWER:=a", "{1:ESSAY:=a}", "{0:SHORTANSWER:=a}", "nothing", "{1:SA:}"]
)
def test_cloze_that_cannot_be(text: str) -> None:
    assert "gap" in _quiz(_question("cloze", text)).refusal()


def _category(path: str) -> str:
    return f'<question type="category"><category><text>{path}</text></category></question>'


TRUE = _answer("true", 100) + _answer("false", 0)


def test_categories_names_and_passages() -> None:
    reading = _quiz(
        _category("$course$/top/Algebra/And//Or"),
        _question("description", "Read <i>this</i>."),
        _question(
            "truefalse", "1?", f"<idnumber>id-1</idnumber>{TRUE}<tags><tag><text>x</text></tag></tags>"
        ),
        _question("truefalse", "2?", TRUE),
        _category("top/Geometry"),
        _question("truefalse", "3?", TRUE),
        _question("description", "Goodbye."),
    )
    first, second, third, alone = reading.questions
    assert (alone.outcome, alone.refusals) == ("refused", (ALONE,))
    assert [each.id for each in (first, second, third)] == ["id-1", "Q", "Q (2)"]
    assert (reading.row("id-1")["area"], reading.row("id-1")["passage"]) == ("Algebra / And/Or", "Read this.")
    assert reading.row("Q")["passage"] == "Read this."
    assert "passage" not in reading.row("Q (2)")
    assert reading.row("Q (2)")["area"] == "Geometry"
    assert "Tags are dropped." in first.losses
    assert second.losses == (first.losses[0],)  # the passage's emphasis


def test_pictures_come_along_under_names_of_their_own() -> None:
    def picture(name: str, content: bytes) -> str:
        return f'<file name="{name}" path="/" encoding="base64">{base64.b64encode(content).decode()}</file>'

    def question(content: bytes) -> str:
        image = '<img src="@@PLUGINFILE@@/my%20map.png" alt="A map">'
        inside = f"<text><![CDATA[{image}]]></text>{picture('my map.png', content)}"
        text = f'<questiontext format="html">{inside}</questiontext>'
        return f'<question type="truefalse"><name><text>P</text></name>{text}{TRUE}</question>'

    reading = _quiz(question(b"one"), question(b"two"), question(b""))
    assert reading.pool.media == {"question1/my%20map.png": b"one", "question2/my%20map.png": b"two"}
    assert reading.row("P")["content"] == "![A map](media:question1/my%20map.png)"
    assert "is not in the file" in reading.questions[2].losses[0]


@pytest.mark.parametrize(
    "kind", ["essay", "calculated", "ddmarker", "ddimageortext", "randomsamatch", "pmatch", ""]
)
def test_what_cannot_be_taken_is_refused_by_name_and_line(kind: str) -> None:
    reading = _quiz(_question(kind, "x", name="Mine"), _question("truefalse", "y", TRUE))
    refused, taken = reading.questions
    assert (refused.id, refused.source, refused.outcome, taken.outcome) == (
        "Mine",
        "line 3",
        "refused",
        "taken",
    )
    assert kind in refused.refusals[0]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (_question("multichoice", "x", _answer("a", 100) + _answer("a", 0)), "look the same"),
        (_question("multichoice", "x", _answer("a", 0) + _answer("b", 0)), "earns the same"),
        (_question("multichoice", "x", _answer("a", 100) + _answer("", 0)), "is empty"),
        (_question("multichoice", "x", _answer("a", 300)), "no per cent"),
        (_question("numerical", "x", _answer("pi", 100)), "no number"),
        (_question("matching", "x", _sub("a", "b")), "two pairs"),
        (_question("gapselect", "[[9]]", ""), "gaps"),
        (_question("truefalse", "", TRUE), "no text"),
        (_question("multichoice", "x", _answer("a", 1) * 3000), "more than 100 answers"),
    ],
)
def test_a_broken_question_says_why(question: str, reason: str) -> None:
    assert reason in _quiz(question).refusal()


def test_a_picture_of_old_files_is_named_as_lost() -> None:
    old = "<image>map.gif</image><image_base64>R0lG</image_base64>"
    assert _quiz(_question("truefalse", "x", old + TRUE)).only().losses == (
        "The picture map.gif is dropped.",
    )


LAUGHS = f'<!DOCTYPE quiz [<!ENTITY a "ha"><!ENTITY b "{"&a;" * 99}">]><quiz><question>&b;</question></quiz>'
OUTSIDE = '<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz><question>&x;</question></quiz>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (LAUGHS, "document type"),
        (OUTSIDE, "document type"),
        ("<quiz>" + "<question>" * 100_000, "well-formed"),
        ("<html/>", "<html>"),
        ("<quiz/>", "no question"),
        ("<quiz><question></quiz>", "line 1"),
        ("", "well-formed"),
        ("<?xml version='1.0' encoding='nonsense'?><quiz/>", "well-formed"),
    ],
)
def test_a_file_that_is_none_or_hostile_is_refused(content: str, reason: str) -> None:
    with pytest.raises(UploadRefused, match=reason):
        Reading(read_moodle_xml, content)


def test_a_line_of_a_megabyte_is_refused_by_name() -> None:
    assert "more than" in _quiz(_question("truefalse", "x" * 1_100_000, TRUE)).refusal()


def test_moodle_xml_is_recognised() -> None:
    assert is_moodle_xml(Upload("a.xml", b"\xef\xbb\xbf<?xml version='1.0'?><!-- c -->\n<quiz>"))
    assert not is_moodle_xml(Upload("a.xml", b"<assessmentItem/>"))
