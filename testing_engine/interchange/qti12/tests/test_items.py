"""Each kind of question of Canvas and of the Common Cartridge: what is asked, and what answers earn."""

import pytest

from testing_engine.interchange.drafting import ALONE
from testing_engine.interchange.qti12.packages import read_qti12
from testing_engine.interchange.qti12.tests.samples import (
    TYPED,
    adding,
    all_of,
    any_of,
    choices,
    compared,
    document,
    equal,
    html,
    item,
    none_of,
    points,
    rule,
)
from testing_engine.interchange.tests.readings import Reading

COLOURS = {"a1": "red", "a2": "green <b>", "a3": "blue"}
FEEDBACK = f"<respcondition><conditionvar>{equal('a2')}</conditionvar><displayfeedback/></respcondition>"


def read(*items: str) -> Reading:
    return Reading(read_qti12, document(*items))


@pytest.mark.parametrize(
    ("kind", "field"),
    [("multiple_choice_question", "question_type"), ("cc.multiple_choice.v0p1", "cc_profile")],
)
def test_one_of_several(kind: str, field: str) -> None:
    bank = read(
        item(
            kind, "<p>What is <b>grass</b>?</p>", choices(COLOURS), FEEDBACK + rule(equal("a2")), field=field
        )
    )
    row = bank.row()
    assert row["content"] == "What is grass?"
    assert row["interactions"][0]["choices"][1] == {"id": "a2", "content": "green <b>"}
    assert row["key"] == {"RESPONSE": {"correct": "a2"}}
    assert [bank.score(answer) for answer in ("a2", "a1", "")] == [1, 0, 0]
    assert bank.only().losses == ("Emphasis (bold, italics, underlining) is dropped; the words stay.",)


def test_part_credit_is_a_share_of_the_full_score() -> None:
    rules = rule(equal("a2")) + rule(equal("a3"), 33.33)
    bank = read(item("multiple_choice_question", "?", choices(COLOURS), rules))
    assert [bank.score(answer) for answer in ("a1", "a2", "a3")] == [0, 1, round(1 / 3, 6)]


def test_true_or_false() -> None:
    labels = choices({"1": "True", "2": "False"})
    bank = read(item("true_false_question", "Is it?", labels, rule(equal("2"))))
    assert [bank.score(answer) for answer in ("1", "2")] == [0, 1]


def test_several_answers_are_right_together() -> None:
    exactly = all_of(equal("a1"), none_of(equal("a2")), equal("a3"))
    for kind, field, condition in (
        ("multiple_answers_question", "question_type", exactly),
        (
            "cc.multiple_response.v0p1",
            "cc_profile",
            all_of(equal("a1"), equal("a3"), none_of(any_of(equal("a2")))),
        ),
    ):
        bank = read(item(kind, "?", choices(COLOURS, several=True), rule(condition), field=field))
        answers: tuple[list[str], ...] = (["a1", "a3"], ["a3", "a1"], ["a1"], ["a1", "a2", "a3"], [])
        assert [bank.score(answer) for answer in answers] == [1, 1, 0, 0, 0], kind


def test_rules_that_leave_a_choice_open() -> None:
    condition = all_of(equal("a1"), none_of(equal("a2")))
    bank = read(item("multiple_answers_question", "?", choices(COLOURS, several=True), rule(condition)))
    assert [bank.score(answer) for answer in (["a1"], ["a1", "a3"], ["a1", "a2"])] == [1, 1, 0]


def test_points_for_each_right_answer() -> None:
    rules = adding([("response1", "a1"), ("response1", "a3")], 50) + rule(equal("a2"), 50, "Subtract")
    bank = read(item("multiple_answers_question", "?", choices(COLOURS, several=True), rules))
    answers = (["a1", "a3"], ["a1"], ["a1", "a2"], ["a2"], ["a1", "a2", "a3"])
    assert [bank.score(answer) for answer in answers] == [1, 0.5, 0, 0, 0.5]


def test_a_short_answer_takes_any_of_those_listed() -> None:
    rules = rule(equal("Paris")) + rule(equal("City of Light"))
    bank = read(item("short_answer_question", "Capital?", TYPED, rules))
    assert [bank.score(answer) for answer in ("paris ", "city of  light", "Rome")] == [1, 1, 0]
    exact = read(item("cc.fib.v0p1", "Sign?", TYPED, rule(equal("pH", case="Yes")), field="cc_profile"))
    assert [exact.score(answer) for answer in ("pH", "PH")] == [1, 0]


def test_a_pattern_of_the_cartridge_looks_for_a_part() -> None:
    part = '<varsubstring respident="response1" case="No">light</varsubstring>'
    bank = read(item("cc.pattern_match.v0p1", "?", TYPED, rule(part), field="cc_profile"))
    assert [bank.score(answer) for answer in ("City of Light", "dark")] == [1, 0]


def test_blanks_accept_all_that_they_list() -> None:
    blanks = choices({"1": "red", "2": "scarlet"}, ident="response_c", text="c")
    blanks += choices({"3": "blue"}, ident="response_R1", text="R1")
    rules = adding([("response_c", "1"), ("response_R1", "3")], 50)
    bank = read(item("fill_in_multiple_blanks_question", "Roses are [c], violets [R1].", blanks, rules))
    assert bank.row()["content"] == "Roses are [[R1]], violets [[R2]]."
    answers = ({"R1": "Scarlet", "R2": "blue"}, {"R1": "red"}, {"R2": "red"})
    assert [bank.score(answer) for answer in answers] == [1, 0.5, 0]


def test_dropdowns_stand_in_the_text() -> None:
    lists = choices({"1": "cold", "2": "hot"}, ident="response_x", text="x")
    lists += choices({"3": "wet", "4": "dry"}, ident="response_y", text="y")
    rules = adding([("response_x", "1"), ("response_y", "3")], 50)
    bank = read(item("multiple_dropdowns_question", "<p>Ice is [x] and [y].</p>", lists, rules))
    assert [each["type"] for each in bank.row()["interactions"]] == ["inlineChoice", "inlineChoice"]
    assert bank.score({"R1": "1", "R2": "4"}) == 0.5
    assert bank.score({"R1": "1", "R2": "3"}) == 1


def test_matching_has_one_list_of_answers_for_all() -> None:
    right = {"11": "Paris", "12": "Rome", "13": "Bern"}
    lists = "".join(
        choices(right, ident=f"response_{i}", text=text) for i, text in enumerate(["France", "Italy", "Peru"])
    )
    rules = adding([("response_0", "11"), ("response_1", "12"), ("response_2", "13")], 33.33)
    bank = read(item("matching_question", "Capitals?", lists, rules))
    (asked,) = bank.row()["interactions"]
    assert [target["content"] for target in asked["targets"]] == ["Bern", "Paris", "Rome"]
    assert bank.score(["S1 T2", "S2 T3", "S3 T1"]) == 1
    assert bank.score(["S1 T2", "S2 T1", "S3 T1"]) == round(2 / 3, 6)


NUMBERS = {
    "exact, with a margin": (
        any_of(equal("4"), all_of(compared("vargte", 3.9), compared("varlte", 4.1))),
        (3.9, 4.1),
        (3.89, 4.11),
    ),
    "a range": (compared("vargte", -2) + compared("varlte", 5), (-2, 0, 5), (-2.1, 5.1)),
    "with a precision": (
        any_of(equal("1.23"), all_of(compared("vargt", 1.225), compared("varlte", 1.235))),
        (1.23, 1.226, 1.235),
        (1.225, 1.24),
    ),
}


@pytest.mark.parametrize(("condition", "right", "wrong"), NUMBERS.values(), ids=NUMBERS)
def test_numbers(condition: str, right: tuple[float, ...], wrong: tuple[float, ...]) -> None:
    bank = read(item("numerical_question", "How much?", TYPED, rule(condition)))
    assert [bank.score(each) for each in right] == [1] * len(right)
    assert [bank.score(each) for each in wrong] == [0] * len(wrong)
    assert bank.score(str(right[0]).replace(".", ",")) == 1


def test_a_file_without_types_is_read_by_its_structure() -> None:
    rules = rule(equal("a2", "A"), 60, "Add") + rule(equal("Rome", "B", case="Yes"), 40, "Add")
    parts = choices(COLOURS, ident="A", text="Colour?") + TYPED.replace("response1", "B")
    bank = read(item("", "Two things.", f"<flow>{parts}</flow>", rules))
    assert [each["type"] for each in bank.row()["interactions"]] == ["choice", "textEntry"]
    assert bank.score({"R1": "a2", "R2": "Rome"}) == 1
    assert bank.score({"R1": "a2", "R2": "rome"}) == 0.6


REFUSED = {
    "an essay": (item("essay_question", "?", TYPED, rule("<other/>")), "marked by a person"),
    "an essay of a cartridge": (
        item("cc.essay.v0p1", "?", TYPED, "", field="cc_profile"),
        "marked by a person",
    ),
    "a file": (item("file_upload_question", "?", "", ""), "An uploaded file"),
    "by chance": (item("calculated_question", "?", TYPED, rule("<other/>")), "drawn by chance"),
    "a survey": (
        item("multiple_choice_question", "?", choices(COLOURS), ""),
        "a survey, or marked by a person",
    ),
    "feedback alone": (item("multiple_choice_question", "?", choices(COLOURS), FEEDBACK), "a survey"),
    "no such choice": (
        item("multiple_choice_question", "?", choices(COLOURS), rule(equal("a9"))),
        "a choice 'a9'",
    ),
    "no such response": (
        item("multiple_choice_question", "?", choices(COLOURS), rule(equal("a1", "x"))),
        "a response 'x'",
    ),
    "no place": (
        item("multiple_dropdowns_question", "?", choices({"1": "a", "2": "b"}, text="x"), rule(equal("1"))),
        "no place for the blank [x]",
    ),
    "no number": (item("numerical_question", "?", TYPED, rule(equal("four"))), "“four” is no number"),
    "a hot spot": (
        item("", "?", '<response_xy ident="response1"/>', rule(equal("1"))),
        "response_xy cannot be taken",
    ),
    "sound": (
        item("", "?", '<material><mataudio uri="a.mp3"/></material>' + TYPED, rule(equal("1"))),
        "It needs sound",
    ),
    "time": (
        item("", "?", TYPED, rule('<durequal respident="response1">1</durequal>')),
        "scoring by durequal",
    ),
    "no picture": (
        item("short_answer_question", '<img src="$IMS-CC-FILEBASE$/a.png">', TYPED, rule(equal("1"))),
        "is not in the file",
    ),
    "all the same": (item("", "?", TYPED, rule("<other/>")), "Every answer earns the same"),
}


@pytest.mark.parametrize(("written", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_taken_is_refused_by_name(written: str, said: str) -> None:
    good = item("true_false_question", "?", choices({"1": "T", "2": "F"}), rule(equal("1")), ident="good")
    bank = read(written, good)
    assert said in bank.question("q1").refusals[0]
    assert bank.question("good").outcome == "taken"


def test_a_text_alone_is_the_passage_of_what_follows() -> None:
    rows = [
        item("text_only_question", "Read this.", "", "", ident="text"),
        item(
            "true_false_question", "Is it?", choices({"1": "T", "2": "F"}), rule(equal("1")), more=points(2)
        ),
        item("short_answer_question", "Why?", TYPED, rule(equal("so")), ident="q2", more=points(1)),
    ]
    bank = read(*rows)
    assert [question.id for question in bank.questions] == ["q1", "q2"]
    assert [row["passage"] for row in map(bank.row, ("q1", "q2"))] == ["Read this.", "Read this."]
    assert bank.question("q1").losses == ("Its points in the quiz (2) are not taken.",)


def test_a_text_belongs_to_its_group_and_is_reported_where_it_belongs_to_nothing() -> None:
    def asked(ident: str) -> str:
        return item("true_false_question", "?", choices({"1": "T", "2": "F"}), rule(equal("1")), ident=ident)

    def told(words: str) -> str:
        return item("text_only_question", words, "", "", ident=words)

    group = f'<section ident="g1" title="Group">{asked("q1")}{asked("q2")}</section>'
    bank = read(
        told("Read this."), group, asked("q3"), told("Part B"), told("The end"), asked("q4"), told("Bye")
    )
    assert [(each.id, each.outcome) for each in bank.questions] == [
        *((name, "taken") for name in ("q1", "q2", "q3")),
        ("Part B", "refused"),
        ("q4", "taken"),
        ("Bye", "refused"),
    ]
    passages = [bank.row(name).get("passage") for name in ("q1", "q2", "q3", "q4")]
    assert passages == ["Read this.", "Read this.", None, "The end"]
    assert bank.question("Bye").refusals == (ALONE,)


def test_texts_in_elements_pictures_of_formulas_and_feedback() -> None:
    xhtml = '<material><mattext texttype="text/xhtml"><p>Solve <i>x</i> &lt; 1</p></mattext></material>'
    formula = html(
        '<img class="equation_image" alt="LaTeX: x^2" data-equation-content="x^2" src="/equation_images/x">'
    )
    written = item("short_answer_question", "", xhtml + formula + TYPED, rule(equal("y")))
    feedback = f'<itemfeedback ident="general_fb">{html("Well done")}</itemfeedback></item>'
    bank = read(written.replace("</item>", feedback))
    assert bank.row()["content"] == "Solve x < 1\n\n\\(x^2\\)"
    assert "Feedback is dropped." in bank.only().losses
