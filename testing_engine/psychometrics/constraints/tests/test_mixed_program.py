"""HiGHS called directly finds as good a solution as `milp`, whatever it begins with, and says nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.sparse import csc_array

from testing_engine.psychometrics.constraints import mixed_program
from testing_engine.psychometrics.constraints.mixed_program import by_milp, guided
from testing_engine.psychometrics.constraints.rows import Part
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.tests.pools import SEEDS

EXACT, NODES = 0.0, 5_000


def drawn(seed: int) -> tuple[FloatArray, Part]:
    """A length, counts of some columns, a total; some without a solution."""
    rng = np.random.default_rng(seed)
    n, rows = int(rng.integers(3, 40)), int(rng.integers(0, 5))
    counts = (rng.random((rows, n)) < 0.4).astype(float)
    total, length = rng.lognormal(0, 0.4, (1, n)), float(rng.integers(1, n))
    matrix = csc_array(np.vstack([counts, total, np.ones((1, n))]))
    start, row = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    most = [*rng.integers(0, 6, rows), length * rng.uniform(0.5, 1.2), length]
    return -rng.random(n), Part(start, row, matrix.data, np.array(most, dtype=float), 1)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_both_searches_find_the_best(seed: int) -> None:
    cost, rows = drawn(seed)
    theirs, own = by_milp(cost, rows, EXACT, NODES, None), guided(cost, rows, EXACT, NODES, None)
    assert (own.z is None) == (theirs.z is None)
    assert not own.ran_out
    if own.z is None or theirs.z is None:
        assert own.bound == theirs.bound == np.inf
        return
    assert cost @ own.z == pytest.approx(cost @ theirs.z, abs=2e-6)
    activity = rows.matrix() @ own.z.astype(float)
    assert (activity <= rows.high + 1e-6).all()
    assert (activity >= rows.low - 1e-6).all()
    again = guided(cost, rows, EXACT, NODES, theirs.z)
    assert again.z is not None
    assert cost @ again.z == pytest.approx(cost @ theirs.z, abs=2e-6)
    nonsense = guided(cost, rows, EXACT, NODES, np.ones(len(cost), dtype=bool))
    assert nonsense.z is not None
    assert cost @ nonsense.z == pytest.approx(cost @ theirs.z, abs=2e-6)


def test_what_is_known_is_what_is_left_without_nodes() -> None:
    cost, rows = drawn(2)
    best = guided(cost, rows, EXACT, NODES, None).z
    assert best is not None
    found = guided(cost, rows, 0.9, 0, best)
    assert found.z is not None
    np.testing.assert_array_equal(found.z, best)


def test_highs_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for seed in range(20):
        guided(*drawn(seed), EXACT, NODES, None)
    assert capfd.readouterr() == ("", "")


def test_another_scipy_is_asked_by_milp(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = by_milp(*drawn(2), EXACT, NODES, None)
    monkeypatch.setattr(mixed_program, "bound_highs", lambda: None)
    own = guided(*drawn(2), EXACT, NODES, None)
    assert own.z is not None
    assert theirs.z is not None
    np.testing.assert_array_equal(own.z, theirs.z)
