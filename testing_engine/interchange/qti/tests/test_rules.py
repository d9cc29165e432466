"""Explicit rules of responseProcessing, executed symbolically: scores counted by hand."""

import itertools
import random
from typing import Any

import pytest

from testing_engine.interchange.qti.tests.samples import CHOICES, SCORE, declared, item, read, scores, taken

TEXT = '<textEntryInteraction responseIdentifier="{}"/>'


def value(number: float | str, base_type: str = "float") -> str:
    return f'<baseValue baseType="{base_type}">{number}</baseValue>'


def variable(name: str) -> str:
    return f'<variable identifier="{name}"/>'


def put(expression: str, name: str = "SCORE") -> str:
    return f'<setOutcomeValue identifier="{name}">{expression}</setOutcomeValue>'


def add(points: float) -> str:
    return put(f"<sum>{variable('SCORE')}{value(points)}</sum>")


def when(condition: str, then: str, *others: str) -> str:
    return (
        f"<responseCondition><responseIf>{condition}{then}</responseIf>{''.join(others)}</responseCondition>"
    )


def other(then: str, condition: str = "") -> str:
    name = "responseElseIf" if condition else "responseElse"
    return f"<{name}>{condition}{then}</{name}>"


def is_chosen(choice: str) -> str:
    return f"<match>{variable('RESPONSE')}{value(choice, 'identifier')}</match>"


def one_choice(rules: str, outcomes: str = SCORE) -> list[float]:
    """What A, B, C and nothing earn."""
    row = taken(item(declared("B"), f"<p>Count.</p>{CHOICES.format(most=1)}", rules, outcomes=outcomes))
    return scores(row, *({"RESPONSE": each} for each in "ABC"), {})


def test_if_else_if_else() -> None:
    rules = when(is_chosen("B"), put(value(2)), other(put(value(1)), is_chosen("A")), other(put(value(-1))))
    assert one_choice(rules) == [1, 2, -1, -1]


def test_later_rules_see_what_earlier_ones_set() -> None:
    doubled = put(f"<product>{variable('SCORE')}{value(2)}</product>")
    rules = when(is_chosen("B"), add(1)) + doubled + add(0.5) + when(is_chosen("A"), doubled)
    assert one_choice(rules) == [1, 2.5, 0.5, 0.5]


def test_a_condition_looks_at_values_of_its_own_time() -> None:
    above = f"<gt>{variable('SCORE')}{value(0)}</gt>"
    rules = when(is_chosen("B"), put(value(1))) + when(
        above, put(value(0)) + when(above, put(value(9))), other(put(value(3)))
    )
    assert one_choice(rules) == [3, 0, 3, 3]


def test_exit_response_leaves_the_rules() -> None:
    rules = (
        add(1)
        + when(is_chosen("A"), "<exitResponse/>")
        + add(2)
        + when(is_chosen("B"), add(4) + "<exitResponse/>")
        + add(8)
    )
    assert one_choice(rules) == [1, 7, 11, 11]


def test_defaults_and_outcomes_beside_the_score() -> None:
    outcomes = (
        '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="integer">'
        "<defaultValue><value>1</value></defaultValue></outcomeDeclaration>"
        '<outcomeDeclaration identifier="EXTRA" cardinality="single" baseType="integer"/>'
    )
    rules = when(is_chosen("B"), put(value(3, "integer"), "EXTRA"))
    rules += put(f"<sum>{variable('SCORE')}{variable('EXTRA')}</sum>")
    assert one_choice(rules, outcomes) == [1, 4, 1, 1]


def test_look_up_in_a_table() -> None:
    outcomes = SCORE.replace(
        "/>",
        '><interpolationTable defaultValue="0"><interpolationTableEntry sourceValue="2" targetValue="5"/>'
        '<interpolationTableEntry sourceValue="1" includeBoundary="false" targetValue="4"/>'
        "</interpolationTable></outcomeDeclaration>",
    ) + SCORE.replace("SCORE", "RAW")
    rules = when(
        is_chosen("A"),
        put(value(2), "RAW"),
        other(put(value(1), "RAW"), is_chosen("B")),
        other(put(value(1.5), "RAW")),
    )
    rules += f'<lookupOutcomeValue identifier="SCORE">{variable("RAW")}</lookupOutcomeValue>'
    assert one_choice(rules, outcomes) == [5, 0, 4, 4]


def test_many_blanks_that_add_up_stay_a_sum() -> None:
    """Eight inline choices, a condition each: 6561 answers, looked at one blank at a time."""
    names = [f"R{i}" for i in range(8)]
    choice = (
        '<inlineChoiceInteraction responseIdentifier="{}"><inlineChoice identifier="A">a</inlineChoice>'
        '<inlineChoice identifier="B">b</inlineChoice></inlineChoiceInteraction>'
    )
    correct = "".join(declared("A", name=name) for name in names)
    rules = "".join(when(f'<match>{variable(n)}<correct identifier="{n}"/></match>', add(1)) for n in names)
    row = taken(item(correct, "<p>" + " ".join(choice.format(n) for n in names) + "</p>", rules))
    assert row["scoring"]["categories"] == tuple(range(9))
    chance = random.Random()
    for _ in range(30):
        answer = {name: chance.choice(["A", "B", ""]) for name in names}
        assert scores(row, answer) == [sum(each == "A" for each in answer.values())]


def test_random_rules_earn_what_following_them_by_hand_gives() -> None:
    """Nested conditions over two variables against an interpreter that goes through them answer by answer."""
    chance = random.Random()
    keys = declared("A") + declared("B", name="OTHER")
    body = CHOICES.format(most=1) + CHOICES.format(most=1).replace("RESPONSE", "OTHER")
    for _ in range(15):
        program = made_up(chance, 3)
        rules = "".join(map(as_qti, program)) + add(0.25) + when(is_chosen("A"), add(0.5))
        row = taken(item(keys, f"<p>Two.</p>{body}", rules))
        for first, second in itertools.product(["A", "B", "C", ""], repeat=2):
            answer = {"RESPONSE": first, "OTHER": second}
            by_hand = followed(program, answer, 0.0) + 0.25 + 0.5 * (first == "A")
            assert scores(row, answer) == [pytest.approx(by_hand)]


Rule = tuple[str, Any, Any, Any]


def made_up(chance: random.Random, depth: int) -> list[Rule]:
    rules: list[Rule] = []
    for _ in range(chance.randint(1, 3)):
        kind = chance.choice(["add", "put", "double", *["if"] * depth])
        if kind == "if":
            test = (chance.choice(["RESPONSE", "OTHER"]), chance.choice("ABC"))
            rules.append(("if", test, made_up(chance, depth - 1), made_up(chance, depth - 1)))
        else:
            rules.append((kind, chance.choice([1.0, 2.0, 5.0]), None, None))
    return rules


def as_qti(rule: Rule) -> str:
    kind, what, then, otherwise = rule
    match kind:
        case "add":
            return add(what)
        case "put":
            return put(value(what))
        case "double":
            return put(f"<product>{variable('SCORE')}{value(2)}</product>")
    name, choice = what
    test = f"<match>{variable(name)}{value(choice, 'identifier')}</match>"
    return when(test, "".join(map(as_qti, then)), other("".join(map(as_qti, otherwise))))


def followed(program: list[Rule], answer: dict[str, str], score: float) -> float:
    for kind, what, then, otherwise in program:
        match kind:
            case "add":
                score += what
            case "put":
                score = what
            case "double":
                score *= 2
            case _:
                name, choice = what
                score = followed(then if answer[name] == choice else otherwise, answer, score)
    return score


def text(words: str) -> str:
    return value(words, "string")


IS_RIGHT = "<match>{0}<correct identifier='RESPONSE'/></match>"


@pytest.mark.parametrize(
    ("expression", "typed", "expected"),
    [
        (f"<stringMatch caseSensitive='false'>{{}}{text('Oak')}</stringMatch>", "oak", 1),
        (f"<stringMatch caseSensitive='true'>{{}}{text('Oak')}</stringMatch>", "oak", 0),
        ("<patternMatch pattern='[Oo]ak(tree)?'>{}</patternMatch>", "oaktree", 1),
        ("<patternMatch pattern='oak'>{}</patternMatch>", "oaks", 0),
        (f"<substring caseSensitive='true'>{text('ak')}{{}}</substring>", "oak", 1),
        ("<not><isNull>{}</isNull></not>", "x", 1),
        (f"<and><not><isNull>{{0}}</isNull></not>{IS_RIGHT}</and>", "Oak", 1),
        (f"<anyN min='1' max='1'><isNull>{{0}}</isNull>{IS_RIGHT}</anyN>", "Oak", 1),
    ],
)
def test_operators_on_texts(expression: str, typed: str, expected: float) -> None:
    body = f"<p>Which tree? {TEXT.format('RESPONSE')}</p>"
    rules = when(expression.format(variable("RESPONSE")), put(value(1)))
    row = taken(item(declared("Oak", base_type="string"), body, rules))
    assert scores(row, {"RESPONSE": typed}) == [expected]


@pytest.mark.parametrize(
    ("expression", "typed", "expected"),
    [
        (f"<lte>{{}}{value(3)}</lte>", "3", 1),
        (f"<equal toleranceMode='relative' tolerance='10'>{{}}{value(100)}</equal>", "91", 1),
        (
            f"<equalRounded roundingMode='decimalPlaces' figures='1'>{{}}{value(2.35)}</equalRounded>",
            "2.4",
            1,
        ),
        (f"<gte><power>{{}}{value(2)}</power>{value(9)}</gte>", "3", 1),
        (f"<equal><truncate>{{}}</truncate>{value(4, 'integer')}</equal>", "4.7", 1),
        (f"<equal><mathOperator name='sin'>{{}}</mathOperator>{value(0)}</equal>", "0", 1),
        ("<equal><max>{}<mathConstant name='pi'/></max><mathConstant name='pi'/></equal>", "3.2", 0),
    ],
)
def test_operators_on_numbers(expression: str, typed: str, expected: float) -> None:
    body = f"<p>How much? {TEXT.format('RESPONSE')}</p>"
    rules = when(expression.format(variable("RESPONSE")), put(value(1)))
    row = taken(item(declared("1", base_type="float"), body, rules))
    assert scores(row, {"RESPONSE": typed}) == [expected]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (put("<random><multiple/></random>"), "random: scoring by chance is not taken"),
        (put('<customOperator class="x.y"/>'), "customOperator: scoring by a program of its maker's"),
        (put("<mapResponsePoint identifier='RESPONSE'/>"), "mapResponsePoint: scoring by places"),
        (put("<conjure/>"), "the operator conjure is not known"),
        (put(variable("NOBODY")), "no variable that can be taken is called 'NOBODY'"),
        (put("<mapResponse identifier='RESPONSE'/>"), "RESPONSE is mapped, and declares no mapping"),
        ("<conjure/>", "the rule conjure is not known"),
        (put(value("many")), "'many' is no float"),
        (put(value(1)), "Every answer earns the same"),
        ("http://example.org/my_template", "the template my_template is not taken"),
        (put("<sum>" * 70 + value(1) + "</sum>" * 70), "its rules cannot be taken"),
    ],
)
def test_rules_that_are_not_taken_refuse_the_item_by_line(rules: str, reason: str) -> None:
    question = read(item(declared("B"), f"<p>Count.</p>{CHOICES.format(most=1)}", rules))
    (refusal,) = question.refusals
    assert refusal.startswith("Line ")
    assert reason in refusal


def test_a_trick_with_feedback_refuses_nothing() -> None:
    feedback = put("<random><multiple/></random>", "FEEDBACK") + when(
        "<isNull><conjure/></isNull>", put(value(3), "FEEDBACK")
    )
    assert one_choice(feedback + when(is_chosen("B"), put(value(1)))) == [0, 1, 0, 0]
