"""Ability θ (logit scale) and the proficiency that the API shows: Φ(θ).

Φ(θ) is the share of the reference population N(0, 1) at or below the student: 0 to 1, 0.5 for the median.
"""

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

from sessions_app.models import StudentProficiency

_POPULATION = NormalDist()

# Between two tests a student learns and forgets. What the last test knew is widened by this much (standard
# deviation of the change, in logits) before it becomes the next test's prior, and never beyond the
# population's own 1. So a test never ends on old knowledge alone.
CHANGE_BETWEEN_TESTS_SD = 0.5


def proficiency_of(theta: float) -> float:
    """Φ(θ), to six digits."""
    return round(_POPULATION.cdf(theta), 6)


def theta_of(proficiency: float) -> float:
    """The inverse of `proficiency_of`; 0 and 1 become the 0.1 and 99.9 percentiles."""
    return _POPULATION.inv_cdf(min(max(proficiency, 0.001), 0.999))


def proficiencies_of(theta: Iterable[float]) -> list[float]:
    return [proficiency_of(value) for value in theta]


def learning_gain(prior_mean: Sequence[float], theta: Sequence[float]) -> float:
    """Mean change of proficiency over the concepts, from the start of a test to its end."""
    gains = [
        _POPULATION.cdf(after) - _POPULATION.cdf(before)
        for before, after in zip(prior_mean, theta, strict=True)
    ]
    return round(sum(gains) / len(gains), 6)


def prior_of(student_id: int, concept_names: Sequence[str]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of θ for each concept before a new test: N(0, 1) where nothing is known."""
    known = {
        row.concept_name: row
        for row in StudentProficiency.objects.filter(student_id=student_id, concept_name__in=concept_names)
    }
    mean = [known[name].theta if name in known else 0.0 for name in concept_names]
    sd = [
        min(1.0, math.hypot(known[name].standard_error, CHANGE_BETWEEN_TESTS_SD)) if name in known else 1.0
        for name in concept_names
    ]
    return mean, sd
