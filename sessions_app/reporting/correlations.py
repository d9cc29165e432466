"""How the errors of a session's concepts correlate, which its rows do not keep: estimated once more.

A session stores the standard error of each concept. What one answer says of several concepts, and a scale on
which abilities correlate, make errors correlate; the posterior covariance that the session's own estimator
finds for its answers says how.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import numpy as np

from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.archived import kept_of
from sessions_app.sitting.decisions import so_far_of
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.effort import MISSING
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.revisions import load_revision

Answer = tuple[int, int]  # the question's key, the score as it counts


def correlations_of(
    session: TestSession, answers: Sequence[Answer], is_asked: Sequence[bool]
) -> FloatArray | None:
    """(n, n) of the n concepts that got a question. None where nobody knows: of fewer than two, of an
    imported session, and where this version does not understand its rules or answers any more.
    """
    (which,) = np.nonzero(np.asarray(is_asked))
    if len(which) < 2 or session.legacy_id is not None:
        return None
    positions = load_revision(session.revision_id).positions_by_key
    try:
        items = [positions[question] for question, _ in answers]
        so_far = so_far_of(session, items, [score for _, score in answers])
        counting = engine.within(so_far, engine.part_of(so_far))
        covariance = engine.observe(counting).estimate.covariance[np.ix_(which, which)]
    except (KeyError, ValueError):
        return None
    error = np.sqrt(np.diagonal(covariance))
    return np.asarray(covariance / np.outer(error, error))


def correlations_in(
    sessions: Iterable[TestSession], asked: Mapping[object, Sequence[bool]]
) -> dict[UUID, FloatArray | None]:
    """The same of several sessions by their keys, with what each asked about. One query."""
    several = [session for session in sessions if sum(asked[session.pk]) > 1]
    answers: dict[UUID, list[Answer]] = defaultdict(list)
    rows = TestResponse.objects.filter(session__in=several).order_by("session", "position")
    for session_id, question, score, is_rapid in rows.values_list(
        "session_id", "question_id", "score", "is_rapid"
    ):
        answers[session_id].append((question, MISSING if is_rapid else score))
    for session_id, kept in kept_of(each.pk for each in several if each.pk not in answers).items():
        answers[session_id] = [(each.question_id, each.counted_score) for each in kept]
    return {
        session.pk: correlations_of(session, answers[session.pk], asked[session.pk]) for session in several
    }
