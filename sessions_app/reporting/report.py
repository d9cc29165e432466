"""What a test says of its student: of the whole, and of each concept. Numbers only; `sentences` words them.

The whole is the mean of θ over the concepts that got a question, with its standard error √(1ᵀV1)/n. A concept
is *told apart* where the 95 % interval of its difference from that mean excludes 0, as the errors correlate
(`correlations`). About a concept without a question nothing is said.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from sessions_app.models import TestSession
from sessions_app.sitting.decisions import ANSWERS_ONLY, score_rests_on
from sessions_app.sitting.raw_scores import RawScore
from sessions_app.sitting.result_specs import ResultSpec
from sessions_app.sitting.thousandths import level_index
from testing_engine.psychometrics.items.response import FloatArray

Z_95 = 1.959963984540054
_NORMAL = NormalDist()


@dataclass(frozen=True, eq=False)
class Measured:
    """n concepts that got a question. `theta`: (n,); `covariance`: (n, n) of their errors."""

    names: tuple[str, ...]
    theta: FloatArray
    covariance: FloatArray

    @property
    def error(self) -> FloatArray:
        """(n,) standard errors."""
        return np.sqrt(np.diag(self.covariance))

    def correlated(self, correlations: FloatArray) -> "Measured":
        """The same with errors that correlate so. `correlations`: (n, n)."""
        return replace(self, covariance=np.outer(self.error, self.error) * correlations)


@dataclass(frozen=True)
class Finding:
    """One θ as a result tells it. `level`, `likely` (the lowest and highest level of the 95 % interval) and
    `probability` (of the level) are None where the result has no levels."""

    theta: float
    error: float
    level: int | None
    likely: tuple[int, int] | None
    probability: float | None

    @property
    def interval(self) -> tuple[float, float]:
        """θ ± 1.96 SE."""
        return self.theta - Z_95 * self.error, self.theta + Z_95 * self.error


@dataclass(frozen=True)
class ConceptFinding:
    """`stands_out`: 1 above the mean of the concepts, −1 below, 0 where the test cannot tell."""

    name: str
    finding: Finding
    stands_out: int


@dataclass(frozen=True)
class Report:
    """`whole` is None, and `concepts` empty, before the first answer."""

    spec: ResultSpec
    answered: int
    whole: Finding | None
    concepts: tuple[ConceptFinding, ...]
    scored_with: str = ANSWERS_ONLY
    raw: RawScore | None = None  # points, where the test has no abilities


def measured(
    names: Sequence[str], theta: Sequence[float], error: Sequence[float], is_asked: Sequence[bool]
) -> Measured:
    """What a session found about the concepts that got a question. Errors count as independent until
    `Measured.correlated`: a session stores the standard error of each concept, and no covariance."""
    asked = [index for index, was_asked in enumerate(is_asked) if was_asked]
    return Measured(
        tuple(names[index] for index in asked),
        np.array([theta[index] for index in asked]),
        np.diag([error[index] ** 2 for index in asked]),
    )


def report_of(
    spec: ResultSpec,
    answered: int,
    found: Measured,
    overall_error: float | None = None,
    scored_with: str = ANSWERS_ONLY,
    correlations: FloatArray | None = None,
) -> Report:
    """The report of a session after so many answers. `overall_error`: of the mean, where the session has it:
    then how the errors correlate counts. `correlations`: of the errors, to tell concepts apart; left out,
    they count as independent.
    """
    if not answered or not found.names:
        return Report(spec, answered, None, (), scored_with)
    theta, error = overall(found)
    whole = finding(spec, theta, error if overall_error is None else overall_error)
    apart = told_apart(found if correlations is None else found.correlated(correlations))
    each = zip(found.names, found.theta.tolist(), found.error.tolist(), apart, strict=True)
    concepts = (ConceptFinding(name, finding(spec, theta, error), sign) for name, theta, error, sign in each)
    return Report(spec, answered, whole, tuple(concepts), scored_with)


def report_of_session(
    session: TestSession,
    spec: ResultSpec,
    is_asked: Sequence[bool],
    correlations: FloatArray | None = None,
    raw: RawScore | None = None,
) -> Report:
    """The same, from a session's row; of its plan's names. `raw`: its points, where it has no abilities."""
    if raw is not None or not session.has_ability:
        return Report(spec, session.questions_counted, None, (), raw=raw)
    found = measured(session.plan.concept_names, session.theta, session.standard_error, is_asked)
    error, rests_on = session.overall_error, score_rests_on(session)
    return report_of(spec, session.questions_counted, found, error, rests_on, correlations)


def whole_of(
    theta: Sequence[float],
    error: Sequence[float],
    is_asked: Sequence[bool],
    overall_error: float | None,
) -> tuple[float, float] | None:
    """θ and standard error that `report_of` tells of the whole, and no more: for many sessions."""
    asked = [each for each, was_asked in zip(theta, is_asked, strict=True) if was_asked]
    if not asked:
        return None
    if overall_error is not None:
        return _mean(asked), overall_error
    if len(asked) == 1:
        return asked[0], error[is_asked.index(True)]
    return overall(measured([""] * len(theta), theta, error, is_asked))


def _mean(theta: Iterable[float]) -> float:
    """Added up in order, as PostgreSQL does where it counts (`result_distribution`), and not pairwise."""
    total, count = 0.0, 0
    for each in theta:
        total, count = total + each, count + 1
    return total / count


def overall(found: Measured) -> tuple[float, float]:
    """(θ, standard error) of the mean over the concepts."""
    error = math.sqrt(float(found.covariance.sum())) / len(found.names)
    return _mean(found.theta.tolist()), error


def told_apart(found: Measured) -> list[int]:
    """(n,) 1 or −1 where θ_d − mean θ differs from 0 by more than 1.96 standard errors, else 0."""
    count = len(found.names)
    contrast = np.eye(count) - 1.0 / count
    difference = contrast @ found.theta
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", contrast, found.covariance, contrast), 0.0))
    is_clear = (np.abs(difference) > Z_95 * error) & (np.abs(difference) > 1e-9)
    return [int(sign) for sign in np.where(is_clear, np.sign(difference), 0)]


def finding(spec: ResultSpec, theta: float, error: float) -> Finding:
    """One θ by the result's cuts."""
    if not spec.has_levels:
        return Finding(theta, error, None, None, None)
    low, high = theta - Z_95 * error, theta + Z_95 * error
    level = level_index(theta, spec.cuts)
    return Finding(
        theta,
        error,
        level,
        (level_index(low, spec.cuts), level_index(high, spec.cuts)),
        probability_of(level, spec.cuts, theta, error),
    )


def probability_of(level: int, cuts: Sequence[float], theta: float, error: float) -> float:
    """Of lying between the cuts of this level, for an ability N(θ, SE²)."""
    if error <= 0:
        return 1.0
    below = _NORMAL.cdf((cuts[level] - theta) / error) if level < len(cuts) else 1.0
    beyond = _NORMAL.cdf((cuts[level - 1] - theta) / error) if level > 0 else 0.0
    return below - beyond
