"""Which questions a test may try out that starts now: those that still want answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import connection

from testing_engine.psychometrics.pilot_design import Asked, direction_of
from testing_engine.psychometrics.pilots import SEEDED
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision

COUNTED_BY = 25  # answers: plans that differ by fewer are one, and a design does not

# Answers to any version of a question that asks and scores the same, whatever its parameters were: how many,
# and mean and spread of the abilities along its direction, each of them as well known as it was then.
_ANSWERS = """
SELECT wanted.id, count(*), avg(student.x), sqrt(var_pop(student.x) + avg(student.variance))
FROM jsonb_to_recordset(%s) AS direction (id bigint, along float8[])
JOIN questions wanted ON wanted.id = direction.id
JOIN questions alike
    ON alike.pool_id = wanted.pool_id AND alike.external_id = wanted.external_id
    AND alike.content = wanted.content AND alike.options = wanted.options
    AND alike.option_scores = wanted.option_scores
    AND alike.interactions IS NOT DISTINCT FROM wanted.interactions
    AND alike.scoring IS NOT DISTINCT FROM wanted.scoring
    AND alike.passage_id IS NOT DISTINCT FROM wanted.passage_id
JOIN test_responses given ON given.question_id = alike.id AND given.is_pilot
CROSS JOIN LATERAL (
    SELECT sum(theta * weight) AS x, sum((error * weight) ^ 2) AS variance
    FROM unnest(given.theta, given.standard_error, direction.along) AS of (theta, error, weight)
) student
GROUP BY wanted.id
"""


def with_open_pilots(rules: CatRules, revision: FrozenRevision) -> CatRules:
    """The rules with the pilots that are open now, and who answered them: a replay chooses as the test did.

    One query.

    Tests that run at the same time do not see each other's answers: a question can get some more than wanted.
    """
    pilots = rules.pilots
    if pilots is None or not rules.is_adaptive(revision.bank):
        return rules
    waiting = pilots.open_items(revision.bank)
    asked = students_asked(revision, waiting)
    still_open = tuple(item for item in waiting if asked[item].answers < pilots.quota)
    if not still_open:
        return replace(rules, pilots=None)
    known = _as_far_as_it_matters([asked[item] for item in still_open])
    opened = replace(
        pilots,
        items=still_open,
        answers=tuple(each.answers for each in known),
        means=tuple(each.mean for each in known),
        spreads=tuple(each.spread for each in known),
    )
    return replace(rules, pilots=opened)


def students_asked(revision: FrozenRevision, items: Sequence[int]) -> Mapping[int, Asked]:
    """Who answered each of these questions while it was tried out, as it stands now: a version with other
    parameters is the same question, one with another text or key is not."""
    bank = revision.bank
    keys = {int(revision.question_ids[item]): item for item in items}
    along = [{"id": key, "along": direction_of(bank, item).tolist()} for key, item in keys.items()]
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [json.dumps(along)])
        found = {key: Asked(count, mean, spread) for key, count, mean, spread in cursor.fetchall()}
    return {item: found.get(key, Asked(0)) for key, item in keys.items()}


def _as_far_as_it_matters(asked: Sequence[Asked]) -> list[Asked]:
    """Rounded, nobody where a question is still seeded; nothing where all are, so that their plan is one."""
    nobody = Asked(0, 0.0, 0.0)
    rounded = [
        Asked(each.answers // COUNTED_BY * COUNTED_BY, round(each.mean, 1) + 0.0, round(each.spread, 1))
        if each.answers >= SEEDED
        else nobody
        for each in asked
    ]
    return [] if all(each == nobody for each in rounded) else rounded
