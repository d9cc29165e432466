"""What proposed parameters would change in the scores of the last month. A preview: no score is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from sessions_app.measurement.collecting import OVER, alike_items
from sessions_app.models import TestSession
from sessions_app.sitting.decisions import beliefs_of
from sessions_app.sitting.result_specs import load_spec
from sessions_app.sitting.thousandths import thousandths
from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.revisions import FrozenRevision, load_plan

DAYS = 30
MOST_SESSIONS = 1000  # the newest
NOTABLE = 1.0  # standard errors


@dataclass(frozen=True)
class _Moved:
    """One concept of one test: θ as it was told, θ under the proposal, and its standard error."""

    told: float
    new: float
    error: float
    changes_level: bool


def shift_of(
    revision: FrozenRevision,
    parameters: Sequence[ItemParameters],
    new: Mapping[str, ItemParameters],
    now: datetime,
) -> dict[str, Any]:
    """θ of each finished test of the last month, as it was told and under the proposal.

    `parameters`: of all items of the revision; `new`: by question id.
    """
    bank = ItemBank.from_parameters(
        [new.get(item, old) for item, old in zip(revision.external_ids, parameters, strict=True)]
    )
    alike = alike_items(revision)
    since = now - timedelta(days=DAYS)
    sessions = (
        TestSession.objects.filter(
            revision__pool_id=revision.pool_id,
            status__in=OVER,
            completed_at__range=(since, now),
            questions_answered__gt=0,
            legacy_id=None,
        )
        .order_by("-completed_at", "id")
        .prefetch_related("responses")
    )
    moved: list[_Moved] = []
    compared = 0
    for session in sessions[:MOST_SESSIONS]:
        found = _moved(session, bank, alike)
        compared += bool(found)
        moved += found
    return {"days": DAYS, "sessions": compared, **_summary(moved)}


def _moved(session: TestSession, bank: ItemBank, alike: Mapping[int, int]) -> list[_Moved]:
    """Empty where a question of the test is another one now."""
    if not session.has_ability:
        return []
    counting = (response for response in session.responses.all() if not response.is_pilot)
    responses = sorted(counting, key=lambda response: response.position)
    items = [alike.get(response.question_id, -1) for response in responses]
    if not items or -1 in items:
        return []
    rules = load_plan(session.plan_id).rules
    beliefs = beliefs_of(rules, session.prior_mean, session.prior_sd, session.is_scored_alone)
    scores = [response.counted_score for response in responses]
    estimate = observe(TestSoFar(bank, rules, beliefs.prior, session.seed, items, scores)).estimate
    cuts = [thousandths(cut) for cut in load_spec(session.result_spec_id).cuts]
    measured = np.flatnonzero((bank.slopes[items] > 0).any(axis=0))
    return [
        _Moved(
            session.theta[k],
            float(estimate.theta[k]),
            session.standard_error[k],
            _level(session.theta[k], cuts) != _level(float(estimate.theta[k]), cuts),
        )
        for k in measured
    ]


def _level(theta: float, cuts: Sequence[int]) -> int:
    return sum(thousandths(theta) >= cut for cut in cuts)


def _summary(moved: Sequence[_Moved]) -> dict[str, Any]:
    if not moved:
        return {"scores": 0, "mean": None, "sd": None, "quantiles": [], "notable": 0, "levels_changed": 0}
    shift = np.array([each.new - each.told for each in moved])
    error = np.array([each.error for each in moved])
    return {
        "scores": len(moved),
        "mean": float(shift.mean()),
        "sd": float(shift.std()),
        "quantiles": [float(each) for each in np.quantile(shift, [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])],
        "notable": int((np.abs(shift) > NOTABLE * error).sum()),
        "levels_changed": sum(each.changes_level for each in moved),
    }
