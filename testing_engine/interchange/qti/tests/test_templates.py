"""Questions made by chance: variants drawn from a seed, each a question that scores as it shows."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from testing_engine.interchange.imported import ImportedQuestion, Upload
from testing_engine.interchange.qti.packages import read_qti
from testing_engine.interchange.qti.tests.samples import (
    CHOICES,
    MATCH,
    declared,
    in_qti_3,
    item,
    package,
    scores,
)
from testing_engine.interchange.questions import parse_pool

ENTRY = '<p>{} <textEntryInteraction responseIdentifier="RESPONSE"/></p>'
TYPED = declared(base_type="integer")


def template(*variables: str, rules: str = "", **attributes: str) -> str:
    """Whole numbers; `rules` as they are."""
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    declarations = "".join(
        f'<templateDeclaration identifier="{name}" cardinality="single" baseType="integer"{said}/>'
        for name in variables
    )
    return f"{declarations}<templateProcessing>{rules}</templateProcessing>"


def value(name: str, expression: str, kind: str = "setTemplateValue") -> str:
    return f'<{kind} identifier="{name}">{expression}</{kind}>'


def whole(lower: int, upper: int, **more: str) -> str:
    said = "".join(f' {name}="{each}"' for name, each in more.items())
    return f'<randomInteger min="{lower}" max="{upper}"{said}/>'


def var(name: str) -> str:
    return f'<variable identifier="{name}"/>'


def constant(number: object, base_type: str = "integer") -> str:
    return f'<baseValue baseType="{base_type}">{number}</baseValue>'


def printed(name: str, **more: str) -> str:
    said = "".join(f' {key}="{each}"' for key, each in more.items())
    return f'<printedVariable identifier="{name}"{said}/>'


def read(text: str, variants: int = 5, seed: int = 1) -> list[ImportedQuestion]:
    return list(read_qti(Upload("q1.xml", text.encode(), variants, seed)).questions)


def rows(text: str, **how: int) -> list[Mapping[str, Any]]:
    found = read(text, **how)
    assert all(each.row is not None for each in found), found[-1].refusals
    return [each.row or {} for each in found]


CORRECT = value("RESPONSE", f"<sum>{var('A')}{var('B')}</sum>", "setCorrectResponse")
DRAWN = value("A", whole(2, 99)) + value("B", whole(10, 90, step="10")) + CORRECT
SUM = item(
    TYPED + template("A", "B", rules=DRAWN),
    ENTRY.format(f"{printed('A')} + {printed('B')} ="),
    MATCH,
    identifier="sum",
)


@pytest.mark.parametrize("text", [SUM, in_qti_3(SUM)], ids=["QTI 2", "QTI 3"])
def test_each_variant_scores_what_it_shows(text: str) -> None:
    found = rows(text)
    assert [row["id"] for row in found] == [f"sum-{n}" for n in range(1, 6)]
    assert {tuple(row["enemy_groups"]) for row in found} == {("sum",)}
    for row in found:
        first, second = map(int, re.findall(r"\d+", row["content"]))
        assert (2 <= first <= 99, second % 10) == (True, 0)
        assert scores(row, {"RESPONSE": str(first + second)}, {"RESPONSE": "1"}) == [1, 0]
    parse_pool({"questions": [{**row, "concepts": [1]} for row in found]})


def test_variants_are_drawn_again_from_the_same_seed_and_differ() -> None:
    contents = [row["content"] for row in rows(SUM, variants=20)]
    assert len(set(contents)) == 20
    assert [row["content"] for row in rows(SUM, variants=20)] == contents
    assert [row["content"] for row in rows(SUM, variants=20, seed=2)] != contents
    assert [row["content"] for row in rows(SUM, variants=3)] == contents[:3]


def test_the_report_says_how_a_variant_was_made_and_few_are_made_of_little() -> None:
    few = SUM.replace(whole(2, 99), whole(1, 2)).replace(whole(10, 90, step="10"), constant(7))
    found = read(few, seed=9)
    assert [(each.source, each.losses[0]) for each in found] == [
        ("q1.xml, variant 1", "Made from a template: variant 1 of 2, drawn with the seed 9."),
        ("q1.xml, variant 2", "Made from a template: variant 2 of 2, drawn with the seed 9."),
    ]


def test_formulas_formats_and_powers() -> None:
    big = value("B", f"<product>{var('A')}{constant(1000)}</product>")
    formula = "<math><mi>A</mi><mo>+</mo><mi>x</mi></math>"
    body = ENTRY.format(
        f"{formula} {printed('A', format='%05.1f')} {printed('B', format='%.1e', powerForm='true')}"
    )
    rules = value("A", whole(3, 3)) + big + value("RESPONSE", var("A"), "setCorrectResponse")
    (row,) = rows(item(TYPED + template("A", "B", rules=rules, mathVariable="true"), body, MATCH))
    assert "<mn>3</mn><mo>+</mo><mi>x</mi>" in row["content"]
    assert "003.0 3.0 × 10³ [[RESPONSE]]" in row["content"]


def one_of(*names: str) -> str:
    return f"<random><multiple>{''.join(constant(name, 'identifier') for name in names)}</multiple></random>"


def right(name: str) -> str:
    return value("RESPONSE", constant(name, "identifier"), "setCorrectResponse")


KIND = '<templateDeclaration identifier="KIND" cardinality="single" baseType="identifier"/>'
IS_BIG = f"<match>{var('KIND')}{constant('big', 'identifier')}</match>"
CONDITION = f"<templateIf>{IS_BIG}{right('A')}</templateIf><templateElse>{right('B')}</templateElse>"
CHOSEN = (
    f"{KIND}<templateProcessing>{value('KIND', one_of('big', 'small'))}"
    f"<templateCondition>{CONDITION}</templateCondition></templateProcessing>"
)


def test_parts_are_shown_and_hidden_and_conditions_choose() -> None:
    depends = 'templateIdentifier="KIND" identifier="big"'
    whale = f"<templateInline {depends}>whale</templateInline>"
    mouse = f'<templateInline {depends} showHide="hide">mouse</templateInline>'
    extra = f'<simpleChoice {depends} showHide="show">Extra</simpleChoice></choiceInteraction>'
    choices = CHOICES.format(most=1).replace("</choiceInteraction>", extra)
    found = rows(item(declared() + CHOSEN, f"<p>A {whale}{mouse}</p>{choices}", MATCH), variants=2)
    seen = {
        row["content"]: (
            len(row["interactions"][0]["choices"]),
            scores(row, {"RESPONSE": "A"}, {"RESPONSE": "B"}),
        )
        for row in found
    }
    assert seen == {"A whale": (4, [1, 0]), "A mouse": (3, [0, 1])}


def test_constraints_hold_and_rules_may_compute_with_the_drawn() -> None:
    constraint = f"<templateConstraint><gt>{var('A')}{var('B')}</gt></templateConstraint>"
    drawn = value("A", whole(1, 9)) + value("B", whole(1, 9)) + constraint
    drawn += value("T", constant(2)) + value("RESPONSE", var("A"), "setCorrectResponse")
    near = f'<equal toleranceMode="absolute" tolerance="T T">{var("RESPONSE")}{var("A")}</equal>'
    processing = (
        f"<responseCondition><responseIf>{near}{value('SCORE', constant(1.0, 'float'), 'setOutcomeValue')}"
        "</responseIf></responseCondition>"
    )
    body = ENTRY.format(f"{printed('A')} - {printed('B')}")
    for row in rows(item(TYPED + template("A", "B", "T", rules=drawn), body, processing), variants=10):
        larger, smaller = map(int, re.findall(r"\d+", row["content"]))
        assert larger > smaller
        answers = [{"RESPONSE": str(larger + off)} for off in (0, 2, 3, -3)]
        assert scores(row, *answers) == [1, 1, 0, 0]


def test_what_a_student_types_may_be_computed_with() -> None:
    drawn = value("A", whole(700, 900)) + value("S", f"<product>{var('A')}{var('A')}</product>")
    drawn += value("RESPONSE", var("A"), "setCorrectResponse")
    square = f"<match><product>{var('RESPONSE')}{var('RESPONSE')}</product>{var('S')}</match>"
    processing = (
        f"<responseCondition><responseIf>{square}{value('SCORE', constant(1.0, 'float'), 'setOutcomeValue')}"
        "</responseIf></responseCondition>"
    )
    text = item(TYPED + template("A", "S", rules=drawn), ENTRY.format(f"x² = {printed('S')}"), processing)
    for row in rows(text, variants=2):
        root = round(int(re.findall(r"= (\d+)", row["content"])[0]) ** 0.5)
        assert scores(row, {"RESPONSE": str(root)}, {"RESPONSE": str(-root)}, {"RESPONSE": "1"}) == [1, 1, 0]


def test_a_package_passes_number_and_seed_on() -> None:
    content = package({"items/sum.xml": SUM, "items/one.xml": SUM.replace('"sum"', '"other"')})
    found = read_qti(Upload("p.zip", content, 3, 4)).questions
    assert [each.id for each in found] == [f"{name}-{n}" for name in ("sum", "other") for n in (1, 2, 3)]
    assert found[0].losses[0].endswith("variant 1 of 3, drawn with the seed 4.")


NEVER = f"<templateConstraint>{constant('false', 'boolean')}</templateConstraint>"
NESTED = '<repeat numberRepeats="200">' * 3 + whole(1, 2) + "</repeat>" * 3
REFUSED = {
    "a constraint that never holds": (NEVER, "in 100 tries"),
    "a value of another kind": (value("A", constant("x", "string")), "A is integer, and is given 'x'"),
    "no such variable": (value("Z", constant(1)), "no variable 'Z' is declared"),
    "a program": (value("A", "<customOperator/>"), "customOperator is not taken"),
    "an unknown rule": ("<setSomething/>", "the rule setSomething is not known"),
    "no end": (value("A", '<randomFloat min="-1e308" max="1e308"/>'), "randomFloat has no range"),
    "no range": (value("A", whole(5, 4)), "randomInteger has no range"),
    "endless": (value("A", NESTED), "needs more than"),
    "too often": (value("A", f'<repeat numberRepeats="9999">{whole(1, 2)}</repeat>'), "more than 200 times"),
    "nothing": (value("A", whole(1, 9)), "declares no correct response"),
}


@pytest.mark.parametrize(("rules", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_drawn_is_refused_once_by_line(rules: str, said: str) -> None:
    (question,) = read(item(TYPED + template("A", rules=rules), ENTRY.format(printed("A")), MATCH))
    assert said in question.refusals[0]
    assert question.refusals[0].startswith("Line ")


@pytest.mark.parametrize("index", ["²", "9" * 5000])
def test_an_index_that_is_no_place_is_refused(index: str) -> None:
    body = ENTRY.format(printed("A", index=index))
    rules = value("A", constant(3))
    (question,) = read(item(TYPED + template("A", rules=rules), body, MATCH))
    assert "there is no value at index" in question.refusals[0]
