"""On which scale results of a pool, or of a named test, are told from now on."""

from sessions_app.models import NamedTest
from sessions_app.sitting.result_specs import ResultRefused, problems_of_result
from testing_engine.models import QuestionPool
from testing_engine.reporting_scales import ReportingScale


def tell_pool_on(pool: QuestionPool, content: object) -> ReportingScale | None:
    """Tests of the pool that start from now on are told on this scale; None: on θ's own.

    Tests that have started keep theirs. Raises `ReportingScaleError`.
    """
    scale = None if content is None else ReportingScale.from_json(content)
    pool.reporting_scale = None if scale is None else scale.to_json()
    pool.save(update_fields=["reporting_scale"])
    return scale


def tell_test_on(test: NamedTest, content: object) -> ReportingScale | None:
    """The same for a named test; None: on its pool's. Raises `ReportingScaleError`, `ResultRefused`."""
    scale = None if content is None else ReportingScale.from_json(content)
    test.reporting_scale = None if scale is None else scale.to_json()
    if problems := problems_of_result(test, test.pool, test.rules):
        raise ResultRefused(problems)
    test.save(update_fields=["reporting_scale"])
    return scale
