"""The pool that somebody names on a command line, and whose it is."""

from uuid import UUID

from django.core.management.base import CommandError

from testing_engine.models import QuestionPool
from testing_engine.pools import read_pool


def pool_named(text: str) -> QuestionPool:
    """A pool that has questions; raises `CommandError`."""
    try:
        return read_pool(UUID(text))
    except (ValueError, QuestionPool.DoesNotExist) as error:
        raise CommandError(f"There is no pool {text}.") from error


def pool_owner(named: str | UUID | None) -> int | None:
    """The key of the organisation whose pool has this id; None where there is no such pool."""
    try:
        pools = QuestionPool.objects.filter(pk=UUID(str(named)))
    except ValueError:
        return None
    return pools.values_list("organisation_id", flat=True).first()
