"""On which scale results of a pool, or of a named test, are told from now on."""

from dataclasses import dataclass

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
    return None if pool.reporting_scale is None else ReportingScale.from_json(pool.reporting_scale)


def checked_for_pool(pool: QuestionPool, content: object) -> ReportingScale | None:
    """The scale; changes nothing. Raises `ReportingScaleError`, also where a named test of the pool, which
    can tell its result now, could not by this scale."""
    scale = None if content is None else ReportingScale.from_json(content)
    now, then = pool.reporting_scale, None if scale is None else scale.to_json()
    try:
        for test in NamedTest.objects.filter(pool=pool):
            pool.reporting_scale = now
            can = not problems_of_result(test, pool, test.rules)
            pool.reporting_scale = then
            if can and (problems := problems_of_result(test, pool, test.rules)):
                why = " ".join(message for _, message in problems)
                told = say("The named test “{test}” could not tell its result: {why}", test=test, why=why)
                raise ReportingScaleError([("/cuts", told)])
    finally:
        pool.reporting_scale = now
    return scale


def tell_pool_on(pool: QuestionPool, content: object) -> ReportingScale | None:
    """Tests of the pool that start from now on are told on this scale; None: on θ's own.

    Tests that have started keep theirs. Raises `ReportingScaleError`. Safe to repeat.
    """
    scale = checked_for_pool(pool, content)
    pool.reporting_scale = None if scale is None else scale.to_json()
    pool.save(update_fields=["reporting_scale"])
    return scale


def checked_for_test(test: NamedTest, content: object) -> ReportingScale | None:
    """The same for a named test. Raises `ReportingScaleError`, `ResultRefused`."""
    scale = None if content is None else ReportingScale.from_json(content)
    now = test.reporting_scale
    test.reporting_scale = None if scale is None else scale.to_json()
    try:
        if problems := problems_of_result(test, test.pool, test.rules):
            raise ResultRefused(problems)
    finally:
        test.reporting_scale = now
    return scale


def tell_test_on(test: NamedTest, content: object) -> ReportingScale | None:
    """The same for a named test; None: on its pool's. Raises `ReportingScaleError`, `ResultRefused`."""
    scale = checked_for_test(test, content)
    test.reporting_scale = None if scale is None else scale.to_json()
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
    content = test.reporting_scale
    own = None if content is None else ReportingScale.from_json(content)
    return ScaleOfTest(test.name, test.title or test.name, own)
