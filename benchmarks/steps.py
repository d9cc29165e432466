"""One step at many abilities, on a bank that nothing was asked of yet and again, beside a plain NumPy scan.

`python -m benchmarks.steps` prints one Markdown table, milliseconds of wall time. A hundred tests of 0 to 20
answers, each at another ability, take their step one after the other. "First" is the first of them on a fresh
bank, "cold" the mean of all hundred on it, "warm" the mean of the same hundred after 20 such rounds, as many
steps as some 65 tests of 30 take; "NumPy" remembers nothing, so it has one time; in several dimensions it has
two scans: one finds the mode, one the mean, which is what the engine finds, from 4,096 draws. The engine and
NumPy take turns, and of each step the least of several turns counts. Making the bank is not part of it.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import engine_workloads, table
from benchmarks.scans import Model, Questions
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules

STATES, ANSWERED = 100, 20
TURNS, WARMING = 5, 20
RULES = CatRules(max_questions=ANSWERED + 10)
State = tuple[list[int], list[int]]  # questions and scores

ROWS: tuple[tuple[Model, int, int], ...] = (
    ("3PL", 500, 1),
    ("3PL", 5_000, 1),
    ("3PL", 50_000, 1),
    ("3PL", 500_000, 1),
    ("1PL", 500, 1),
    ("1PL", 5_000, 1),
    ("1PL", 50_000, 1),
    ("2PL", 500, 1),
    ("4PL", 500, 1),
    ("4PL", 5_000, 1),
    ("GRM", 500, 1),
    ("GRM", 5_000, 1),
    ("GPCM", 500, 1),
    ("GPCM", 5_000, 1),
    ("NRM", 500, 1),
    ("NRM", 5_000, 1),
    ("2PL", 500, 5),
    ("2PL", 5_000, 5),
    ("2PL", 50_000, 5),
    ("3PL", 5_000, 5),
)


@dataclass(frozen=True)
class Measured:
    """Milliseconds."""

    first: float
    cold: float
    warm: float
    plain: float
    plain_mean: float | None  # in several dimensions


def begun(bank: ItemBank, count: int = STATES, seed: int = 4) -> list[State]:
    """Tests of students θ ~ N(0, 1), the first not begun, the others after 0 to `ANSWERED` answers."""
    whole = engine_workloads.states(bank, count, ANSWERED, seed)
    lengths = (student % (ANSWERED + 1) for student in range(count))
    return [(list(test.items[:n]), list(test.scores[:n])) for test, n in zip(whole, lengths, strict=True)]


def measured(model: Model, n: int, dimensions: int, states: int = STATES, turns: int = TURNS) -> Measured:
    pool = Questions.drawn(model, n, dimensions)
    known, scan = begun(pool.bank(), states), pool.scan()
    cold, warm, plain = [], [], []
    for _ in range(turns):
        bank = pool.bank()

        def step(items: Sequence[int], scores: Sequence[int], bank: ItemBank = bank) -> object:
            return next_step(TestSoFar(bank, RULES, None, 0, items, scores))

        cold.append(_times(step, known))
        plain.append(_times(scan, known))
        for _ in range(WARMING):
            _times(step, known)
        warm.append(_times(step, known))
        plain.append(_times(scan, known))
        warm.append(_times(step, known))
    coldest = np.min(cold, axis=0)
    at_mean = float(np.mean(_times(pool.scan_at_mean(), known))) if dimensions > 1 else None
    cold_mean, warm_mean, plain_mean = (
        float(np.mean(each)) for each in (coldest, _least(warm), _least(plain))
    )
    return Measured(float(coldest[0]), cold_mean, warm_mean, plain_mean, at_mean)


def _least(runs: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(np.min(runs, axis=0))


def _times(step: Callable[[Sequence[int], Sequence[int]], object], known: Sequence[State]) -> FloatArray:
    """(states,) milliseconds of each."""
    times = []
    for items, scores in known:
        start = time.perf_counter()
        step(items, scores)
        times.append(1000 * (time.perf_counter() - start))
    return np.array(times)


def lines(model: Model, n: int, dimensions: int, found: Measured) -> list[list[str]]:
    """One, in several dimensions two: beside a scan at the mode, and beside one at the mean."""
    if found.plain_mean is None:
        return [_line(f"{model}, N = {n:,}", found, found.plain)]
    name = f"{model}, N = {n:,}, {dimensions} dimensions"
    return [
        _line(f"{name}, NumPy at the mode", found, found.plain),
        _line(f"{name}, NumPy at the mean", found, found.plain_mean),
    ]


def _line(name: str, found: Measured, plain: float) -> list[str]:
    times = [f"{each:.3f}" for each in (found.first, found.cold, found.warm, plain)]
    return [name, *times, f"×{plain / found.cold:.2g}", f"×{plain / found.warm:.2g}"]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__)
    parser.add_argument(
        "rows", nargs="*", metavar="row", help="like 3PL-500 or 2PL-5000-5; all if none is named"
    )
    chosen = parser.parse_args(arguments).rows
    header = ("one step (ms)", "first", "cold", "warm", "NumPy", "NumPy / cold", "NumPy / warm")
    rows = []
    for model, n, dimensions in ROWS:
        name = f"{model}-{n}" + (f"-{dimensions}" if dimensions > 1 else "")
        if not chosen or name in chosen:
            rows += lines(model, n, dimensions, measured(model, n, dimensions))
    print(table(header, rows))


if __name__ == "__main__":
    main(sys.argv[1:])
