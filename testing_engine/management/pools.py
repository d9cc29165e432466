"""The pool that somebody names on a command line."""

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
