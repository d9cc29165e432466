"""Exposure control against what was asked for: `python -m benchmarks.exposure` prints one Markdown table.

Each search finds its numbers on simulated students; others then take the test under them. Sampling alone lets
the largest of N rates exceed the maximum: "by chance" is what it lets through in all but 1 of 100 samples.
"""

import argparse
import sys
import time

import numpy as np
from scipy.special import ndtri

from benchmarks.engine_workloads import Pool
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.exposure_search import (
    Controlled,
    ExposureNotHeldError,
    search_item_eligibility,
    search_sympson_hetter,
)
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.simulate import simulate

QUESTIONS, LENGTH = 120, 8
CUTS = (-0.5, 0.5)
SEARCHES = ("no control", "item_eligibility", "sympson_hetter", "item_eligibility by θ")


def searched(name: str, pool: Pool, maximum: float, thetas: FloatArray) -> Controlled:
    bank, rules = pool.bank(), CatRules(max_questions=LENGTH)
    if name == "no control":
        return Controlled(rules, simulate(bank, rules, thetas, 1))
    if name == "sympson_hetter":
        return search_sympson_hetter(bank, rules, thetas, maximum, 1)
    return search_item_eligibility(bank, rules, thetas, maximum, 1, CUTS if name.endswith("θ") else ())


def largest_by_band(result: Simulation, ability: FloatArray) -> str:
    bands = np.searchsorted(CUTS, ability)
    rates = [result.exposure_rates(bands == band).max() for band in range(len(CUTS) + 1)]
    return " / ".join(f"{rate:.3f}" for rate in rates)


def row(name: str, maximum: float, students: int, tests: int) -> tuple[str, ...]:
    pool = Pool.of(QUESTIONS, 30)
    own, others = (
        np.random.default_rng(31).normal(size=students),
        np.random.default_rng(32).normal(size=tests),
    )
    began = time.process_time()
    try:
        found = searched(name, pool, maximum, own)
    except ExposureNotHeldError as refused:
        return name, f"{maximum:g}", f"refused: {refused.held:.3f}", "–", "–", "–", "–", "–"
    taken = time.process_time() - began
    result = simulate(pool.bank(), found.rules, others, 2)
    chance = maximum + ndtri(1 - 0.01 / QUESTIONS) * np.sqrt(maximum * (1 - maximum) / tests)
    return (
        name,
        f"{maximum:g}",
        f"{result.exposure_rates().max():.3f}",
        f"{chance:.3f}",
        largest_by_band(result, result.estimates[:, 0]),
        largest_by_band(result, others),
        f"{result.report().rmse[0]:.3f}",
        f"{taken:.0f}",
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exposure", description=__doc__)
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--others", type=int, default=8000, help="students whose rates are told")
    parser.add_argument("--maximum", type=float, action="append", help="0.2 and 0.1 if none is given")
    parser.add_argument("--only", choices=SEARCHES, action="append")
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    chosen = parser.parse_args(arguments)
    students, others = (60, 60) if chosen.tiny else (chosen.students, chosen.others)
    head = (
        "rule",
        "asked",
        "largest rate",
        "by chance",
        "by band of θ̂",
        "by band of θ",
        "RMSE",
        "search (s)",
    )
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for maximum in chosen.maximum or ([0.4] if chosen.tiny else [0.2, 0.1]):
        for name in chosen.only or SEARCHES:
            print("| " + " | ".join(row(name, maximum, students, others)) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
