"""Whether the calibration's intervals and alarms hold what they claim, on simulated adaptive tests.

25 of 120 questions, the most informative five drawn among at random. Intervals of 95 % of items with 200
answers and more should hold the truth in 93.5 to 96.5 %; of items and persons that do not misfit 3 to 7 %
should be flagged at 5 %, impact between the groups or not. What is not meant for adaptive tests stands below
the line, with what comes of it there. With `--concepts 3` of questions that measure three concepts, some of
them two at once, and how often those that do drift or misfit are found.

    python -m benchmarks.calibration_levels [--tiny] [--rounds 10] [--persons 3000] [--seed 1] [--concepts 1]
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from benchmarks import table
from testing_engine.calibration import (
    Calibration,
    Responses,
    calibrate,
    classical_dif,
    cusum_fit,
    dif,
    drift,
    item_fit,
    prequential_fit,
    standardised_fit,
)
from testing_engine.calibration.responses import FloatArray
from testing_engine.calibration.tests.adaptive import (
    adaptive_answers,
    adaptive_answers_of_several,
    correlated,
    pool,
    several_pool,
)

ENOUGH = {"interval": 200, "alarm": 150}  # answers of an item that is looked at
IMPACT = 0.8
Found = dict[str, list[float]]  # name → 1 where it held, or alarmed; by round
AIMS = {"interval": "0.935 to 0.965", "alarm": "0.030 to 0.070", "found": "–"}
MOVED, BY = 6, 0.6  # questions that became easier, and by how much, in logits of the difficulty
ABERRANT = 0.1  # share of the persons who answer at random from the middle on
NOT_FOR_ADAPTIVE = "l_z* (fixed forms only)"


def rounds(count: int, persons: int, seed: int) -> dict[str, Found]:
    """The share of each round, by what it is of: of "interval", and of "alarm"."""
    shares: dict[str, Found] = {"interval": defaultdict(list), "alarm": defaultdict(list)}
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        a, b = pool(rng)
        for name, held in _intervals(a, b, persons, rng).items():
            shares["interval"][name].append(float(np.mean(held)))
        alarmed = _alarms(a, b, persons, rng) | _group_alarms(a, b, persons, rng)
        for name, alarms in alarmed.items():
            shares["alarm"][name].append(float(np.mean(alarms)))
    return shares


def rounds_of_several(count: int, persons: int, seed: int, concepts: int) -> dict[str, Found]:
    """Of "alarm" where nothing is wrong, and of what is "found", by round."""
    shares: dict[str, Found] = {"alarm": defaultdict(list), "found": defaultdict(list)}
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        slopes, d = several_pool(rng, concepts=concepts)
        looks = (("alarm", 0, 0.0), ("found", MOVED, 0.0), ("found", 0, ABERRANT))
        for kind, moved, aberrant in looks:
            for name, each in _looked_at(slopes, d, persons, rng, moved, aberrant).items():
                if each:
                    shares[kind][name].append(float(np.mean(each)))
    return shares


def _looked_at(
    slopes: FloatArray, d: FloatArray, persons: int, rng: np.random.Generator, moved: int, aberrant: float
) -> Found:
    """A night in which so many questions `moved` and such a share of the persons was `aberrant`."""
    length = np.linalg.norm(slopes, axis=1)
    drifted = rng.choice(len(d), moved, replace=False)
    shift = np.zeros(len(d))
    shift[drifted] = BY * length[drifted]
    theta = correlated(rng, persons, slopes.shape[1]) * 1.1 + 0.3
    data = adaptive_answers_of_several(slopes, d, theta, rng, shift)
    strange = rng.random(persons) < aberrant
    late = strange[data.person] & (np.arange(data.n_answers) % 25 >= 12)
    category = np.where(late, rng.random(data.n_answers) < 0.5, data.category).astype(np.int32)
    data = Responses(data.persons, data.items, data.start, data.item, category, data.group, data.groups)
    known = {item: {"a": slopes[item], "d": [d[item]]} for item in range(len(d))}
    found = drift(data, known, q_matrix=slopes != 0, predictive=True)
    assert found.fit is not None
    often = {item: test for item, test in found.items.items() if test.n >= ENOUGH["alarm"]}
    shapes = [test.p_all for test in item_fit(found.fit).items.values() if test.n >= ENOUGH["alarm"]]
    flagged = prequential_fit(found.fit).flagged
    if aberrant:
        return {
            f"{ABERRANT:.0%} of the persons at random from the middle on: found": _flags(flagged[strange])
        }
    if not moved:
        return {
            "drift, 1 df": [float(test.p < 0.05) for test in often.values()],
            "drift, 1 + m df": [float(test.p_all < 0.05) for test in often.values()],
            "item fit": [float(p < 0.05) for p in shapes],
            "persons, prequential": _flags(flagged),
        }
    of_moved = [test for item, test in often.items() if item in drifted]
    others = [test for item, test in often.items() if item not in drifted]
    return {
        f"{MOVED} questions easier by {BY}: flagged": [float(test.flagged) for test in of_moved],
        "the others: flagged": [float(test.flagged) for test in others],
        "the others at 5 %": [float(test.p_all < 0.05) for test in others],
    }


def _intervals(a: FloatArray, b: FloatArray, persons: int, rng: np.random.Generator) -> Found:
    """Whether estimate ± 1.96 SE holds the truth, of each item with answers enough."""
    fit = calibrate(adaptive_answers(a, b, rng.normal(size=persons), rng))
    held: Found = defaultdict(list)
    for item in np.flatnonzero(fit.responses.answers_per_item >= ENOUGH["interval"]).tolist():
        estimate, error = fit.parameters[item], fit.standard_errors[item]
        for name, found, its_error, truth in (
            ("a", estimate.a[0], error.a[0], a[item]),
            ("d", estimate.d[0], error.d[0], -a[item] * b[item]),
            ("b", estimate.b[0], error.b[0], b[item]),
        ):
            held[f"interval of {name}"].append(float(abs(found - truth) < 1.96 * its_error))
    return held


def _alarms(a: FloatArray, b: FloatArray, persons: int, rng: np.random.Generator) -> Found:
    """Of items and persons that fit, in a population that is not N(0, 1)."""
    data = adaptive_answers(a, b, rng.normal(0.5, 1.0, persons), rng)
    parameters = {item: {"a": a[item], "b": b[item]} for item in range(len(a))}
    often = [test for test in drift(data, parameters).items.values() if test.n >= ENOUGH["alarm"]]
    own = calibrate(data)
    shapes = [test.p_all for test in item_fit(own).items.values() if test.n >= ENOUGH["alarm"]]
    known = calibrate(data, fixed=parameters)
    return {
        "drift, 1 df": [float(test.p < 0.05) for test in often],
        "drift, 2 df": [float(test.p_all < 0.05) for test in often],
        "item fit": [float(p < 0.05) for p in shapes],
        "persons, prequential": _flags(prequential_fit(known).flagged),
        "persons, CUSUM": _flags(cusum_fit(known).flagged),
        NOT_FOR_ADAPTIVE: _flags(standardised_fit(known).flagged),
    }


def _group_alarms(a: FloatArray, b: FloatArray, persons: int, rng: np.random.Generator) -> Found:
    """Of items without DIF, between groups with an impact."""
    which = np.arange(persons) % 2
    group = np.where(which == 1, "F", "R").tolist()
    data = adaptive_answers(a, b, rng.normal(size=persons) - IMPACT * which, rng, group=group)
    tests = [test for test in dif(data).items.values() if test.n >= ENOUGH["alarm"]]
    classical = classical_dif(data, _of_one_group(data, a, b)).values()
    return {
        "DIF, 1 df": [float(test.p < 0.05) for test in tests],
        "DIF, 2 df": [float(test.p_all < 0.05) for test in tests],
        "Mantel–Haenszel": [float(test.mh_p < 0.05) for test in classical],
        "logistic": [float(test.logistic_p < 0.05) for test in classical],
    }


def _of_one_group(data: Responses, a: FloatArray, b: FloatArray) -> Calibration:
    return calibrate(data, fixed={item: {"a": a[item], "b": b[item]} for item in range(len(a))})


def _flags(flagged: np.ndarray) -> list[float]:
    return [float(each) for each in flagged]


def rows(shares: dict[str, Found]) -> list[list[str]]:
    """What, share, its standard error over the rounds, the aim."""
    lines = []
    for kind, found in shares.items():
        for name, each in found.items():
            error = float(np.std(each, ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")
            aim = "–" if name == NOT_FOR_ADAPTIVE else AIMS[kind]
            lines.append([name, f"{np.mean(each):.3f}", f"{error:.3f}", aim])
    return sorted(lines, key=lambda line: line[3] == "–")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--persons", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concepts", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    options = parser.parse_args(arguments)
    count, persons = (1, 400) if options.tiny else (options.rounds, options.persons)
    several = options.concepts > 1
    found = (
        rounds_of_several(count, persons, options.seed, options.concepts)
        if several
        else rounds(count, persons, options.seed)
    )
    print(table(["", "share", "standard error", "aim"], rows(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
