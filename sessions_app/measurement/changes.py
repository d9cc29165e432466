"""The gate on every other way to a revision: questions edited, added or archived, tables of parameters.

A change is looked at where it touches what a test would measure with: the parameters, areas, enemies and sets
of the questions that count, and which these are. Texts, keys and questions without parameters cannot fall
short, and cost nothing. No calibration is asked about: its findings are not about this change.
"""

from collections.abc import Callable, Sequence

from sessions_app.measurement import gate
from testing_engine import approval
from testing_engine.models import PoolRevision, QuestionPool, RevisionQuestion
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.psychometrics.items.states import HAVE_PARAMETERS
from testing_engine.revisions import parameters_of_stored


def look(pool: QuestionPool, keys: Sequence[int]) -> Callable[[PoolRevision], object] | None:
    """Whether the pool with these questions has what it requires; recorded once the revision is there.

    Raises `GateRefused` where something falls short and whoever publishes gives no reason.
    """
    hand = approval.hand()
    if hand.is_looked_at or pool.current_revision_id is None or not keys:
        return None
    asked = gate.requirements_of(pool.pk)
    if asked is None or not asked.needs_a_simulation:
        return None
    old, new = between_what_stays(_keys_of(pool.current_revision_id), keys)
    if _counting(parameters_of_stored(old)) == _counting(parameters_of_stored(new)):
        return None
    verdict = gate.of_proposal(pool, parameters_of_stored(keys), ())
    gate.hold(verdict, hand.override_reason)
    return lambda revision: gate.record(pool, verdict, hand.by_id, hand.override_reason, made=revision)


def between_what_stays(before: Sequence[int], after: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Both without what they begin and end with alike: of a large pool, most."""
    least, first, last = min(len(before), len(after)), 0, 0
    while first < least and before[first] == after[first]:
        first += 1
    while last < least - first and before[-1 - last] == after[-1 - last]:
        last += 1
    return before[first : len(before) - last], after[first : len(after) - last]


def _keys_of(revision_id: int) -> list[int]:
    rows = RevisionQuestion.objects.filter(revision_id=revision_id).order_by("position")
    return list(rows.values_list("question_id", flat=True))


def _counting(parameters: Sequence[ItemParameters]) -> list[ItemParameters]:
    return [each for each in parameters if each.state in HAVE_PARAMETERS]
