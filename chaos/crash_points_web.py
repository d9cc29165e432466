"""What the server that forks web processes has loaded: the service, and nothing that is connected.

Whoever imports it has the whole service in memory, and a psycopg that marks when a message has been sent.
"""

import gc
import warnings
from collections.abc import Generator
from importlib import import_module
from typing import Any

from django.db import connection
from django.urls import reverse
from django_redis import get_redis_connection

from sessions_app.sitting.round_trips import exchange

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # there are no static files
    from adaptive.wsgi import application

__all__ = ["application", "connect"]


def _postgresql_asked() -> None:
    """Everything is sent, nothing is read."""


def execute_in_two(pgconn: Any) -> Generator[Any, Any, Any]:
    """psycopg's `execute`, with a mark between its halves."""
    from psycopg import generators

    yield from generators.send(pgconn)
    _postgresql_asked()
    return (yield from generators.fetch_many(pgconn))


import_module("psycopg_pool")  # what the first request would import
reverse("admin:index")  # reads all addresses: half of what a fresh process would do for its request
for module in ("psycopg._cursor_base", "psycopg.generators"):
    import_module(module).execute = execute_in_two  # type: ignore[attr-defined]


def connect(database: str) -> None:
    """So that what is sent from now on belongs to the request."""
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    exchange(get_redis_connection("default"), [("PING",)])


gc.collect()
gc.freeze()  # as a web process does (docker/gunicorn.conf.py)
