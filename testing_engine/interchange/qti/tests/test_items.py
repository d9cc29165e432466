"""Items of every kind of interaction: what is asked, and what answers earn, counted by hand."""

import pytest

from testing_engine.interchange.qti.tests.samples import (
    CHOICES,
    MAP,
    MATCH,
    SCORE,
    declared,
    in_qti_3,
    item,
    mapped,
    read,
    scores,
    taken,
)

SINGLE = item(declared("B"), f"<p>Count.</p>{CHOICES.format(most=1)}", MATCH)


@pytest.mark.parametrize("dialect", [str, in_qti_3], ids=["2.2", "3.0"])
def test_single_choice(dialect: type) -> None:
    row = taken(dialect(SINGLE))
    assert (row["id"], row["content"]) == ("q1", "Count.")
    (asked,) = row["interactions"]
    assert asked == {
        "type": "choice",
        "response": "RESPONSE",
        "prompt": "Which of them?",
        "choices": [
            {"id": "A", "content": "One", "fixed": True},
            {"id": "B", "content": "Two"},
            {"id": "C", "content": "Three"},
        ],
        "shuffle": True,
        "min_choices": 0,
        "max_choices": 1,
    }
    assert scores(row, {"RESPONSE": ["B"]}, {"RESPONSE": "A"}, {}) == [1, 0, 0]


@pytest.mark.parametrize("dialect", [str, in_qti_3], ids=["2.2", "3.0"])
def test_several_choices_with_a_mapping(dialect: type) -> None:
    mapping = mapped({"A": 1, "C": 1, "B": -2}, lowerBound="0", defaultValue="0")
    text = item(declared(["A", "C"], cardinality="multiple", inside=mapping), CHOICES.format(most=0), MAP)
    row = taken(dialect(text))
    assert row["content"] == "Which of them?"  # there is no other text
    answers = [["A", "C"], ["C"], ["A", "B"], ["A", "B", "C"], []]
    assert scores(row, *({"RESPONSE": each} for each in answers)) == [2, 1, 0, 0, 0]
    assert row["scoring"]["categories"] == (0, 1, 2)


def test_words_in_a_sentence_and_typed_text() -> None:
    body = (
        '<p>The capital is <textEntryInteraction responseIdentifier="CITY" expectedLength="12"/>, and the '
        'river <inlineChoiceInteraction responseIdentifier="RIVER">'
        '<inlineChoice identifier="S">Spree</inlineChoice>'
        '<inlineChoice identifier="E">Elbe</inlineChoice></inlineChoiceInteraction>.</p>'
    )
    city = declared(
        "Berlin",
        name="CITY",
        base_type="string",
        inside=mapped({"Berlin": 1}).replace("/></m", ' caseSensitive="false"/></m'),
    )
    rules = (
        '<setOutcomeValue identifier="SCORE"><sum><variable identifier="SCORE"/>'
        '<mapResponse identifier="CITY"/></sum></setOutcomeValue>'
        "<responseCondition><responseIf>"
        '<match><variable identifier="RIVER"/><correct identifier="RIVER"/></match>'
        '<setOutcomeValue identifier="SCORE"><sum><variable identifier="SCORE"/>'
        '<baseValue baseType="float">0.5</baseValue></sum></setOutcomeValue></responseIf></responseCondition>'
    )
    row = taken(item(city + declared("S", name="RIVER"), body, rules))
    assert row["content"] == "The capital is [[CITY]], and the river [[RIVER]]."
    assert [each["type"] for each in row["interactions"]] == ["textEntry", "inlineChoice"]
    answers: tuple[dict[str, str], ...] = (
        {"CITY": " berlin ", "RIVER": "S"},
        {"CITY": "Bonn", "RIVER": "S"},
        {"CITY": "Berlin", "RIVER": "E"},
        {},
    )
    assert scores(row, *answers) == [1.5, 0.5, 1, 0]
    assert row["scoring"]["categories"] == (0, 0.5, 1, 1.5)


def test_a_number() -> None:
    rules = (
        "<responseCondition><responseIf>"
        '<equal toleranceMode="absolute" tolerance="0.05 0.05"><variable identifier="RESPONSE"/>'
        '<correct identifier="RESPONSE"/></equal><setOutcomeValue identifier="SCORE">'
        '<baseValue baseType="float">1</baseValue></setOutcomeValue></responseIf></responseCondition>'
    )
    body = '<p>g = <textEntryInteraction responseIdentifier="RESPONSE"/> m/s<sup>2</sup></p>'
    row = taken(item(declared("9.81", base_type="float"), body, rules))
    assert row["content"] == "g = [[RESPONSE]] m/s²"
    assert scores(row, *({"RESPONSE": each} for each in ("9,81", "9.77", "9.9", 9.86))) == [1, 1, 0, 1]


def test_order() -> None:
    body = (
        CHOICES.format(most=0).replace("choiceInteraction", "orderInteraction").replace(' maxChoices="0"', "")
    )
    row = taken(item(declared(["C", "A", "B"], cardinality="ordered"), f"<p>Sort.</p>{body}", MATCH))
    assert row["interactions"][0]["type"] == "order"
    assert scores(row, {"RESPONSE": ["C", "A", "B"]}, {"RESPONSE": ["A", "B", "C"]}, {}) == [1, 0, 0]


def associable(*ids: str, most: int = 1) -> str:
    return "".join(
        f'<simpleAssociableChoice identifier="{each}" matchMax="{most}">Word {each}</simpleAssociableChoice>'
        for each in ids
    )


def test_match() -> None:
    body = (
        '<p>Pair.</p><matchInteraction responseIdentifier="RESPONSE" maxAssociations="0">'
        f"<simpleMatchSet>{associable('x', 'y')}</simpleMatchSet>"
        f"<simpleMatchSet>{associable('S', 'T', most=0)}</simpleMatchSet></matchInteraction>"
    )
    key = declared(
        ["x S", "y T"], cardinality="multiple", base_type="directedPair", inside=mapped({"x S": 1, "y T": 1})
    )
    row = taken(item(key, body, MAP))
    (asked,) = row["interactions"]
    assert [source["id"] for source in asked["sources"]] == ["x", "y"]
    assert [target["match_max"] for target in asked["targets"]] == [0, 0]
    pairs = [["x S", "y T"], ["x S", "y S"], ["x T"]]
    assert scores(row, *({"RESPONSE": each} for each in pairs)) == [2, 1, 0]


def test_associate_whatever_comes_first() -> None:
    body = (
        f'<p>Pair.</p><associateInteraction responseIdentifier="RESPONSE" maxAssociations="2">'
        f"{associable('P', 'A', 'C', 'M')}</associateInteraction>"
    )
    row = taken(item(declared(["P A", "M C"], cardinality="multiple", base_type="pair"), body, MATCH))
    assert scores(row, {"RESPONSE": ["C M", "A P"]}, {"RESPONSE": ["C P", "A M"]}) == [1, 0]


def test_gap_match() -> None:
    body = (
        '<gapMatchInteraction responseIdentifier="RESPONSE"><prompt>Fill.</prompt>'
        '<gapText identifier="W" matchMax="1">winter</gapText>'
        '<gapText identifier="S" matchMax="0">summer</gapText>'
        '<blockquote><p>Now is the <gap identifier="G1"/> of our <gap identifier="G2"/>.</p></blockquote>'
        "</gapMatchInteraction>"
    )
    inside = mapped({"W G1": 1, "S G2": 2})
    key = declared(["W G1", "S G2"], cardinality="multiple", base_type="directedPair", inside=inside)
    row = taken(item(key, body, MAP))
    assert row["content"] == "Now is the [[RESPONSE:G1]] of our [[RESPONSE:G2]]."
    (asked,) = row["interactions"]
    assert (asked["prompt"], asked["gaps"]) == ("Fill.", [{"id": "G1"}, {"id": "G2"}])
    pairs = [["W G1", "S G2"], ["S G1", "S G2"], ["S G1"]]
    assert scores(row, *({"RESPONSE": each} for each in pairs)) == [3, 2, 0]


def test_hot_text() -> None:
    body = (
        '<hottextInteraction responseIdentifier="RESPONSE" maxChoices="1"><prompt>Mark the error.</prompt>'
        '<p>He <hottext identifier="A">go</hottext> to <hottext identifier="B">school</hottext>.</p>'
        "</hottextInteraction>"
    )
    row = taken(item(declared("A"), body, MATCH))
    assert row["content"] == "He [[RESPONSE:A]] to [[RESPONSE:B]]."
    assert row["interactions"][0]["choices"] == [
        {"id": "A", "content": "go"},
        {"id": "B", "content": "school"},
    ]
    assert scores(row, {"RESPONSE": "A"}, {"RESPONSE": "B"}) == [1, 0]


def test_slider() -> None:
    slider = '<sliderInteraction responseIdentifier="RESPONSE" lowerBound="0" upperBound="20" step="5"/>'
    body = f"<p>How many?</p>{slider}"
    row = taken(item(declared("15", base_type="integer"), body, MATCH))
    assert scores(row, {"RESPONSE": 15}, {"RESPONSE": "5"}) == [1, 0]


def test_a_mixture_stays_where_it_stands() -> None:
    body = (
        f'<p>First.</p>{CHOICES.format(most=1)}<p>Then <textEntryInteraction responseIdentifier="N"/>.</p>'
        '<sliderInteraction responseIdentifier="S" lowerBound="0" upperBound="2"/>'
    )
    keys = (
        declared("A")
        + declared("7", name="N", base_type="integer")
        + declared("1", name="S", base_type="integer")
    )
    question = read(item(keys, body))
    assert question.row is not None
    assert question.losses == ("It has no rules for scoring: right is what it declares as correct.",)
    assert question.row["content"] == "First.\n\n[[RESPONSE]]\n\nThen [[N]]."
    good = {"RESPONSE": "A", "N": 7, "S": 1}
    assert scores(question.row, good, {**good, "N": 8}, {**good, "S": 2}) == [1, 0, 0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            '<extendedTextInteraction responseIdentifier="RESPONSE"/>',
            "extendedTextInteraction: a person must",
        ),
        ('<uploadInteraction responseIdentifier="RESPONSE"/>', "uploadInteraction: a person must"),
        (
            '<portableCustomInteraction responseIdentifier="RESPONSE"/>',
            "portableCustomInteraction: a program",
        ),
        ('<hotspotInteraction responseIdentifier="RESPONSE"/>', "hotspotInteraction: answers in a picture"),
        ('<stayInteraction responseIdentifier="RESPONSE"/>', "stayInteraction: no interaction of that name"),
        ("<p>Only text.</p>", "it asks for nothing"),
        ('<p><printedVariable identifier="X"/></p>' + CHOICES.format(most=1), "printedVariable: a value"),
        (
            '<p><img src="a.png" alt="A"/></p>' + CHOICES.format(most=1),
            "the picture 'a.png' is not in the file",
        ),
        ('<p><audio src="a.mp3"/></p>' + CHOICES.format(most=1), "the sound 'a.mp3' is not in the file"),
        (CHOICES.format(most=1).replace("RESPONSE", "R2"), "its response variable 'R2' is not declared"),
        ('<textEntryInteraction responseIdentifier="RESPONSE"/>', "RESPONSE is single identifier, which"),
        (CHOICES.format(most=1) * 2, "two interactions have the same response variable"),
    ],
)
def test_what_is_not_taken_is_refused_by_name_and_line(body: str, reason: str) -> None:
    question = read(item(declared("A"), body, MATCH))
    assert question.row is None
    (refusal,) = question.refusals
    assert refusal.startswith("Line ")
    assert reason in refusal


def test_adaptive_items_are_refused() -> None:
    for more in ("", '<templateDeclaration identifier="T"/>'):
        adaptive = read(SINGLE.replace('adaptive="false"', 'adaptive="true"').replace(SCORE, SCORE + more))
        assert adaptive.refusals == ("Line 1: a question in several attempts (adaptive) is not taken.",)


def test_losses_are_listed_once_each() -> None:
    extra = '<modalFeedback identifier="F" outcomeIdentifier="F" showHide="show">Well.</modalFeedback>'
    rubric = '<rubricBlock view="scorer"><p>Key</p></rubricBlock>'
    body = f"<p>Count <em>all</em> <b>twice</b>.</p>{rubric}{CHOICES.format(most=1)}"
    question = read(
        item(declared("B"), body, MATCH).replace("</assessmentItem>", extra + "</assessmentItem>")
    )
    assert question.outcome == "taken_with_loss"
    assert sorted(question.losses) == [
        "Emphasis (bold, italics, underlining) is dropped; the words stay.",
        "Feedback is not shown.",
        "Instructions for others than the student (rubric) are not taken.",
    ]
    assert question.row is not None
    assert question.row["content"] == "Count all twice."
