"""Rules as JSON: round trip, schema, refusals with reasons, and room for a criterion of one's own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from testing_engine.psychometrics.ability.estimators import Estimator
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.selection.strategies import Strategy
from testing_engine.psychometrics.state import EDITION, CatState
from testing_engine.psychometrics.stopping import Stop

EXAMPLES: list[dict[str, Any]] = [
    {},
    {"max_questions": 12, "min_questions": 4},
    {"ability": {"name": "EAP", "grid": {"lower": -4.0, "upper": 4.0, "points": 33}}},
    {"ability": {"name": "ML", "until_mixed": {"rule": "step", "size": 0.4}}},
    {"ability": {"name": "MAP", "information": "expected", "bounds": {"lower": -4.0, "upper": 4.0}}},
    {"prior": {"name": "normal", "mean": [0.5], "covariance": [[2.0]]}},
    {"prior": {"name": "Jeffreys", "lower": -3.0}},
    {"criterion": {"name": "MEPV"}, "strategy": {"name": "randomesque", "count": 3}},
    {"criterion": {"name": "A", "posterior": False}},
    {"start": {"name": "abilities", "thetas": [-1.0, 1.0], "criterion": {"name": "bOpt"}}},
    {
        "stop": [
            {"name": "precision", "standard_error": 0.25},
            {
                "name": "all",
                "rules": [{"name": "SPRT", "cuts": [0.0, 1.0]}, {"name": "length", "questions": 8}],
            },
        ]
    },
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_json_goes_round(example: dict[str, Any]) -> None:
    rules = CatRules.from_json(example)
    assert rules.to_json() == example
    assert CatRules.from_json(rules.to_json()) == rules
    assert hash(rules) == hash(CatRules.from_json(example))


def test_what_is_a_default_is_left_out() -> None:
    given = {"max_questions": 20, "strategy": {"name": "best"}, "ability": {"name": "EAP", "grid": None}}
    assert CatRules.from_json(given).to_json() == {"ability": {"name": "EAP"}}


def test_schema_accepts_what_we_accept() -> None:
    schema = CatRules.json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for example in EXAMPLES:
        validator.validate(example)
    refused: list[dict[str, Any]] = [
        {"max_questions": 0},
        {"x": 1},
        {"stop": [{"name": "SPRT", "delta": 0}]},
        {"stop": [{}]},
    ]
    for wrong in refused:
        assert not validator.is_valid(wrong)
        with pytest.raises(RulesError):
            CatRules.from_json(wrong)


@pytest.mark.parametrize("kind", [Estimator, Criterion, Strategy, Stop])
def test_every_rule_is_in_the_schema(kind: Any) -> None:
    described = CatRules.json_schema()["$defs"][kind.__name__]["oneOf"]
    assert {rule["properties"]["name"]["const"] for rule in described} == set(kind.registry)
    assert all(rule["description"] for rule in described)


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        (None, [""]),
        ({"min_questions": 9, "max_questions": 5}, ["/min_questions"]),
        ({"max_questions": True}, ["/max_questions"]),
        ({"max_questions": 2.5}, ["/max_questions"]),
        ({"criterion": "MFI"}, ["/criterion"]),
        ({"criterion": {"name": "MFI", "a/b": 1}}, ["/criterion/a~1b"]),
        ({"stop": [{"name": "precision", "standard_error": -1}, {"name": "length"}]},
         ["/stop/0/standard_error", "/stop/1/questions"]),
        ({"stop": [{"name": "classification", "cuts": []}]}, ["/stop/0/cuts"]),
        ({"stop": [{"name": "classification", "cuts": [0, float("nan")]}]}, ["/stop/0/cuts/1"]),
        ({"prior": {"name": "normal", "mean": [0], "covariance": [[-1]]}}, ["/prior/covariance"]),
        ({"prior": {"name": "uniform", "lower": 2, "upper": 1}}, ["/prior/upper"]),
        ({"ability": {"name": "EAP", "grid": {"lower": 1}}},
         ["/ability/grid/upper", "/ability/grid/points"]),
    ],
)  # fmt: skip
def test_refusals_name_the_place(wrong: object, pointers: list[str]) -> None:
    with pytest.raises(RulesError) as caught:
        CatRules.from_json(wrong)
    assert [pointer for pointer, _ in caught.value.problems] == pointers


@pytest.mark.parametrize(
    ("rules", "dimensions", "pointers"),
    [
        ({"ability": {"name": "WLE"}}, 2, ["/ability"]),
        ({"ability": {"name": "EAP"}}, 4, ["/ability"]),
        ({"criterion": {"name": "KL"}}, 2, ["/criterion"]),
        ({"criterion": {"name": "W", "weights": [1.0]}}, 2, ["/criterion/weights"]),
        ({"prior": {"name": "normal", "mean": [0], "covariance": [[1]]}}, 2, ["/prior/mean"]),
        ({"prior": {"name": "Jeffreys"}}, 2, ["/prior"]),
        ({"stop": [{"name": "all", "rules": [{"name": "SPRT"}]}]}, 2, ["/stop/0/rules/0"]),
        ({"stop": [{"name": "precision", "dimensions": [2]}]}, 2, ["/stop/0/dimensions"]),
        ({"start": {"name": "questions", "items": [1, 99]}}, 1, ["/start/items/1"]),
    ],
)
def test_rules_that_cannot_work_with_a_pool_are_refused(
    rules: dict[str, Any], dimensions: int, pointers: list[str]
) -> None:
    bank = ItemBank.from_arrays(np.ones((10, dimensions)))
    with pytest.raises(RulesError) as caught:
        CatRules.from_json(rules).check(bank)
    assert [pointer for pointer, _ in caught.value.problems] == pointers


@pytest.mark.parametrize("dimensions", [1, 5])
def test_defaults_work_with_any_pool(dimensions: int) -> None:
    CatRules().check(ItemBank.from_arrays(np.ones((3, dimensions))))


def test_choices_by_peak_need_logistic_questions() -> None:
    bank = ItemBank.from_arrays(np.ones((2, 1)), "GRM", thresholds=[[-1, 0], [0, 1]])
    with pytest.raises(RulesError):
        CatRules.from_json({"criterion": {"name": "thOpt"}}).check(bank)


def test_a_criterion_plugs_in_with_one_small_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Criterion, "registry", dict(Criterion.registry))

    @dataclass(frozen=True)
    class Last(Criterion, name="last"):
        """The question with the highest index."""

        def values(self, state: CatState) -> FloatArray:
            return np.arange(state.bank.n_items, dtype=float)

    rules = CatRules.from_json({"criterion": {"name": "last"}})
    assert rules.to_json() == {"criterion": {"name": "last"}}
    assert (
        next_step(TestSoFar(ItemBank.from_arrays(np.ones((6, 1))), rules, None, 0, [5], [1])).next_item == 4
    )


def test_rules_nested_without_end_are_refused() -> None:
    rule: dict[str, Any] = {"name": "length", "questions": 1}
    for _ in range(50):
        rule = {"name": "all", "rules": [rule]}
    with pytest.raises(RulesError, match="nested too deeply"):
        CatRules.from_json({"stop": [rule]})


def test_a_short_test_needs_no_minimum() -> None:
    assert CatRules.from_end_criteria(max_questions=3).min_questions == 3
    assert CatRules.from_end_criteria().to_json() == {"min_questions": 5}


@pytest.mark.parametrize(
    ("criteria", "pointer"),
    [
        ({"type": ["precision"]}, "/type"),
        ({"type": "precision", "precision_threshold": 0}, "/precision_threshold"),
        ({"type": "classification", "classification_threshold": 1}, "/classification_threshold"),
        ({"type": "classification", "cut_scores": [0, "x"]}, "/cut_scores/1"),
        ({"min_questions": 21}, "/min_questions"),
        ({"min_questions": 0, "max_questions": 0}, "/max_questions"),
        ({"max_questions": "many"}, "/max_questions"),
    ],
)
def test_the_simple_form_is_refused_in_its_own_words(criteria: dict[str, Any], pointer: str) -> None:
    with pytest.raises(RulesError) as caught:
        CatRules.from_end_criteria(**criteria)
    assert [place for place, _ in caught.value.problems] == [pointer]


def test_a_plan_names_the_edition_it_was_made_by() -> None:
    rules = CatRules.from_json({"max_questions": 7})
    assert rules.to_json() == {"max_questions": 7}
    assert CatRules.from_plan(rules.to_plan()) == rules
    before_editions = CatRules.from_plan({"max_questions": 7})
    assert before_editions.edition == 1
    assert CatRules.from_json(before_editions.to_json()) == before_editions
    with pytest.raises(RulesError) as caught:
        CatRules.from_json({"edition": EDITION + 1})
    assert [place for place, _ in caught.value.problems] == ["/edition"]
