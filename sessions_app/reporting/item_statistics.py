"""How a question was answered in tests that are over: option by option against ability, and whether its model
fits.

**Fit.** Every answer is held against the ability *before* it (the estimate after the previous answer, or the
prior): the answer itself is not in it, so it cannot confirm itself, and the engine chose the question by no
more than that. The estimate is uncertain, so what the model predicts of an answer is the mean over
N(estimate, standard error²). Where the rules estimate by a posterior, this is the answer's distribution under
the model.

**Options** are counted by the ability at the end of the test, as distractor analysis counts them by the score
of the whole test: many questions are always asked at the same ability (the first at the prior's mean), and
what was known before such a question tells nobody apart. The answer is in that ability, as one of many.

Ability is taken along the question's own slopes a: u = a·θ / ‖a‖. Its variance leaves out covariances between
concepts, which are not stored; a question of one concept needs none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import F

from sessions_app.counting import answers as counts
from sessions_app.counting.answers import STEPS_PER_LOGIT
from sessions_app.counting.fit import predicted
from sessions_app.models import TestSession
from testing_engine.models import Question
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.questions import interactions
from testing_engine.questions.interactions import TextEntry
from testing_engine.questions.wording import answer_in_words
from testing_engine.revisions import FrozenRevision

MOST_BINS = 8  # stretches of ability
FEWEST_IN_BIN = 10  # answers
UNKNOWN = -1  # stands for "I don't know" among the options

# What was answered, by the ability at the end of the test: the place of a whole answer among those given, or
# the one behind them.
_ANSWERED = """
SELECT round(u * %(steps)s)::int, place, count(*)
FROM (
  SELECT CASE WHEN response.response IS NULL THEN -1 ELSE
           coalesce(array_position(%(answers)s::jsonb[], response.response) - 1, %(others)s)
         END AS place,
         (SELECT sum(a * theta)
          FROM unnest(%(direction)s::float8[], session.theta)
          AS ability (a, theta)) AS u
  FROM test_responses AS response
  JOIN test_sessions AS session ON session.id = response.session_id AND session.legacy_id IS NULL
    AND session.status <> 'active' AND cardinality(session.theta) > 0
  WHERE response.question_id = %(question)s
) AS answered
GROUP BY 1, 2
ORDER BY 1, 2
"""

# What an erased student typed may say who they were.
_FREQUENT = """
SELECT response, max(score), count(*)
FROM test_responses JOIN test_sessions AS session ON session.id = session_id AND session.status <> 'active'
JOIN students ON students.id = student_id
WHERE question_id = %(question)s AND NOT (%(is_typed)s AND erased_at IS NOT NULL)
GROUP BY response
ORDER BY count(*) DESC, response::text
LIMIT %(most)s
"""


@dataclass(frozen=True)
class Use:
    """How often a version of a question was answered, and how long that took (seconds, None where nobody
    measured it). `waiting`: running tests that show it now."""

    answered: int
    right: int
    unknown: int
    waiting: int
    mean_time: float | None
    median_time: float | None
    mean_time_right: float | None
    mean_time_wrong: float | None


@dataclass(frozen=True)
class FrequentAnswer:
    """An answer in the words of its question (None: "I don't know"), its score, how often it was given."""

    words: str | None
    score: int
    count: int
    given: str | None = None  # as JSON


@dataclass(frozen=True)
class MeanSquare:
    """1 where answers vary as the model says, more where they are noisier. `sd`: how far chance moves it."""

    value: float
    sd: float


@dataclass(frozen=True, eq=False)
class Choices:
    """G groups of equal choices: ability at the end along the question's slopes, option, count."""

    ability: FloatArray  # (G,)
    option: IntArray  # (G,) −1: "I don't know"
    count: IntArray  # (G,)

    @cached_property
    def bins(self) -> list[IntArray]:
        """Indices of groups, by stretches of ability."""
        return stretches(self.ability, self.count)


@dataclass(frozen=True, eq=False)
class Answers:
    """G groups of equal answers: ability before the answer along the question's slopes, its error, score and
    number."""

    ability: FloatArray  # (G,)
    error: FloatArray  # (G,)
    score: IntArray  # (G,) −1: not scored
    count: IntArray  # (G,)
    predicted: FloatArray  # (G, K) probability of each score

    @property
    def total(self) -> int:
        return int(self.count.sum())

    @cached_property
    def bins(self) -> list[IntArray]:
        """Indices of groups, by stretches of ability."""
        return stretches(self.ability, self.count)

    @cached_property
    def expected(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """E, W = E(x − E)² and C = E(x − E)⁴ of each group's score."""
        scores = np.arange(self.predicted.shape[1])
        mean = self.predicted @ scores
        distance = scores - mean[:, None]
        return mean, (self.predicted * distance**2).sum(axis=1), (self.predicted * distance**4).sum(axis=1)

    @property
    def infit(self) -> MeanSquare | None:
        """Σ (x − E)² / Σ W, with variance Σ (C − W²) / (Σ W)²: Wright & Masters (1982, p. 100), here with E,
        W and C of the predicted distribution and not at a point. None without a scored answer."""
        return self._mean_square(self.expected[1])

    @property
    def outfit(self) -> MeanSquare | None:
        """Mean of z² = (x − E)² / W, with variance Σ (C/W² − 1) / N²; as above."""
        return self._mean_square(np.ones(len(self.count)))

    def _mean_square(self, weight: FloatArray) -> MeanSquare | None:
        """Σ weight z² / Σ weight over the scored answers."""
        mean, variance, fourth = self.expected
        number = np.where(self.score >= 0, self.count, 0)
        total = (number * weight).sum()
        if not total:
            return None
        value = (number * weight * (self.score - mean) ** 2 / variance).sum() / total
        spread = (number * weight**2 * (fourth / variance**2 - 1)).sum() / total**2
        return MeanSquare(float(value), float(np.sqrt(spread)))


def use(question_id: int) -> Use:
    """Of one version of a question."""
    waiting = TestSession.objects.filter(
        status=TestSession.Status.ACTIVE,
        current_position=F("revision__revisionquestion__position"),
        revision__revisionquestion__question_id=question_id,
    )
    given, times = counts.given_to([question_id]), counts.times_of(question_id)
    _, is_right, is_unknown, _, number = given.T
    right = times[times[:, 1] == 1], times[times[:, 1] == 0]
    return Use(
        answered=int(number.sum()),
        right=int(number[is_right == 1].sum()),
        unknown=int(number[is_unknown == 1].sum()),
        waiting=waiting.count(),
        mean_time=_mean_time(times),
        median_time=_median_time(times),
        mean_time_right=_mean_time(right[0]),
        mean_time_wrong=_mean_time(right[1]),
    )


def _mean_time(times: IntArray) -> float | None:
    """Of rows as `counting.answers.times_of` has them."""
    number = int(times[:, 2].sum())
    return int(times[:, 3].sum()) / number / 1000 if number else None


def _median_time(times: IntArray) -> float | None:
    """The same, to a tenth of a second; between the two in the middle where their number is even."""
    if not len(times):
        return None
    order = np.argsort(times[:, 0], kind="stable")
    until = np.cumsum(times[order, 2])
    middle = [(until[-1] - 1) // 2, until[-1] // 2]
    return float(times[order[np.searchsorted(until, middle, side="right")], 0].mean()) / 10


def frequent_answers(question: Question, most: int) -> list[FrequentAnswer]:
    """The commonest answers to a question with interactions; equal answers are stored equal."""
    asked = interactions.decode(question.interactions)
    with connection.cursor() as cursor:
        is_typed = any(isinstance(each, TextEntry) for each in asked)
        cursor.execute(_FREQUENT, {"question": question.pk, "is_typed": is_typed, "most": most})
        rows = cursor.fetchall()
    return [
        FrequentAnswer(answer_in_words(asked, json.loads(given)) if given else None, score, count, given)
        for given, score, count in rows
    ]


def stretches(ability: FloatArray, count: IntArray) -> list[IntArray]:
    """Indices of groups, in at most `MOST_BINS` stretches of ability of about equally many answers."""
    wanted = max(1, min(MOST_BINS, int(count.sum()) // FEWEST_IN_BIN))
    bounds = np.quantile(np.repeat(ability, count), np.arange(1, wanted) / wanted)
    number = np.searchsorted(np.unique(bounds), ability, side="left")
    return [np.flatnonzero(number == each) for each in np.unique(number)]


def choices(revision: FrozenRevision, question_id: int) -> Choices:
    """The options chosen of a question of the revision, in all tests with this version that are over."""
    step, option, count = counts.after(revision, question_id).T
    return Choices(step / STEPS_PER_LOGIT, option, count)


def whole_answers(revision: FrozenRevision, question_id: int, given: Sequence[str]) -> Choices:
    """The same of a question with interactions: `option` is the place of an answer among those given (JSON
    each), or their number for every other one.
    """
    arguments: dict[str, Any] = {
        "steps": STEPS_PER_LOGIT,
        "direction": counts.directions_of(revision, [question_id])[question_id],
        "question": question_id,
        "answers": list(given),
        "others": len(given),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED, arguments)
        step, place, count = np.array(cursor.fetchall(), dtype=np.intp).reshape(-1, 3).T
    return Choices(step / STEPS_PER_LOGIT, place, count)


def answers(revision: FrozenRevision, question_id: int) -> Answers:
    """The answers to a question of the revision, in all tests with this version that are over."""
    rows = counts.before(revision, [question_id])[:, 1:]
    ability, error = rows[:, 0] / STEPS_PER_LOGIT, rows[:, 1] / STEPS_PER_LOGIT
    item, bank = revision.positions_by_key[question_id], revision.bank
    share = predicted(bank, np.full(len(rows), item), ability, error)[:, : bank.n_categories[item]]
    score, count = rows[:, 2:].T
    return Answers(ability, error, score, count, share)
