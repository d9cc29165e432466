"""Ability θ (logit scale) and the proficiency that the API shows: Φ(θ).

Φ(θ) is the share of the reference population N(0, 1) at or below the student: 0 to 1, 0.5 for the median.
"""

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

from django.db import connection

from testing_engine.psychometrics.ability.estimators import (
    ExpectationPropagation,
    ExpectedAPosteriori,
    MaximumAPosteriori,
)
from testing_engine.psychometrics.ability.prior_rules import StandardNormal
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_plan

_POPULATION, _ROOT_OF_HALF = NormalDist(), math.sqrt(0.5)
POSTERIORS = (ExpectedAPosteriori(), MaximumAPosteriori(), ExpectationPropagation())  # as they are by default

# Between two tests a student learns and forgets. What the last test knew is widened by this much (standard
# deviation of the change, in logits) before it becomes the next test's prior, and never beyond the
# population's own 1. So a test never ends on old knowledge alone.
CHANGE_BETWEEN_TESTS_SD = 0.5
FARTHEST = 4.0  # one in 30,000: no single test may claim more of a student than that


def proficiency_of(theta: float) -> float:
    """Φ(θ), to six digits."""
    return round(0.5 * (1.0 + math.erf(theta * _ROOT_OF_HALF)), 6)


def theta_of(proficiency: float) -> float:
    """The inverse of `proficiency_of`; 0 and 1 become the 0.1 and 99.9 percentiles."""
    return _POPULATION.inv_cdf(min(max(proficiency, 0.001), 0.999))


def proficiencies_of(theta: Iterable[float]) -> list[float]:
    return [proficiency_of(value) for value in theta]


def learning_gain(prior_mean: Sequence[float], theta: Sequence[float]) -> float | None:
    """Mean change of proficiency over the concepts, from the start of a test to its end; None without any."""
    if not len(theta):
        return None
    gains = [
        _POPULATION.cdf(after) - _POPULATION.cdf(before)
        for before, after in zip(prior_mean, theta, strict=True)
    ]
    return round(sum(gains) / len(gains), 6)


# `StudentProficiency.objects.now()` and the plan of each, by hand: Django would take longer to write it than
# everything else takes that a start does.
_KNOWN = """
SELECT known.concept_name,
       CASE WHEN running THEN session.theta[place] ELSE known.theta END,
       CASE WHEN running THEN session.standard_error[place] ELSE known.standard_error END,
       session.plan_id
FROM student_proficiencies AS known
     LEFT JOIN test_sessions AS session ON session.id = known.session_id
     LEFT JOIN test_plans AS plan ON plan.id = session.plan_id
     CROSS JOIN LATERAL (SELECT session.status = 'active' AS running,
                                array_position(plan.concept_names, known.concept_name) AS place) AS now
WHERE known.student_id = %s AND known.scale_id = %s AND known.concept_name = ANY(%s)
"""


def prior_of(student_id: int, scale_id: int, concept_names: Sequence[str]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of θ for each concept of a scale before a new test.

    N(0, 1) where nothing is known. What another scale calls by the same name is something else. Student and
    scale were found for the acting organisation.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [student_id, scale_id, list(concept_names)])
        known = {name: _belief(theta, error, plan_id) for name, theta, error, plan_id in cursor.fetchall()}
    beliefs = [known.get(name, (0.0, 1.0)) for name in concept_names]
    return [mean for mean, _ in beliefs], [sd for _, sd in beliefs]


def _belief(theta: float, error: float, plan_id: int | None) -> tuple[float, float]:
    """Mean and standard deviation to begin with, from what the last test found, and under which plan."""
    if plan_id is not None and not is_posterior(load_plan(plan_id).rules):
        # It does not hold the population yet: weigh it in, as N(0, 1), by its precision.
        theta = min(max(theta / (1 + error**2), -FARTHEST), FARTHEST)
        error /= math.hypot(1, error)
    return theta, min(1.0, math.hypot(error, CHANGE_BETWEEN_TESTS_SD))


def is_posterior(rules: CatRules) -> bool:
    """Whether estimates under these rules are posteriors whose prior came from the population N(0, 1)."""
    ability = rules.ability
    is_bayesian = ability is None or ability in POSTERIORS
    return is_bayesian and isinstance(rules.prior_rule, StandardNormal)
