"""Simulated logs of adaptive tests, with times."""

from typing import Any

import numpy as np

from testing_engine.calibration.tests.adaptive import (
    LENGTH,
    adaptive_answers,
    adaptive_answers_of_several,
    correlated,
    pool,
    several_pool,
)
from testing_engine.monitoring import AnswerLog, WatchedQuestion
from testing_engine.psychometrics.items.states import OPERATIONAL


def adaptive_log(
    rng: np.random.Generator,
    tests: int = 1500,
    n: int = 60,
    moved: dict[int, float] | None = None,
    mean: float = 0.0,
    sd: float = 1.0,
    rapid: dict[int, float] | None = None,
    careless: float = 0.0,
) -> tuple[AnswerLog, list[WatchedQuestion]]:
    """`moved`: what questions are harder by than their parameters say. `rapid`: the share of answers to a
    question that are guesses of a second; `careless`: the share of tests in which all are.
    """
    a, b = pool(rng, n)
    shift = np.zeros(n)
    for question, by in (moved or {}).items():
        shift[question] = by
    responses = adaptive_answers(a, b, rng.normal(mean, sd, tests), rng, shift=shift)
    item, category = responses.item.astype(np.int64), responses.category.astype(np.int64)
    test = responses.person.astype(np.int64)
    seconds = 30 * rng.lognormal(0, 0.5, len(item))
    guessed = (rng.random(tests) < careless)[test]
    for question, share in (rapid or {}).items():
        guessed |= (item == question) & (rng.random(len(item)) < share)
    seconds[guessed] = 1.0 * rng.lognormal(0, 0.2, int(guessed.sum()))
    category = np.where(guessed, rng.random(len(item)) < 0.25, category).astype(np.int64)
    yes = np.ones(tests, dtype=bool)
    log = AnswerLog(test, item, category, seconds, np.ones(len(item), dtype=bool), yes, yes)
    return log, [watched(j, {"a": [a[j]], "d": [-a[j] * b[j]]}) for j in range(n)]


def log_of_several(
    rng: np.random.Generator,
    concepts: int,
    tests: int = 400,
    n: int = 45,
    steepest_by: float = 0.0,
    mean: float = 0.0,
) -> tuple[AnswerLog, list[WatchedQuestion], int]:
    """Without times. The steepest question, whose number comes last, is harder by `steepest_by`; `mean` is of
    the first concept.
    """
    slopes, d = several_pool(rng, n, concepts)
    length = np.linalg.norm(slopes, axis=1)
    steepest = int(length.argmax())
    d[steepest] = 0.0  # so that many get it
    theta = correlated(rng, tests, concepts) + mean * np.eye(concepts)[0]
    shift = np.where(np.arange(n) == steepest, -steepest_by * length, 0.0)
    responses = adaptive_answers_of_several(slopes, d, theta, rng, shift)
    yes = np.ones(tests, dtype=bool)
    log = AnswerLog(
        responses.person.astype(np.int64),
        responses.item.astype(np.int64),
        responses.category.astype(np.int64),
        np.full(responses.n_answers, np.nan),
        np.ones(responses.n_answers, dtype=bool),
        yes,
        yes,
    )
    return log, [watched(j, {"a": slopes[j], "d": [d[j]]}) for j in range(n)], steepest


def watched(number: int, parameters: dict[str, Any] | None, **fields: Any) -> WatchedQuestion:
    given = {"state": OPERATIONAL, "model": None if parameters is None else "2PL", **fields}
    return WatchedQuestion(f"q{number}", parameters=parameters, **given)


assert LENGTH == 25
