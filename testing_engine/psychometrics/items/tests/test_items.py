"""What a question may be, and that refusals name the field."""

from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameterError, ItemParameters

NAN = float("nan")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"concepts": ()}, "concepts"),
        ({"concepts": (0.0, 0.0)}, "concepts"),
        ({"concepts": (1.0, -0.1)}, "concepts"),
        ({"concepts": (NAN,)}, "concepts"),
        ({"model": "5PL"}, "model"),
        ({"difficulty": float("inf")}, "difficulty"),
        ({"discrimination": 0.0}, "discrimination"),
        ({"guessing": 1.0}, "guessing"),
        ({"guessing": -0.1}, "guessing"),
        ({"guessing": 0.4, "upper": 0.4}, "upper"),
        ({"upper": 1.1}, "upper"),
        ({"model": "1PL", "discrimination": 1.2}, "discrimination"),
        ({"model": "1PL", "guessing": 0.2}, "guessing"),
        ({"model": "GRM", "guessing": 0.2, "thresholds": (0.0,)}, "guessing"),
        ({"model": "PCM", "discrimination": 2.0, "thresholds": (0.0,)}, "discrimination"),
        ({"model": "GRM"}, "thresholds"),
        ({"model": "GRM", "thresholds": (0.0, 0.0)}, "thresholds"),
        ({"model": "GPCM", "thresholds": (NAN,)}, "thresholds"),
        ({"thresholds": (0.0,)}, "thresholds"),
        ({"model": "NRM"}, "category_slopes"),
        (
            {"model": "NRM", "category_slopes": (1.0, 1.0), "category_intercepts": (0.0, 1.0)},
            "category_slopes",
        ),
        (
            {"model": "NRM", "category_slopes": (0.0, 1.0), "category_intercepts": (0.0,)},
            "category_intercepts",
        ),
        ({"category_slopes": (0.0, 1.0)}, "category_slopes"),
        ({"category_intercepts": (0.0, 1.0)}, "category_intercepts"),
    ],
)
def test_refusals_name_the_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ItemParameterError) as caught:
        ItemParameters(**{"concepts": (1.0,), **wrong})
    assert caught.value.field == field


def test_pools_need_questions_of_equal_width() -> None:
    with pytest.raises(ItemParameterError):
        ItemBank.from_parameters([])
    with pytest.raises(ItemParameterError, match="same number"):
        ItemBank.from_parameters([ItemParameters((1.0,)), ItemParameters((1.0, 1.0))])
    with pytest.raises(ItemParameterError):
        ItemBank.from_arrays(np.ones((2, 1)), "GRM")


def test_categories_are_counted() -> None:
    items = [
        ItemParameters((1.0,)),
        ItemParameters((1.0,), "GRM", thresholds=(0.0, 1.0)),
        ItemParameters((1.0,), "RSM", thresholds=(0.0, -1.0, 1.0)),
        ItemParameters((1.0,), "NRM", category_slopes=(0, 1, 2, 3, 4), category_intercepts=(0,) * 5),
    ]
    assert [item.n_categories for item in items] == [2, 3, 4, 5]
    assert ItemBank.from_parameters(items).n_categories.tolist() == [2, 3, 4, 5]


def test_arrays_cannot_be_written() -> None:
    bank, prior = ItemBank.from_arrays(np.ones((3, 1))), NormalPrior.standard(2)
    for array in (bank.slopes, bank.intercepts, bank.n_categories, prior.mean, prior.covariance):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    "covariance", [[[1.0, 0.5], [0.4, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[np.inf, 0.0], [0.0, 1.0]]]
)
def test_priors_are_refused(covariance: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="prior"):
        NormalPrior(np.zeros(2), np.array(covariance))
