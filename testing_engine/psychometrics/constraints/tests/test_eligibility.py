"""The place where content, exposure and shadow test narrow the pool."""

from dataclasses import dataclass

import numpy as np
import pytest

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.state import CatState


def test_rules_narrow_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Eligibility, "registry", dict(Eligibility.registry))

    @dataclass(frozen=True)
    class EveryOther(Eligibility, name="multiples"):
        """Multiples of `of`."""

        of: int = 2

        def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
            multiples: BoolArray = np.arange(state.bank.n_items) % self.of == 0
            return available & multiples

    bank = ItemBank.from_arrays(np.ones((8, 1)), difficulty=np.arange(8.0))
    rules = CatRules.from_json({"eligibility": [{"name": "multiples"}, {"name": "multiples", "of": 3}]})
    assert next_step(TestSoFar(bank, rules, None, 0, [], [])).next_item == 0
    assert next_step(TestSoFar(bank, rules, None, 0, [0], [1])).next_item == 6
    assert next_step(TestSoFar(bank, rules, None, 0, [0, 6], [1, 1])).stop == "exhausted"
