"""HiGHS called directly gives what `linprog` gives, to the last bit, and says nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import _linprog_highs
from scipy.sparse import csr_array

from testing_engine.psychometrics.constraints import linear_program
from testing_engine.psychometrics.constraints.linear_program import minimised
from testing_engine.psychometrics.tests.pools import SEEDS

Arguments = tuple[Any, Any, Any, Any, Any, Any]


def drawn(seed: int) -> Arguments:
    """Like the relaxation of a test: a length, areas, a total; some without a solution."""
    rng = np.random.default_rng(seed)
    n, rows = int(rng.integers(3, 60)), int(rng.integers(0, 6))
    above = np.where(rng.random((rows, n)) < 0.4, rng.choice([1.0, -1.0, rng.random()], (rows, n)), 0.0)
    length = float(rng.integers(1, n + 2))
    upper = np.where(rng.random(n) < 0.1, np.inf, 1.0)
    most = rng.integers(-1, 4, rows).astype(float)
    return -rng.random(n), csr_array(above), most, csr_array(np.ones((1, n))), np.array([length]), upper


@given(SEEDS)
def test_it_is_linprog_without_the_rest(seed: int) -> None:
    arguments = drawn(seed)
    own, theirs = minimised(*arguments), linear_program._by_linprog(*arguments)
    assert (own is None) == (theirs is None)
    if own is not None and theirs is not None:
        for name, value in vars(own).items():
            np.testing.assert_array_equal(value, getattr(theirs, name))


def test_it_asks_what_linprog_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    wrapper = _linprog_highs._highs_wrapper  # type: ignore[attr-defined]  # its stubs do not know it

    def noting(*given: Any) -> Mapping[str, Any]:
        asked.update(given[-1])
        found: Mapping[str, Any] = wrapper(*given)
        return found

    monkeypatch.setattr(_linprog_highs, "_highs_wrapper", noting)
    linear_program._by_linprog(*drawn(1))
    asked["presolve"] = "on" if asked["presolve"] else "off"
    kept = {name: value for name, value in asked.items() if value is not None and name != "sense"}
    assert kept
    for name, value in kept.items():
        assert getattr(linear_program._options(), name) == value, name


def test_another_scipy_is_asked_by_linprog(monkeypatch: pytest.MonkeyPatch) -> None:
    own = minimised(*drawn(2))
    monkeypatch.setattr(linear_program, "bound_highs", lambda: None)
    theirs = minimised(*drawn(2))
    assert own is not None
    assert theirs is not None
    np.testing.assert_array_equal(own.x, theirs.x)


def test_highs_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for seed in range(20):
        minimised(*drawn(seed))
    assert capfd.readouterr() == ("", "")
