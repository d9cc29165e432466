"""On which scale results of a pool, or of a named test, are told from now on."""

from copy import copy
from dataclasses import dataclass
from typing import Any

from sessions_app.models import NamedTest
from sessions_app.sitting.result_specs import ResultRefused, problems_of_result
from testing_engine.models import QuestionPool
from testing_engine.reporting_scales import ReportingScale, ReportingScaleError
from testing_engine.sentences import say


@dataclass(frozen=True)
class ScaleOfTest:
    """A named test, and the scale that it has for itself."""

    name: str
    title: str
    own: ReportingScale | None


def scale_of_pool(pool: QuestionPool) -> ReportingScale | None:
    """None: results are told on θ's own."""
    return _scale_in(pool.reporting_scale)


def checked_for_pool(pool: QuestionPool, content: object) -> ReportingScale | None:
    """The scale; changes nothing. Raises `ReportingScaleError`, also where a named test of the pool, which
    can tell its result now, could not by this scale."""
    scale, then = _scale_in(content), copy(pool)
    then.reporting_scale = _stored(scale)
    for test in NamedTest.objects.filter(pool=pool):
        problems = problems_of_result(test, then, test.rules)
        if problems and not problems_of_result(test, pool, test.rules):
            why = " ".join(message for _, message in problems)
            told = say("The named test “{test}” could not tell its result: {why}", test=test, why=why)
            raise ReportingScaleError([("/cuts", told)])
    return scale


def tell_pool_on(pool: QuestionPool, content: object) -> ReportingScale | None:
    """Tests of the pool that start from now on are told on this scale; None: on θ's own.

    Tests that have started keep theirs. Raises `ReportingScaleError`. Safe to repeat.
    """
    scale = checked_for_pool(pool, content)
    pool.reporting_scale = _stored(scale)
    pool.save(update_fields=["reporting_scale"])
    return scale


def checked_for_test(test: NamedTest, content: object) -> ReportingScale | None:
    """The same for a named test. Raises `ReportingScaleError`, `ResultRefused`."""
    scale, then = _scale_in(content), copy(test)
    then.reporting_scale = _stored(scale)
    if problems := problems_of_result(then, test.pool, test.rules):
        raise ResultRefused(problems)
    return scale


def tell_test_on(test: NamedTest, content: object) -> ReportingScale | None:
    """The same for a named test; None: on its pool's. Raises `ReportingScaleError`, `ResultRefused`."""
    scale = checked_for_test(test, content)
    test.reporting_scale = _stored(scale)
    test.save(update_fields=["reporting_scale"])
    return scale


def tests_of(pool: QuestionPool) -> list[ScaleOfTest]:
    """The pool's named tests, by title."""
    return [_scale_of(test) for test in NamedTest.objects.filter(pool=pool).order_by("title", "name")]


def named_test(pool: QuestionPool, name: str) -> tuple[NamedTest, ScaleOfTest]:
    """Raises `LookupError`."""
    test = NamedTest.objects.select_related("pool").filter(pool=pool, name=name).first()
    if test is None:
        raise LookupError(name)
    return test, _scale_of(test)


def _scale_of(test: NamedTest) -> ScaleOfTest:
    return ScaleOfTest(test.name, test.title or test.name, _scale_in(test.reporting_scale))


def _scale_in(content: object) -> ReportingScale | None:
    """Raises `ReportingScaleError`."""
    return None if content is None else ReportingScale.from_json(content)


def _stored(scale: ReportingScale | None) -> dict[str, Any] | None:
    return None if scale is None else scale.to_json()
