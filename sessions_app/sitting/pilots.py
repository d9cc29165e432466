"""Which questions a test may try out that starts now: those that still want answers."""

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import Count

from sessions_app.models import TestResponse
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision


def with_open_pilots(rules: CatRules, revision: FrozenRevision) -> CatRules:
    """The rules with the pilots that are open now, so that a replay draws among the same. One query.

    Tests that run at the same time do not see each other's answers: a question can get some more than wanted.
    """
    pilots = rules.pilots
    if pilots is None or not rules.is_adaptive(revision.bank):
        return rules
    waiting = pilots.open_items(revision.bank)
    answered = pilot_answers(revision, waiting)
    still_open = tuple(item for item in waiting if answered[item] < pilots.quota)
    return replace(rules, pilots=replace(pilots, items=still_open) if still_open else None)


def pilot_answers(revision: FrozenRevision, items: list[int]) -> Mapping[int, int]:
    """How often each of these questions was answered while it was tried out, this version of it."""
    keys = {int(revision.question_ids[item]): item for item in items}
    rows = TestResponse.objects.filter(is_pilot=True, question_id__in=list(keys)).order_by()
    counted = dict(rows.values_list("question_id").annotate(Count("pk")))
    return {item: counted.get(key, 0) for key, item in keys.items()}
