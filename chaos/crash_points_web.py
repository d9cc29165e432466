"""What the server that forks web processes has loaded: the service, and nothing that is connected."""

import warnings
from importlib import import_module

from django.db import connection
from django.urls import get_resolver
from django_redis import get_redis_connection

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # there are no static files
    from adaptive.wsgi import application
from chaos.crash_points import execute_in_two

__all__ = ["application", "connect"]

import_module("psycopg_pool")  # what the first request would import
assert get_resolver().url_patterns
for module in ("psycopg._cursor_base", "psycopg.generators"):
    import_module(module).execute = execute_in_two  # type: ignore[attr-defined]


def connect(database: str) -> None:
    """So that what is sent from now on belongs to the request."""
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    get_redis_connection("default").ping()
