"""The pool that somebody names on a command line."""

from uuid import UUID

from django.core.management.base import CommandError

from testing_engine.models import QuestionPool
from testing_engine.pools import read_pool


def pool_named(text: str) -> QuestionPool:
    """A pool that has questions; raises `CommandError`."""
    try:
        pool = read_pool(UUID(text))
    except (ValueError, QuestionPool.DoesNotExist):
        pool = None
    if pool is None or pool.current_revision_id is None:
        raise CommandError(f"There is no pool {text}.")
    return pool
