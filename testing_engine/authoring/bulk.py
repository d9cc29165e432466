"""One change for many questions of a pool, as its next revision: area, set, enemy groups."""

import uuid
from collections.abc import Callable, Collection, Mapping

from django.db import transaction

from testing_engine import pools
from testing_engine.authoring.shelf import PoolUnknown, pool_of
from testing_engine.interchange.names import problem_of_name
from testing_engine.interchange.questions import MAX_GROUPS
from testing_engine.models import Question
from testing_engine.sentences import Said, say

# Change → the fields that a question has after it.
_CHANGES: Mapping[str, Callable[[Question, str], dict[str, object]]] = {
    "area": lambda question, name: {"area": name},
    "question_set": lambda question, name: {"question_set": name},
    "add_enemy_group": lambda question, name: {
        "enemy_groups": list(dict.fromkeys([*question.enemy_groups, name]))
    },
    "remove_enemy_group": lambda question, name: {
        "enemy_groups": [group for group in question.enemy_groups if group != name]
    },
}
MAY_BE_EMPTY = ("area", "question_set")  # then they have none
CHANGES = tuple(_CHANGES)


class ChangeRefused(Said):
    """This cannot be; the message says why."""


def change_many(
    pool_id: uuid.UUID,
    base: int,
    ids: Collection[str],
    change: str,
    name: str,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> int:
    """How many questions got another value; without any there is no new revision, so it is safe to repeat.

    `base`: the number of the revision that was looked at. Ids that are not there are passed over. `progress`
    is told how many more questions were written, and how many there will be. Raises `PoolUnknown`,
    `PoolWasRevised`, or `ChangeRefused`.
    """
    check(change, name)
    pool = pool_of(pool_id)
    if pool.current_revision is None:
        raise PoolUnknown
    with transaction.atomic():
        found = pools.newest_questions(pool).filter(external_id__in=list(ids))
        changes = {}
        for question in found.defer("content", "options", "option_scores", "scoring", "interactions"):
            values = _CHANGES[change](question, name)
            if any(getattr(question, field) != value for field, value in values.items()):
                changes[question.external_id] = values
            if len(values.get("enemy_groups", ())) > MAX_GROUPS:  # type: ignore[arg-type]
                raise ChangeRefused(
                    say("{id}: at most {most} enemy groups.", id=question.external_id, most=MAX_GROUPS)
                )
        if changes:
            pools.revise_fields(pool, base, changes, lambda written: progress(written, len(changes)))
    return len(changes)


def check(change: str, name: str) -> None:
    """Whether this can be. Raises `ChangeRefused`."""
    if change not in _CHANGES:
        raise ChangeRefused(say("Must be one of {changes}.", changes=", ".join(CHANGES)))
    if not name and change in MAY_BE_EMPTY:
        return
    if problem := problem_of_name(name):
        raise ChangeRefused(say("The name {problem}.", problem=problem))
