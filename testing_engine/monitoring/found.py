"""What is worth a word, and what changed since the night before.

An alarm is for what makes scores wrong or questions known; a notice for what to do when there is time.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr

from testing_engine.calibration import ScoreTest
from testing_engine.calibration.score_tests import FEWEST, benjamini_hochberg
from testing_engine.monitoring.exposure import Use
from testing_engine.monitoring.item_checks import Checks
from testing_engine.monitoring.log import Assumed, WatchedQuestion
from testing_engine.monitoring.response_times import Times
from testing_engine.psychometrics.items.states import NOT_CALIBRATED

ALARM, NOTICE = "alarm", "notice"
ALARMS = ("easier", "harder", "persons", "overexposed")  # kinds that can be one

SMALL_SHIFT = 0.25  # of the difficulty, in logits; a question that moved less misleads nobody much
EXPECTED_MISFIT = 0.05  # of the persons, by the level of the test
TOLERATED_MISFIT = 0.075  # the test's real level comes to .063 in simulated adaptive tests
MEAN_SHIFT, SD_RATIO = 0.2, 1.25  # of the population, before it is told
SHAPE_LEVEL = 0.01  # its small p-values come some four times too often in simulated adaptive tests
SURE = 0.01  # one-sided, for numbers of the pool as a whole
MOST_RAPID = 0.10  # share of a question's answers
MOST_CARELESS = 0.05  # share of the tests
FEWEST_TIMES = 100  # of a question
FEWEST_TESTS = 100  # before rates of exposure are numbers
LISTED = 20  # questions that one finding names


@dataclass(frozen=True)
class Limits:
    """`exposure`: the largest rate that the pool allows, None where it states none. `answers`: from which on
    a question without parameters can be calibrated.
    """

    exposure: float | None = None
    answers: int = 250


@dataclass(frozen=True)
class Found:
    """`kind` and, where it is about one, its question: by these it is the same as on another night."""

    kind: str
    severity: str
    item: str | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str | None]:
        return self.kind, self.item


def of_questions(checks: Checks, questions: Sequence[WatchedQuestion]) -> Iterator[Found]:
    """Drift, and where there is none, another shape."""
    slopes = {each.id: each.slope for each in questions}
    for item, test in checks.drift.items():
        if test.flagged:
            yield _drifted(str(item), test, slopes[str(item)])
    sure = benjamini_hochberg(np.array([test.p_all for test in checks.shape.values()]), SHAPE_LEVEL)
    for (item, test), is_sure in zip(checks.shape.items(), sure, strict=True):
        if is_sure and not (item in checks.drift and checks.drift[item].flagged):
            yield Found("shape", NOTICE, str(item), {"answers": test.n, "p": test.p_all})


def _drifted(item: str, test: ScoreTest, slope: float) -> Found:
    shift = abs(test.effect) / slope
    numbers = {"answers": test.n, "shift": shift, "z": test.z, "p": test.p_all}
    if test.p > 0.05:  # it is the second direction that told
        return Found("slope", NOTICE, item, numbers)
    severity = ALARM if shift >= SMALL_SHIFT else NOTICE
    return Found("easier" if test.z > 0 else "harder", severity, item, numbers)


def of_persons(checks: Checks) -> Iterator[Found]:
    """The population against what tests assume is `of_population`; here, how many do not fit."""
    if checks.persons < FEWEST_TESTS:
        return
    share = checks.misfitting / checks.persons
    if _surely_above(share, TOLERATED_MISFIT, checks.persons):
        yield Found(
            "persons", ALARM, None, {"share": share, "expected": EXPECTED_MISFIT, "persons": checks.persons}
        )


def of_population(checks: Checks, assumed: Assumed, concepts: Sequence[str]) -> Iterator[Found]:
    """In all concepts where it is another, together; `concepts` are names of the pool's."""
    found = checks.population
    named = ("mean", "sd", "mean_error", "sd_error")
    columns = [np.ravel(getattr(found, name)).tolist() for name in named]
    others = []
    for concept, mean, sd, mean_error, sd_error in zip(checks.concepts, *columns, strict=True):
        usual_mean, usual_sd = assumed.mean[concept], assumed.sd[concept]
        moved = abs(mean - usual_mean) >= MEAN_SHIFT and _is_sure(mean - usual_mean, mean_error)
        spread = not 1 / SD_RATIO < sd / usual_sd < SD_RATIO and _is_sure(sd - usual_sd, sd_error)
        if moved or spread:
            others.append((concepts[concept], mean, sd, usual_mean, usual_sd))
    if others:
        names = ("concepts", "mean", "sd", "assumed_mean", "assumed_sd")
        numbers: dict[str, Any] = dict(zip(names, map(list, zip(*others, strict=True)), strict=True))
        if len(concepts) == 1:
            numbers = {name: numbers[name][0] for name in names[1:]}
        yield Found("population", NOTICE, None, numbers)


def of_use(use: Use, questions: Sequence[WatchedQuestion], limits: Limits) -> Iterator[Found]:
    """Over the limit, one by one; unused, together."""
    if use.tests < FEWEST_TESTS:
        return
    for place, question in enumerate(questions):
        rate = float(use.rates[place])
        if limits.exposure is not None and _surely_above(rate, limits.exposure, use.tests):
            yield Found(
                "overexposed",
                ALARM,
                question.id,
                {"rate": rate, "limit": limits.exposure, "tests": use.tests},
            )
    counting = [place for place, each in enumerate(questions) if each.counts]
    unused = [questions[place].id for place in counting if not use.given[place]]
    if unused:
        yield Found("unused", NOTICE, None, _several(unused) | {"of": len(counting), "tests": use.tests})


def of_times(times: Times, questions: Sequence[WatchedQuestion]) -> Iterator[Found]:
    """Questions that are often guessed at once, and persons who do."""
    shares = times.rapid_share
    for place, question in enumerate(questions):
        n = int(times.n[place])
        if n >= FEWEST_TIMES and _surely_above(float(shares[place]), MOST_RAPID, n):
            numbers = {"share": float(shares[place]), "seconds": float(times.threshold[place]), "answers": n}
            yield Found("rapid", NOTICE, question.id, numbers)
    if times.persons >= FEWEST_TESTS:
        share = times.careless / times.persons
        if _surely_above(share, MOST_CARELESS, times.persons):
            yield Found("careless", NOTICE, None, {"share": share, "tests": times.persons})


def of_answers(
    answers: Mapping[Hashable, int], tests: int, questions: Sequence[WatchedQuestion], limits: Limits
) -> Iterator[Found]:
    """What can be calibrated now, and what nobody can judge yet. `answers`: those that the checks had."""
    waiting = [each for each in questions if each.state == NOT_CALIBRATED]
    ready = [each.id for each in waiting if each.answers >= limits.answers]
    if ready:
        yield Found("ready", NOTICE, None, _several(ready) | {"answers": limits.answers})
    few = [each.id for each in questions if each.counts and answers.get(each.id, 0) < FEWEST]
    if few and tests >= FEWEST_TESTS:
        yield Found("few_answers", NOTICE, None, _several(few) | {"fewest": FEWEST})


def _several(items: Sequence[str]) -> dict[str, Any]:
    return {"count": len(items), "questions": list(items[:LISTED])}


def _surely_above(share: float, limit: float, n: int) -> bool:
    """One-sided, at 1 %, by the normal approximation under the limit."""
    return _is_sure(share - limit, float(np.sqrt(limit * (1 - limit) / n)), sides=1) and share > limit


def _is_sure(difference: float, error: float, sides: int = 2) -> bool:
    if not np.isfinite(difference):
        return False
    return error <= 0 or sides * float(ndtr(-abs(difference) / error)) < SURE


NEW, STILL = "new", "still"


def compared(
    found: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], night: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Findings with `change` and `since` (the first night of an unbroken row), and those that are gone.

    Both as plain data with `kind` and `item`; alarms first, what is new before what is still so.
    """
    known = {(each["kind"], each["item"]): each for each in before}
    marked = []
    for each in found:
        old = known.pop((each["kind"], each["item"]), None)
        marked.append(
            {**each, "change": NEW if old is None else STILL, "since": night if old is None else old["since"]}
        )
    marked.sort(key=lambda each: (each["severity"] != ALARM, each["change"] != NEW))
    gone = [{name: value for name, value in each.items() if name != "change"} for each in known.values()]
    return marked, gone
