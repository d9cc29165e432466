"""What rules cost is bounded when they are set, by work and not by the clock."""

from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics import rules as rules_module
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.pools import random_pool

MANY_PSER: dict[str, Any] = {"stop": [{"name": "any", "rules": [{"name": "PSER"}] * 15}] * 15}


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ({"criterion": {"name": "MEPV", "grid": {"lower": -4, "upper": 4, "points": 2001}}}, "/criterion"),
        (MANY_PSER, "/stop/0"),
        ({"criterion": {"name": "MEI", "update": "MAP"}}, "/criterion"),
        ({"stop": [{"name": "GLR"}] * 3, "max_questions": 10_000}, "/stop/0"),
        ({"ability": {"name": "EAP", "grid": {"lower": -4, "upper": 4, "points": 2001}}}, "/ability"),
    ],
)
def test_the_dearest_part_is_named(
    monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any], place: str
) -> None:
    bank = random_pool(np.random.default_rng(1), 60)
    parsed = CatRules.from_json(rules)
    parsed.check(bank)
    monkeypatch.setattr(rules_module, "MOST_WORK", 1000.0)
    with pytest.raises(RulesError) as refused:
        parsed.check(bank)
    ((pointer, text),) = refused.value.problems
    assert pointer == place
    assert "million" in text


def test_a_large_pool_makes_the_same_rules_too_dear() -> None:
    rules = CatRules.from_json(MANY_PSER)
    rules.check(random_pool(np.random.default_rng(1), 100))
    with pytest.raises(RulesError, match="at most 300 million"):
        rules.check(random_pool(np.random.default_rng(1), 12_000))


def test_the_default_rules_cost_nothing_to_speak_of() -> None:
    CatRules().check(random_pool(np.random.default_rng(1), 20_000))


@pytest.mark.parametrize("name", ["uniform", "Jeffreys"])
def test_many_cuts_share_one_integral(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Between bounds an integral takes the square of the nodes; it is made once for twenty cuts."""
    made: list[int] = []
    legendre = Quadrature.legendre

    def counted(self: Quadrature, values: Any) -> Any:
        made.append(self.points)
        return legendre(self, values)

    monkeypatch.setattr(Quadrature, "legendre", counted)
    bank = random_pool(np.random.default_rng(1), 60)
    cuts = [i / 5 - 2 for i in range(20)]
    stop = {"name": "classification", "cuts": cuts, "probability": 0.51}
    rules = CatRules.from_json({"prior": {"name": name, "lower": -20, "upper": 20}, "stop": [stop] * 3})
    next_step(TestSoFar(bank, rules, None, 1, [1, 2, 3], [1, 0, 1]))
    assert len(made) == 1
