"""A session as the engine takes it: what was known before it, and what it decided."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from sessions_app.models import TestResponse, TestSession
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar
from testing_engine.psychometrics.rules import STANDARD_NORMAL, CatRules
from testing_engine.revisions import load_plan, load_revision


def prior_for(rules: CatRules, mean: Sequence[float], sd: Sequence[float]) -> NormalPrior | None:
    """What was known before the test, independent for each concept.

    None where the rules set a prior of their own, which then holds for every student alike.
    """
    if rules.prior != STANDARD_NORMAL:
        return None
    return _independent(tuple(mean), tuple(sd))


@lru_cache(maxsize=1024)
def _independent(mean: tuple[float, ...], sd: tuple[float, ...]) -> NormalPrior:
    """Kept, because checking and inverting the covariance costs as much as choosing a question."""
    return NormalPrior(mean=np.array(mean), covariance=np.diag(np.square(sd)))


def next_item_after(session: TestSession, responses: Sequence[TestResponse], answered: int) -> int | None:
    """The question that followed answer number `answered`, as an index in the revision.

    It is on record, unless the test ended before it was answered: then the engine says it once more.
    """
    revision = load_revision(session.revision_id)
    if answered < len(responses):
        return revision.positions_by_key[responses[answered].question_id]
    if session.current_position is not None or session.status == TestSession.Status.COMPLETED:
        return session.current_position
    items = [revision.positions_by_key[response.question_id] for response in responses]
    scores = [response.score for response in responses]
    return engine.next_step(so_far_of(session, items, scores)).next_item


def so_far_of(session: TestSession, items: Sequence[int], scores: Sequence[int]) -> TestSoFar:
    """The session after these answers, as the engine takes it."""
    rules = load_plan(session.plan_id).rules
    at_start = prior_for(rules, session.prior_mean, session.prior_sd)
    bank = load_revision(session.revision_id).bank
    return TestSoFar(bank, rules, at_start, session.seed, items, scores)
