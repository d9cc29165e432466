"""What no calibration can be made of is refused by a sentence that names the argument."""

from typing import Any

import numpy as np
import pytest

from testing_engine.calibration import Responses, calibrate, link

X = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]])
GOOD = {"a": 1.0, "b": 0.0}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"priors": {"g": 3}}, "priors"),
        ({"priors": 3}, "priors"),
        ({"model": None}, "model"),
        ({"q_matrix": [[1], [np.nan], [1]]}, "q_matrix"),
        ({"q_matrix": [["a"], ["b"], ["c"]]}, "q_matrix"),
        ({"threads": -1}, "threads"),
        ({"threads": 1.5}, "threads"),
        ({"model": "4PL", "fixed": {0: {**GOOD, "lower": 0.9, "upper": 0.2}}}, r"fixed\[0\].lower"),
    ],
)
def test_arguments_are_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}.*: "):
        calibrate(Responses.from_matrix(X), **given)


NOTHING = (
    Responses.from_rows([], [], []),
    Responses.from_matrix(np.zeros((0, 3), int)),
    Responses.from_matrix(np.zeros((3, 0), int)),
)


@pytest.mark.parametrize("empty", NOTHING)
def test_nothing_is_refused(empty: Responses) -> None:
    with pytest.raises(ValueError, match=r"^responses: hold no (items|persons)"):
        calibrate(empty)


def test_an_array_is_no_responses() -> None:
    with pytest.raises(TypeError, match=r"^responses: .*from_matrix.*ndarray"):
        calibrate(X)  # type: ignore[arg-type]


@pytest.mark.parametrize("side", ["old", "new"])
def test_link_names_the_side_and_the_item(side: str) -> None:
    sound = {"x": GOOD, "y": {"a": 1.0, "b": 1.0}}
    sides = {"old": sound, "new": sound} | {side: {**sound, "y": {"a": np.nan, "b": 1.0}}}
    with pytest.raises(ValueError, match=rf"^{side}\['y'\]\.a: must be finite"):
        link(sides["old"], sides["new"])
