"""How a question was answered: option by option against ability, and whether its model fits.

**Fit.** Every answer is held against the ability *before* it (the estimate after the previous answer, or the
prior): the answer itself is not in it, so it cannot confirm itself, and the engine chose the question by no
more than that. The estimate is uncertain, so what the model predicts of an answer is the mean over
N(estimate, standard error²). Where the rules estimate by a posterior, this is the answer's distribution under
the model.

**Options** are counted by the newest ability of the session, as distractor analysis counts them by the score
of the whole test: many questions are always asked at the same ability (the first at the prior's mean), and
what was known before such a question tells nobody apart. The answer is in that ability, as one of many.

Ability is taken along the question's own slopes a: u = a·θ / ‖a‖. Its variance leaves out covariances between
concepts, which are not stored; a question of one concept needs none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db import connection
from django.db.models import F

from sessions_app.models import TestSession
from testing_engine.models import Question
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.questions import interactions
from testing_engine.questions.interactions import TextEntry
from testing_engine.questions.wording import answer_in_words
from testing_engine.revisions import FrozenRevision

STEPS_PER_LOGIT = (
    20  # abilities and errors are counted in steps of 0.05; P moves by at most 0.006 in half a step
)
MOST_BINS = 8  # stretches of ability
FEWEST_IN_BIN = 10  # answers
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
UNKNOWN = -1  # stands for "I don't know" among the options

# One row for each combination that occurs, however many answers there are. Imported sessions are left out:
# the abilities of the original service are of another model.
_ANSWERS = """
SELECT round(u * %(steps)s)::int, greatest(round(sqrt(v) * %(steps)s), 1)::int, score, count(*)
FROM (
  SELECT response.score,
         (SELECT sum(a * theta)
          FROM unnest(%(direction)s::float8[], coalesce(before.theta, session.prior_mean))
          AS ability (a, theta)) AS u,
         (SELECT sum(a * a * sd * sd)
          FROM unnest(%(direction)s::float8[], coalesce(before.standard_error, session.prior_sd))
          AS error (a, sd)) AS v
  FROM test_responses AS response
  JOIN test_sessions AS session ON session.id = response.session_id AND session.legacy_id IS NULL
    AND cardinality(session.theta) > 0
  LEFT JOIN test_responses AS before
    ON before.session_id = response.session_id AND before.position = response.position - 1
  WHERE response.question_id = %(question)s
) AS answered
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
"""

# What was chosen, by the ability behind it: of options, or of whole answers to interactions, of which `place`
# is that among the answers given, or the one behind them.
_BY_ABILITY = """
SELECT round(u * %(steps)s)::int, place, count(*)
FROM (
  SELECT {place} AS place,
         (SELECT sum(a * theta)
          FROM unnest(%(direction)s::float8[], session.theta)
          AS ability (a, theta)) AS u
  FROM test_responses AS response
  JOIN test_sessions AS session ON session.id = response.session_id AND session.legacy_id IS NULL
    AND cardinality(session.theta) > 0
  WHERE response.question_id = %(question)s
) AS answered
GROUP BY 1, 2
ORDER BY 1, 2
"""
_OPTIONS = _BY_ABILITY.format(place="coalesce(response.answer, -1)")
_ANSWERED = _BY_ABILITY.format(
    place="""CASE WHEN response.response IS NULL THEN -1 ELSE
           coalesce(array_position(%(answers)s::jsonb[], response.response) - 1, %(others)s)
         END"""
)

# What an erased student typed may say who they were.
_FREQUENT = """
SELECT response, max(score), count(*)
FROM test_responses WHERE question_id = %(question)s
  AND NOT (%(is_typed)s AND EXISTS (
    SELECT FROM test_sessions JOIN students ON students.id = student_id
    WHERE test_sessions.id = session_id AND erased_at IS NOT NULL))
GROUP BY response
ORDER BY count(*) DESC, response::text
LIMIT %(most)s
"""

_USE = """
SELECT count(*), count(*) FILTER (WHERE is_correct),
       count(*) FILTER (WHERE answer IS NULL AND response IS NULL),
       avg(response_time_ms), percentile_cont(0.5) WITHIN GROUP (ORDER BY response_time_ms),
       avg(response_time_ms) FILTER (WHERE is_correct), avg(response_time_ms) FILTER (WHERE NOT is_correct)
FROM test_responses WHERE question_id = %s
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
    """G groups of equal choices: newest ability of the session along the question's slopes, option, count."""

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
    with connection.cursor() as cursor:
        cursor.execute(_USE, [question_id])
        answered, right, unknown, *times = cursor.fetchone()
    return Use(answered, right, unknown, waiting.count(), *(_seconds(time) for time in times))


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
    """The options chosen of a question of the revision, in all tests that had this version of it."""
    rows = _counted(_OPTIONS, revision, question_id, 3)
    step, option, count = rows.T
    return Choices(step / STEPS_PER_LOGIT, option, count)


def whole_answers(revision: FrozenRevision, question_id: int, given: Sequence[str]) -> Choices:
    """The same of a question with interactions: `option` is the place of an answer among those given (JSON
    each), or their number for every other one.
    """
    more = {"answers": list(given), "others": len(given)}
    step, place, count = _counted(_ANSWERED, revision, question_id, 3, more).T
    return Choices(step / STEPS_PER_LOGIT, place, count)


def answers(revision: FrozenRevision, question_id: int) -> Answers:
    """The answers to a question of the revision, in all tests that had this version of it."""
    rows = _counted(_ANSWERS, revision, question_id, 4)
    ability, error = rows[:, 0] / STEPS_PER_LOGIT, rows[:, 1] / STEPS_PER_LOGIT
    item = revision.positions_by_key[question_id]
    score, count = rows[:, 2:].T
    return Answers(ability, error, score, count, predicted(revision.bank, item, ability, error))


def _counted(
    sql: str,
    revision: FrozenRevision,
    question_id: int,
    columns: int,
    more: Mapping[str, object] | None = None,
) -> IntArray:
    item = revision.positions_by_key[question_id]
    direction = revision.bank.slopes[item] / revision.bank.steepness[item]
    arguments = {
        "steps": STEPS_PER_LOGIT,
        "direction": direction.tolist(),
        "question": question_id,
        **(more or {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return np.array(cursor.fetchall(), dtype=np.intp).reshape(-1, columns)


def predicted(bank: ItemBank, item: int, ability: FloatArray, error: FloatArray) -> FloatArray:
    """(G, K) probability of each score, over abilities N(ability, error²); by Gauss–Hermite quadrature."""
    u = ability[:, None] + error[:, None] * NODES
    t = bank.steepness[item] * u + bank.intercepts[item]
    curves = bank.curves_at(t.reshape(1, -1), np.array([item])).p[: bank.n_categories[item], 0]
    weighted = curves.reshape(len(curves), *u.shape) @ (NODE_WEIGHTS / NODE_WEIGHTS.sum())
    return np.ascontiguousarray(weighted.T)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else float(milliseconds) / 1000
