"""HiGHS called directly gives what `linprog` gives, to the last bit, and says nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import _linprog_highs
from scipy.sparse import csc_array

from testing_engine.psychometrics.constraints import linear_program
from testing_engine.psychometrics.constraints.linear_program import minimised
from testing_engine.psychometrics.constraints.rows import Matrix, Part, Rows
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.tests.pools import SEEDS

Arguments = tuple[FloatArray, Part, FloatArray]


def drawn(seed: int) -> Arguments:
    """Like the relaxation of a test: a length, areas, a total; some without a solution."""
    rng = np.random.default_rng(seed)
    n, rows = int(rng.integers(3, 60)), int(rng.integers(0, 6))
    above = np.where(rng.random((rows, n)) < 0.4, rng.choice([1.0, -1.0, rng.random()], (rows, n)), 0.0)
    length = float(rng.integers(1, n + 2))
    upper = np.where(rng.random(n) < 0.1, np.inf, 1.0)
    most = rng.integers(-1, 4, rows).astype(float)
    matrix = csc_array(np.vstack([above, np.ones((1, n))]))
    start, row = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    part = Part(start, row, matrix.data, np.append(most, length), 1)
    return -rng.random(n), part, upper


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


@given(SEEDS)
def test_columns_gathered_by_hand_are_those_that_scipy_selects(seed: int) -> None:
    rng = np.random.default_rng(seed)
    above, equal = (np.where(rng.random((r, 30)) < 0.3, rng.normal(size=(r, 30)), 0.0) for r in (6, 2))
    both, high = np.vstack([above, equal]), rng.choice([-1.0, 0.0, 1.0], 8)
    rows = Rows(Matrix(csc_array(above), csc_array(equal)), high, own=2)
    z = rng.random(30) < 0.2
    np.testing.assert_array_equal(rows.without(z).high, high - csc_array(both) @ z.astype(float))
    columns = np.flatnonzero(rng.random(30) < 0.4)
    part, kept = rows.among(columns)
    selected = csc_array(both[kept][:, columns])
    own = part.matrix()
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(own, name), getattr(selected, name))
    np.testing.assert_array_equal(part.low, np.where(np.flatnonzero(kept) < 6, -np.inf, high[kept]))
    broken = np.where(np.arange(8) < 6, high < 0, high != 0)
    np.testing.assert_array_equal(kept, broken | both[:, columns].any(axis=1))
    order = rng.permutation(30)[:20]
    expected = [np.flatnonzero(both[row, order]) for row in (0, 1, 2, 3, 6, 7) if both[row, order].any()]
    found = list(rows.side(order))
    assert [places.tolist() for places, _, _ in found] == [places.tolist() for places in expected]
    varied = [len(set(both[row][both[row] != 0])) > 1 for row in (0, 1, 2, 3, 6, 7) if both[row, order].any()]
    assert [varies for _, _, varies in found] == varied
    prices = rng.normal(size=8)
    in_order = csc_array(above).T @ prices[:6] + csc_array(equal).T @ prices[6:]
    np.testing.assert_array_equal(rows.matrix.priced(prices), in_order)
    np.testing.assert_array_equal(part.dense(), own.toarray())
