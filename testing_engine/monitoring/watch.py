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

FEW_TESTS, TOO_FAST, SEVERAL_CONCEPTS, MANY_CONCEPTS, NO_TIMES, ALL_CARELESS, NOT_ADAPTIVE = (
    "few_tests",
    "too_fast",
    "several_concepts",  # of nights of earlier releases, which looked at pools of one concept only
    "many_concepts",
    "no_times",
    "all_careless",
    "not_adaptive",
)
DIGITS = 4
MOST_CONCEPTS = 8  # how far the levels of the tests were tried (docs/WATCH.md)


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
    concepts: Sequence[str] = ("",),
) -> Watched:
    """`log.item` counts in `questions`. Rapid answers are told, and count in no other check of the answers.

    `concepts`: the names of the pool's; of more than `MOST_CONCEPTS` nothing is said of the parameters.
    """
    times = times_of(log.item, log.test, log.seconds, [each.seconds for each in questions], log.n_tests)
    use = use_of(log.item, log.test, log.is_adaptive, len(questions))
    responses = log.responses(questions, leave_out=times.is_rapid)
    is_watched = len(concepts) <= MOST_CONCEPTS
    checks = checks_of(responses, questions) if is_watched else None
    counts = responses.answers_per_item.tolist() if responses.n_items else []
    answers = dict(zip(responses.items, counts, strict=True))
    found = [
        *(worth.of_questions(checks, questions) if checks else ()),
        *(worth.of_persons(checks) if checks else ()),
        *(worth.of_population(checks, assumed, concepts) if checks else ()),
        *worth.of_use(use, questions, limits),
        *worth.of_times(times, questions),
        *worth.of_answers(answers, responses.n_persons, questions, limits),
    ]
    is_unchecked = is_watched and checks is None
    is_too_fast = is_unchecked and are_enough(
        log.responses(questions, leave_out=np.zeros_like(times.is_rapid))
    )
    has_times = bool(np.isfinite(log.seconds).any())
    missing = {
        MANY_CONCEPTS: not is_watched,
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
        "assumed": _assumed(checks, assumed, concepts),
        "population": _population(checks, concepts),
        "persons": {"looked_at": checks.persons, "misfitting": checks.misfitting} if checks else None,
        "rounds": checks.rounds if checks else 0,
        "use": {"tests": use.tests, "overlap": _number(use.overlap), "limit": limits.exposure},
        "effort": {"tests": times.persons, "careless": times.careless},
        "questions": _columns(questions, answers, checks, use, times),
    }
    return Watched(tuple(found), numbers, _hash(log, questions, assumed, limits))


def _population(checks: Checks | None, concepts: Sequence[str]) -> dict[str, Any] | None:
    """Of a pool of one concept numbers, of several lists of them in the order of `concepts`."""
    if checks is None:
        return None
    found = checks.population
    names = ("mean", "sd", "mean_error", "sd_error")
    told = {name: [_number(each) for each in np.ravel(getattr(found, name))] for name in names}
    if len(concepts) == 1:
        return {name: values[0] for name, values in told.items()}
    correlation = [[_number(each) for each in row] for row in found.correlation]
    return {"concepts": [concepts[each] for each in checks.concepts], **told, "correlation": correlation}


def _assumed(checks: Checks | None, assumed: Assumed, concepts: Sequence[str]) -> dict[str, Any]:
    """As the population beside it."""
    if len(concepts) == 1:
        return {"mean": assumed.mean[0], "sd": assumed.sd[0]}
    places = range(len(concepts)) if checks is None else checks.concepts
    return {"mean": [assumed.mean[each] for each in places], "sd": [assumed.sd[each] for each in places]}


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
