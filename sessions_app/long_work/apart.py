"""A word outside of the transaction in which the work is: others see it at once, and the row is not locked.

Told inside, nobody would see how far the work is before it is over, and who wants to cancel would wait.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def said_apart(word: Callable[[], T]) -> T:
    """By a connection of its own, over when this returns. What it raises is raised here."""

    def say() -> T:
        try:
            return word()
        finally:
            connection.close()

    with ThreadPoolExecutor(1, thread_name_prefix="apart") as thread:
        return thread.submit(copy_context().run, say).result()
