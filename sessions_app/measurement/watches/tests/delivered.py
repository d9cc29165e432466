"""Delivered adaptive tests by the hundred, written as rows: the service's own way would take minutes."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection

from sessions_app.models import Student, TestSession
from sessions_app.tests.factories import make_pool, question
from testing_engine.calibration.tests.adaptive import LENGTH, adaptive_answers
from testing_engine.calibration.tests.adaptive import pool as drawn
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision, store_plan

_SESSIONS = """
INSERT INTO test_sessions (id, student_id, revision_id, plan_id, seed, status, end_reason, prior_mean,
  prior_sd, theta, standard_error, questions_answered, correct_responses, started_at, last_activity,
  completed_at, chain_head, request_hash)
SELECT gen_random_uuid(), %(student)s, %(revision)s, %(plan)s, number, 'completed', 'length', '{0}', '{1}',
  '{0}', '{0.4}', %(length)s, 0, %(at)s + number * interval '1 second', %(at)s, %(at)s + interval '1 hour'
  + number * interval '1 second', '\\x00', '' FROM generate_series(%(first)s::int, %(last)s::int) AS number
"""
_ANSWERS = """
INSERT INTO test_responses (session_id, position, question_id, score, is_correct, theta, standard_error,
  answered_at, link, answer)
SELECT session.id, given.position, given.question, given.score, given.score > 0, '{0}', '{0.4}',
  session.started_at + given.seconds * interval '1 second', '\\x00', 0
FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::int[], %s::float8[])
  AS given (number, position, question, score, seconds)
JOIN test_sessions AS session ON session.seed = given.number AND session.revision_id = %s
"""


def simulated_pool(questions: int = 40, seed: int = 1) -> QuestionPool:
    """Of 2PL questions as `calibration.tests.adaptive` draws them."""
    a, b = drawn(np.random.default_rng(seed), questions)
    return make_pool(
        [
            question(j, [1.0], guessing=0.0, difficulty=float(b[j]), discrimination=float(a[j]))
            for j in range(questions)
        ]
    )


def deliver(
    pool: QuestionPool,
    tests: int,
    at: datetime,
    seed: int = 2,
    moved: dict[int, float] | None = None,
    mean: float = 0.0,
    hurried: float = 0.0,
) -> None:
    """So many tests of 25 questions, over an hour after `at`. `moved`: by what questions are harder than the
    pool says; `hurried`: share of the tests whose answers are guesses of a second."""
    rng = np.random.default_rng(seed)
    revision = load_revision(pool.current_revision_id or 0)
    bank: Any = revision.bank
    shift = np.zeros(bank.n_items)
    for item, by in (moved or {}).items():
        shift[item] = by
    slopes = bank.slopes[:, 0]
    answers = adaptive_answers(slopes, bank.difficulty, rng.normal(mean, 1, tests), rng, shift=shift)
    first = TestSession.objects.count()
    student = Student.objects.create(external_id=f"delivered-{first}")
    plan = store_plan(CatRules(max_questions=LENGTH), ["Math"])
    seconds = 30 * rng.lognormal(0, 0.5, tests * LENGTH)
    guessed = np.repeat(rng.random(tests) < hurried, LENGTH)
    seconds[guessed] = 1.0
    score = np.where(guessed, rng.random(len(guessed)) < 0.25, answers.category)
    with connection.cursor() as cursor:
        cursor.execute(
            _SESSIONS,
            {
                "student": student.pk,
                "revision": revision.id,
                "plan": plan.id,
                "length": LENGTH,
                "at": at - timedelta(hours=1),
                "first": first,
                "last": first + tests - 1,
            },
        )
        cursor.execute(
            _ANSWERS,
            [
                (first + answers.person).tolist(),
                np.tile(np.arange(1, LENGTH + 1), tests).tolist(),
                revision.question_ids[answers.item].tolist(),
                score.astype(int).tolist(),
                np.cumsum(seconds.reshape(tests, LENGTH), axis=1).ravel().tolist(),
                revision.id,
            ],
        )
