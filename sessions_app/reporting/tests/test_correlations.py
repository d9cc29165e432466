"""How the errors of a test's concepts correlate, against the posterior integrated on a grid."""

import numpy as np
import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import Start, take_test
from sessions_app.models import TestSession
from sessions_app.reporting.correlations import correlations_in, correlations_of
from sessions_app.tests.factories import make_pool
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.revisions import load_revision

STEPS = np.linspace(-6, 6, 241)


def integrated(session: TestSession, correlation: float) -> FloatArray:
    """(2, 2) covariance of the posterior of a two-concept session, by summing it up."""
    grid = np.stack(np.meshgrid(STEPS, STEPS, indexing="ij"), axis=-1).reshape(-1, 2)
    inverse = np.linalg.inv([[1.0, correlation], [correlation, 1.0]])
    density = -0.5 * np.einsum("gi,ij,gj->g", grid, inverse, grid)
    revision = load_revision(session.revision_id)
    for key, score in session.responses.values_list("question_id", "score"):
        item = revision.positions_by_key[key]
        seen = revision.bank.slopes[item] @ grid.T + revision.bank.intercepts[item]
        right = 0.2 + 0.8 / (1 + np.exp(-seen))  # as `factories.question` has it
        density += np.log(right if score else 1 - right)
    weight = np.exp(density - density.max())
    return np.cov(grid.T, aweights=weight, ddof=0)


def test_it_is_that_of_the_posterior(api: APIClient, start: Start) -> None:
    make_pool(questions=12, concepts=2)
    started = start(end_criteria={"type": "fixed_length", "max_questions": 9})
    take_test(api, started, is_right=lambda answered: answered % 3 != 1)
    session = TestSession.objects.get()
    answers = list(session.responses.order_by("position").values_list("question_id", "score"))
    found = correlations_of(session, answers, [True, True])
    assert found is not None
    exact = integrated(session, 0.3)
    assert found[0, 1] == pytest.approx(exact[0, 1] / np.sqrt(exact[0, 0] * exact[1, 1]), abs=0.01)
    assert found[0, 1] > 0.03  # from the scale
    assert correlations_in([session], {session.pk: [True, True]})[session.pk] == pytest.approx(found)
    assert correlations_of(session, answers, [True, False]) is None
    assert correlations_of(session, [(0, 1)], [True, True]) is None
    session.legacy_id = "old"
    assert correlations_of(session, answers, [True, True]) is None
