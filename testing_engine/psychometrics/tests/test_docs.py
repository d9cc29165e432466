"""docs/ENGINE.md is complete, and its first example runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from testing_engine.psychometrics.ability.estimators import Estimator
from testing_engine.psychometrics.ability.prior_rules import PriorRule
from testing_engine.psychometrics.items.bank import MODELS
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.selection.start import Start
from testing_engine.psychometrics.selection.strategies import Strategy
from testing_engine.psychometrics.stopping import Stop

PAGE = Path(__file__).parents[3] / "docs" / "ENGINE.md"


@pytest.mark.parametrize("kind", [Estimator, Criterion, Strategy, Start, Stop, PriorRule])
def test_every_rule_is_documented(kind: Any) -> None:
    words = set(re.findall(r"[\w-]+", PAGE.read_text()))
    assert set(kind.registry) <= words


def test_every_model_is_documented() -> None:
    assert all(f"| {model} |" in PAGE.read_text() for model in MODELS)


def test_the_first_example_runs() -> None:
    example = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102
    assert names["step"].next_item == 0
