"""One look at a pool: everything that is computed of its answers, and what of it is worth a word."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from testing_engine.calibration import ScoreTest
from testing_engine.monitoring import found as worth
from testing_engine.monitoring.exposure import Use, use_of
from testing_engine.monitoring.found import Found, Limits
from testing_engine.monitoring.item_checks import Checks, are_enough, checks_of
from testing_engine.monitoring.log import AnswerLog, Assumed, WatchedQuestion
from testing_engine.monitoring.response_times import Times, times_of

FEW_TESTS, TOO_FAST, SEVERAL_CONCEPTS, NO_TIMES, ALL_CARELESS, NOT_ADAPTIVE = (
    "few_tests",
    "too_fast",
    "several_concepts",
    "no_times",
    "all_careless",
    "not_adaptive",
)
DIGITS = 4


@dataclass(frozen=True, eq=False)
class Watched:
    """`found` in no order that means anything; `numbers` as plain data, columns by question."""

    found: tuple[Found, ...]
    numbers: dict[str, Any]
    data_hash: str


def watch(
    log: AnswerLog,
    questions: Sequence[WatchedQuestion],
    assumed: Assumed,
    limits: Limits,
    concepts: int = 1,
) -> Watched:
    """`log.item` counts in `questions`. Rapid answers are told, and count in no other check of the answers.

    Drift, shape and persons are for pools of one concept.
    """
    times = times_of(log.item, log.test, log.seconds, [each.seconds for each in questions], log.n_tests)
    use = use_of(log.item, log.test, log.is_adaptive, len(questions))
    responses = log.responses(questions, leave_out=times.is_rapid)
    checks = checks_of(responses, questions) if concepts == 1 else None
    counts = responses.answers_per_item.tolist() if responses.n_items else []
    answers = dict(zip(responses.items, counts, strict=True))
    found = [
        *(worth.of_questions(checks, questions) if checks else ()),
        *(worth.of_persons(checks) if checks else ()),
        *(worth.of_population(checks, assumed) if checks else ()),
        *worth.of_use(use, questions, limits),
        *worth.of_times(times, questions),
        *worth.of_answers(answers, responses.n_persons, questions, limits),
    ]
    is_unchecked = concepts == 1 and checks is None
    is_too_fast = is_unchecked and are_enough(
        log.responses(questions, leave_out=np.zeros_like(times.is_rapid))
    )
    has_times = bool(np.isfinite(log.seconds).any())
    missing = {
        SEVERAL_CONCEPTS: concepts > 1,
        FEW_TESTS: is_unchecked and not is_too_fast,
        TOO_FAST: is_too_fast,
        NO_TIMES: not has_times,
        ALL_CARELESS: has_times and not times.n.any(),
        NOT_ADAPTIVE: not use.tests,
    }
    numbers = {
        "tests": log.n_tests,
        "answers": log.n_answers,
        "fresh_tests": int(log.is_fresh.sum()),
        "checked_answers": responses.n_answers,
        "not_looked_at": [name for name, is_missing in missing.items() if is_missing],
        "assumed": {"mean": assumed.mean, "sd": assumed.sd},
        "population": _population(checks),
        "persons": {"looked_at": checks.persons, "misfitting": checks.misfitting} if checks else None,
        "rounds": checks.rounds if checks else 0,
        "use": {"tests": use.tests, "overlap": _number(use.overlap), "limit": limits.exposure},
        "effort": {"tests": times.persons, "careless": times.careless},
        "questions": _columns(questions, answers, checks, use, times),
    }
    return Watched(tuple(found), numbers, _hash(log, questions, assumed, limits))


def _population(checks: Checks | None) -> dict[str, float | None] | None:
    if checks is None:
        return None
    names = ("mean", "sd", "mean_error", "sd_error")
    return {name: _number(np.ravel(getattr(checks.population, name))[0]) for name in names}


def _columns(
    questions: Sequence[WatchedQuestion],
    answers: dict[Any, int],
    checks: Checks | None,
    use: Use,
    times: Times,
) -> dict[str, list[Any]]:
    """A column a number, so that a pool of a thousand questions is some tens of kilobytes."""
    drifts = [checks.drift.get(each.id) if checks else None for each in questions]
    shapes = [checks.shape.get(each.id) if checks else None for each in questions]
    rates = use.rates
    return {
        "id": [each.id for each in questions],
        "answers": [answers.get(each.id, 0) for each in questions],
        "shift": [  # of the difficulty: an easier question has a negative one
            None if test is None else _number(-test.effect / each.slope)
            for each, test in zip(questions, drifts, strict=True)
        ],
        "z": [_of(test, "z") for test in drifts],
        "p": [_of(test, "p_all") for test in drifts],
        "shape_p": [_of(test, "p_all") for test in shapes],
        "rate": [_number(rate) if use.tests else None for rate in rates],
        "median_seconds": [_number(each) for each in times.median],
        "threshold_seconds": [_number(each) for each in times.threshold],
        "rapid_share": [_number(each) for each in times.rapid_share],
    }


def _of(test: ScoreTest | None, name: str) -> float | None:
    return None if test is None else _number(getattr(test, name))


def _number(value: Any) -> float | None:
    """As JSON can hold it; four digits say all there is."""
    number = float(value)
    return float(f"{number:.{DIGITS}g}") + 0.0 if np.isfinite(number) else None


def _hash(log: AnswerLog, questions: Sequence[WatchedQuestion], assumed: Assumed, limits: Limits) -> str:
    digest = hashlib.sha256(log.data_hash.encode())
    for each in questions:
        known = {name: np.asarray(value).tolist() for name, value in sorted((each.parameters or {}).items())}
        digest.update(repr((each.id, each.state, each.model, each.answers, each.seconds, known)).encode())
    digest.update(repr((assumed, limits)).encode())
    return digest.hexdigest()
