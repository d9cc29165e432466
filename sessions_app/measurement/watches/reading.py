"""Rows → the log of a pool's delivered tests, as `testing_engine.monitoring` takes it.

Tests count that are over for good and whose student was not erased, the newest `MOST_ANSWERS` answers of
them. Times are the server's: from when it had taken the answer before (or the test was begun, or resumed)
until it had this one.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import connection

from sessions_app.counting import answers as counts_of_answers
from sessions_app.measurement.collecting import OVER, alike_items
from sessions_app.measurement.gate import requirements_of
from sessions_app.measurement.parameters import as_mapping, estimate_of, family_of
from sessions_app.measurement.running import parameters_in
from sessions_app.models import PoolThresholds
from sessions_app.reporting.pool_readiness import WANTED_ANSWERS
from sessions_app.sitting.archived import tests_in_archives
from sessions_app.sitting.decisions import is_nothing
from testing_engine.models import Question
from testing_engine.monitoring import AnswerLog, Assumed, Limits, WatchedQuestion
from testing_engine.psychometrics.ability.prior_rules import StandardNormal
from testing_engine.psychometrics.constraints.exposure import MaximumRate
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.revisions import FrozenRevision, load_plan

MOST_ANSWERS = 500_000
TESTS_A_QUERY = 1000
PARAMETERS = (
    *("model", "concepts", "difficulty", "discrimination", "guessing", "upper_asymptote"),
    *("thresholds", "category_slopes", "category_intercepts"),
)

_TESTS = """
SELECT id, plan_id, prior_mean, prior_sd, is_adaptive FROM (
  SELECT session.id, session.plan_id, session.prior_mean, session.prior_sd, session.completed_at,
         cardinality(session.theta) > 0 AS is_adaptive,
         sum(session.questions_answered) OVER (ORDER BY session.completed_at DESC, session.id) AS answers
  FROM test_sessions AS session
  JOIN pool_revisions AS revision ON revision.id = session.revision_id
  JOIN students AS student ON student.id = session.student_id
  WHERE revision.pool_id = %s AND session.status IN ('completed', 'ended') AND student.erased_at IS NULL
    AND session.completed_at <= %s AND session.completed_at > %s AND session.questions_answered > 0
    AND NOT EXISTS (SELECT FROM archived_sessions AS archived WHERE archived.session_id = session.id)
) AS newest WHERE answers <= %s ORDER BY completed_at, id
"""
# What came from the original service has its clients' times, if any; who says "I don't know" may be fast. No
# time passed while a test was paused.
_ANSWERS = """
SELECT wanted.place - 1, response.question_id, response.score,
       CASE WHEN session.legacy_id IS NULL AND (response.answer IS NOT NULL OR response.response IS NOT NULL)
       THEN extract(epoch FROM response.answered_at - greatest(
         coalesce(
           lag(response.answered_at) OVER (PARTITION BY wanted.place ORDER BY response.position),
           session.started_at
         ),
         event.since
       )) - coalesce(event.stood, 0) END
FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (id, place)
JOIN test_sessions AS session ON session.id = wanted.id
JOIN test_responses AS response ON response.session_id = wanted.id
LEFT JOIN (
  SELECT session_id, after_answers, max(since) AS since,
         sum(CASE kind WHEN 'continued' THEN 1 WHEN 'paused' THEN -1 END * extract(epoch FROM at))
         FILTER (WHERE since IS NULL OR at > since) AS stood
  FROM (
    SELECT session_id, after_answers, kind, at, max(at) FILTER (WHERE kind IN ('begun', 'resumed'))
           OVER (PARTITION BY session_id, after_answers) AS since
    FROM session_events
    WHERE session_id = ANY(%s::uuid[]) AND kind IN ('begun', 'resumed', 'paused', 'continued')
  ) AS moves GROUP BY session_id, after_answers
) AS event ON event.session_id = wanted.id AND event.after_answers = response.position - 1
ORDER BY wanted.place, response.position
"""


@dataclass(frozen=True)
class _Test:
    id: UUID
    plan_id: int
    prior: tuple[tuple[float, ...], tuple[float, ...]]  # means and standard deviations
    is_adaptive: bool

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was known of its student: its prior is everybody's."""
        if is_nothing(*self.prior):
            return True
        return not isinstance(load_plan(self.plan_id).rules.prior_rule, StandardNormal)


@dataclass(frozen=True, eq=False)
class Read:
    """What one look at a pool rests on."""

    log: AnswerLog
    questions: tuple[WatchedQuestion, ...]
    assumed: Assumed
    limits: Limits
    concepts: tuple[str, ...]  # their names
    left_out: int  # answers to versions that are not alike
    in_archives: int  # tests whose answers archives have


def read(revision: FrozenRevision, since: datetime, until: datetime) -> Read:
    """Of tests that were over after `since`, by `until`."""
    tests = _tests(revision.pool_id, since, until)
    alike = alike_items(revision)
    log, left_out = _log(tests, alike, _with_its_parameters(revision, alike))
    fresh = [
        test for test, is_fresh in zip(tests, log.is_fresh, strict=True) if is_fresh and test.is_adaptive
    ]
    return Read(
        log,
        tuple(_questions(revision, alike)),
        _assumed(fresh, revision.bank.n_dimensions),
        Limits(_exposure_limit(revision, tests), WANTED_ANSWERS),
        revision.concept_names or tuple(str(number + 1) for number in range(revision.bank.n_dimensions)),
        left_out,
        tests_in_archives(revision.pool_id, status__in=OVER, completed_at__lte=until, completed_at__gt=since),
    )


def _tests(pool_id: UUID, since: datetime, until: datetime) -> list[_Test]:
    with connection.cursor() as cursor:
        cursor.execute(_TESTS, [pool_id, until, since, MOST_ANSWERS])
        return [
            _Test(key, plan, (tuple(mean), tuple(sd)), is_adaptive)
            for key, plan, mean, sd, is_adaptive in cursor
        ]


def _with_its_parameters(revision: FrozenRevision, alike: Mapping[int, int]) -> set[int]:
    """Those of the versions that have the parameters which the revision has."""
    rows = Question.objects.filter(pool_id=revision.pool_id).values_list("pk", *PARAMETERS)
    known = {pk: parameters for pk, *parameters in rows.iterator()}
    return {pk for pk, item in alike.items() if known[pk] == known[int(revision.question_ids[item])]}


def _log(tests: Sequence[_Test], alike: Mapping[int, int], current: Collection[int]) -> tuple[AnswerLog, int]:
    parts = list(_answers([test.id for test in tests]))
    table = np.concatenate(parts) if parts else np.zeros((0, 4))
    keys, inverse = np.unique(table[:, 1].astype(np.int64), return_inverse=True)
    item = np.array([alike.get(int(key), -1) for key in keys], dtype=np.int64)[inverse]
    is_current = np.array([int(key) in current for key in keys], dtype=bool)[inverse]
    kept = item >= 0
    seconds = table[kept, 3]
    seconds[seconds < 0] = np.nan  # clocks of two machines that disagree
    log = AnswerLog(
        table[kept, 0].astype(np.int64),
        item[kept],
        table[kept, 2].astype(np.int64),
        seconds,
        is_current[kept],
        np.array([test.is_adaptive for test in tests], dtype=bool),
        np.array([test.is_fresh for test in tests], dtype=bool),
    )
    return log, int((~kept).sum())


def _answers(tests: Sequence[UUID]) -> Iterator[np.ndarray]:
    """(test, question's key, score, seconds) of each answer, some tests at a time."""
    for first in range(0, len(tests), TESTS_A_QUERY):
        some = list(tests[first : first + TESTS_A_QUERY])
        with connection.cursor() as cursor:
            cursor.execute(_ANSWERS, [some, some])
            rows = np.array(cursor.fetchall(), dtype=float).reshape(-1, 4)
        rows[:, 0] += first
        yield rows


def _questions(revision: FrozenRevision, alike: Mapping[int, int]) -> Iterator[WatchedQuestion]:
    parameters = parameters_in(revision)
    settled = PoolThresholds.seconds_in(revision.pool_id)
    waiting = {item for item, each in enumerate(parameters) if each.state == NOT_CALIBRATED}
    answered = _answers_ever({key: item for key, item in alike.items() if item in waiting})
    for item, each in enumerate(parameters):
        model, known = _known(each)
        name = revision.external_ids[item]
        yield WatchedQuestion(name, each.state, model, known, answered[item], settled.get(name))


def _known(question: ItemParameters) -> tuple[str | None, dict[str, object] | None]:
    """What the calibration would take as given, a slope a concept."""
    family = family_of(question)
    found = estimate_of(question, family.name, range(len(question.concepts)))
    return (None, None) if found is None else (family.name, as_mapping(found))


def _answers_ever(waiting: Mapping[int, int]) -> Counter[int]:
    """Scored answers by item, in whichever test of the pool."""
    counts: Counter[int] = Counter()
    if waiting:
        for key, count in counts_of_answers.scored(waiting).items():
            counts[waiting[key]] += count
    return counts


def _assumed(fresh: Sequence[_Test], concepts: int) -> Assumed:
    """The commonest prior of tests that began without earlier results."""
    priors = Counter(test.prior for test in fresh if len(test.prior[0]) == concepts)
    if not priors:
        return Assumed((0.0,) * concepts, (1.0,) * concepts)
    (((mean, sd), _),) = priors.most_common(1)
    return Assumed(mean, sd)


def _exposure_limit(revision: FrozenRevision, tests: Sequence[_Test]) -> float | None:
    """What the pool requires, else what the rules of its newest adaptive test allow."""
    required = requirements_of(revision.pool_id)
    if required is not None and required.exposure is not None:
        return required.exposure
    newest = next((test for test in reversed(tests) if test.is_adaptive), None)
    if newest is None:
        return None
    rules = load_plan(newest.plan_id).rules
    return next((each.maximum for each in rules.eligibility if isinstance(each, MaximumRate)), None)
