"""What a simulation says, as plain data: of one design, and of two side by side on the same students.

e = θ̂ − θ. Whatever cannot be said (nobody in a bin, no variance) is None.
"""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.simulation.result import Simulation

EXHAUSTED = "exhausted"  # why a test ended for which no question was left
LEVEL = 0.95  # of the intervals whose coverage is counted
EDGES = tuple(np.arange(-3.0, 3.25, 0.5).tolist())  # of the bins of true ability; the outer ones are open
RATE_EDGES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


def summary(simulation: Simulation, cuts: Sequence[float] = ()) -> dict[str, Any]:
    """One design: means over all students, along ability, lengths, exposure, and levels between the cuts."""
    whole = asdict(simulation.report(cuts, LEVEL))
    whole["stops"] = dict(whole["stops"])
    concepts = range(simulation.thetas.shape[1])
    plain: dict[str, Any] = as_plain(
        {
            **whole,
            "reliability": [squared_correlation(simulation, concept) for concept in concepts],
            "along": [along(simulation, concept) for concept in concepts],
            "lengths": lengths(simulation),
            "exposure": exposure(simulation),
            "levels": [levels(simulation, concept, cuts) for concept in concepts] if cuts else [],
        }
    )
    if simulation.criterion is not None:
        plain["recorded"] = as_plain(recorded(simulation))
    return plain


def recorded(simulation: Simulation) -> dict[str, Any]:
    """Of persons whose answers were there before, against the estimate from all of them.

    `expected_rmse`: √ mean(SE² − SE²_all), what the RMSE is if the model is right. `ran_out`: share of the
    tests that ended because the person had no answer left. `unrecorded_steps`: questions without a recorded
    answer that the design wanted, each once for a person, by the questions that it asked.
    """
    criterion, taken = simulation.criterion, simulation.taken
    assert criterion is not None
    steps = int(simulation.lengths.sum())
    return {
        "answered": float(criterion.answered.mean()),
        "criterion_standard_error": criterion.standard_errors.mean(axis=0).tolist(),
        "correlation": [
            _correlation(criterion.estimates[:, concept], simulation.estimates[:, concept])
            for concept in range(criterion.estimates.shape[1])
        ],
        "expected_rmse": np.sqrt((simulation.errors_from_criterion**2).mean(axis=0)).tolist(),
        "ran_out": float((taken.stops == EXHAUSTED).mean()),
        "persons_who_ran_out": int((taken.stops == EXHAUSTED).sum()),
        "unrecorded_steps": float(taken.unrecorded.sum()) / steps if steps else 0.0,
        "persons_with_unrecorded_steps": int((taken.unrecorded > 0).sum()),
    }


def along(simulation: Simulation, concept: int = 0) -> list[dict[str, Any]]:
    """A row per bin of true ability, from below: how many, bias, RMSE, mean SE, coverage, mean length."""
    bounds = [None, *EDGES, None]
    reports = simulation.along(EDGES, concept, level=LEVEL)
    return [
        {
            "low": bounds[place],
            "high": bounds[place + 1],
            "students": report.students,
            "bias": report.bias[concept],
            "rmse": report.rmse[concept],
            "mean_standard_error": report.mean_standard_error[concept],
            "coverage": report.coverage[concept],
            "mean_length": report.mean_length,
        }
        for place, report in enumerate(reports)
    ]


def lengths(simulation: Simulation) -> dict[str, Any]:
    """Shortest, quartiles, longest, and how many tests had each length."""
    found = simulation.lengths
    least, first, median, third, most = np.percentile(found, [0, 25, 50, 75, 100]).tolist()
    counted = np.bincount(found)
    return {
        "least": int(least),
        "quartiles": [first, median, third],
        "most": int(most),
        "counts": {str(length): int(count) for length, count in enumerate(counted) if count},
    }


def exposure(simulation: Simulation) -> dict[str, Any]:
    """Rates by question in the pool's order, their histogram, and what share of the pool is never used.

    `bins`: questions never given, then those with a rate above one edge and at most the next.
    """
    rates = simulation.exposure_rates()
    used = rates[rates > 0]
    histogram = [int(np.count_nonzero(rates == 0))]
    for low, high in pairwise(RATE_EDGES):
        histogram.append(int(np.count_nonzero((used > low) & (used <= high))))
    return {
        "rates": rates.tolist(),
        "largest": float(rates.max()),
        "unused": float((rates == 0).mean()),
        "edges": list(RATE_EDGES),
        "bins": histogram,
    }


def levels(simulation: Simulation, concept: int, cuts: Sequence[float]) -> dict[str, Any]:
    """By the cuts, lowest level first: students by true level (row) and estimated one (column); the share on
    the diagonal, Cohen's κ, and for each cut who is above it wrongly and below it wrongly, of all."""
    ordered = np.sort(np.asarray(cuts, dtype=float))
    true = np.searchsorted(ordered, simulation.thetas[:, concept])
    told = np.searchsorted(ordered, simulation.estimates[:, concept])
    table = np.zeros((len(ordered) + 1, len(ordered) + 1), dtype=int)
    np.add.at(table, (true, told), 1)
    shares = table / max(len(true), 1)
    chance = float(shares.sum(axis=0) @ shares.sum(axis=1))
    agreed = float(np.trace(shares))
    return {
        "cuts": ordered.tolist(),
        "students": table.tolist(),
        "accuracy": agreed,
        "kappa": (agreed - chance) / (1 - chance) if chance < 1 else None,
        "wrongly_above": [float(((true <= cut) & (told > cut)).mean()) for cut in range(len(ordered))],
        "wrongly_below": [float(((true > cut) & (told <= cut)).mean()) for cut in range(len(ordered))],
    }


def compare(first: Simulation, second: Simulation, cuts: Sequence[float] = ()) -> dict[str, Any]:
    """Two designs on the same students, concept by concept and in length; differences are second − first.

    `ranks`: Spearman's correlation of the two designs' estimates, and of each design's with the truth. The
    difference of mean squared errors and of lengths comes from pairs, with its standard error.
    """
    if not np.array_equal(first.thetas, second.thetas):
        raise ValueError("two designs are compared on the same students")
    concepts = [_concept(first, second, each, cuts) for each in range(first.thetas.shape[1])]
    longer = (second.lengths - first.lengths).astype(float)
    plain: dict[str, Any] = as_plain({"concepts": concepts, "length": _paired(longer)})
    return plain


def _concept(first: Simulation, second: Simulation, concept: int, cuts: Sequence[float]) -> dict[str, Any]:
    true = first.thetas[:, concept]
    a, b = first.estimates[:, concept], second.estimates[:, concept]
    row: dict[str, Any] = {
        "ranks": spearman(a, b),
        "ranks_with_truth": [spearman(a, true), spearman(b, true)],
        "shift": _paired(b - a),
        "squared_error": _paired((b - true) ** 2 - (a - true) ** 2),
    }
    if cuts:
        ordered = np.sort(np.asarray(cuts, dtype=float))
        row["same_level"] = float((np.searchsorted(ordered, a) == np.searchsorted(ordered, b)).mean())
    return row


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float | None:
    """Rank correlation, ties at their mean rank; None where one of them does not vary."""
    return _correlation(scipy.stats.rankdata(np.asarray(x)), scipy.stats.rankdata(np.asarray(y)))


def squared_correlation(simulation: Simulation, concept: int) -> float | None:
    """Of θ̂ and θ: the reliability of the estimates in these students (Lord & Novick 1968, p. 61)."""
    found = _correlation(simulation.thetas[:, concept], simulation.estimates[:, concept])
    return None if found is None else found**2


def _correlation(x: FloatArray, y: FloatArray) -> float | None:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def _paired(differences: FloatArray) -> dict[str, float | None]:
    """Their mean, its standard error, and their standard deviation."""
    sd = float(differences.std(ddof=1)) if len(differences) > 1 else None
    error = None if sd is None else sd / float(np.sqrt(len(differences)))
    return {"mean": float(differences.mean()), "standard_error": error, "sd": sd}


def as_plain(value: Any) -> Any:
    """As JSON has it: lists, and None for what is no number."""
    if isinstance(value, dict):
        return {name: as_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    if isinstance(value, float):
        return float(value) if np.isfinite(value) else None
    return value
