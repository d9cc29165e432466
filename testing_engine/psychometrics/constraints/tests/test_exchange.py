"""Exchanges of two columns: the best of all pairs, one by one, is what arrays of pairs find."""

from itertools import product

import numpy as np
from hypothesis import given

from testing_engine.psychometrics.constraints.integer_program import TOLERANCE, Exchange, Relaxed
from testing_engine.psychometrics.items.response import BoolArray
from testing_engine.psychometrics.tests.pools import SEEDS


@given(SEEDS)
def test_the_best_exchange_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, rows = 14, int(rng.integers(1, 40))
    areas = rng.integers(0, 2, (rows, n)).astype(float)
    matrix = np.vstack([np.ones(n), rng.random(n), areas])
    lower = np.concatenate([[4.0, -np.inf], rng.choice([-np.inf, 0.0, 1.0], rows)])
    upper = np.concatenate([[4.0, rng.uniform(1, 3)], rng.choice([2.0, 3.0, 4.0, np.inf], rows)])
    values, z = rng.random(n).round(1), rng.permutation(n) < rng.integers(3, 6)
    relaxed = Relaxed(0.0, z.astype(float), rng.normal(size=n))
    exchange = Exchange(values, lambda some: np.asfortranarray(matrix[:, some]), lower, upper, relaxed)

    def is_kept(changed: BoolArray) -> bool:
        activity = matrix @ changed
        return bool(((activity >= lower - TOLERANCE) & (activity <= upper + TOLERANCE)).all())

    best: tuple[float, BoolArray] | None = None
    for out, into in product(np.flatnonzero(z), np.flatnonzero(~z)):
        changed = z.copy()
        changed[out], changed[into] = False, True
        gain = float(values[into] - values[out])
        if is_kept(changed) and (best is None or gain > best[0]):
            best = gain, changed
    found = exchange._exchanged(z[exchange.near])
    assert (found is None) == (best is None)
    if found is not None and best is not None:
        np.testing.assert_array_equal(exchange.near[found[1]], np.flatnonzero(best[1]))
