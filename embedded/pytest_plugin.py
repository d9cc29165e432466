"""Starts PostgreSQL and Valkey for a test run, before pytest-django reads the settings.

xdist's workers inherit the addresses from the first process; each takes a Redis database of its own.
"""

import gc
import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from embedded.prepared import prepared_folder
from embedded.services import PREPARED, throwaway_services

_started = ExitStack()


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    gc.disable()  # until the first test: nothing that is imported or collected goes away again
    os.environ["ADAPTIVE_ENVIRONMENT"] = "test"
    for name in ("CLIENT_REQUESTS_AT_ONCE", "SESSION_REQUESTS_AT_ONCE"):
        os.environ.setdefault(name, "64")  # tests race with more than a process has threads
    os.environ.setdefault("SECRET_KEY", "insecure-key-of-the-tests")
    os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `make run` has it
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        if not os.environ.get("DATABASE_URL"):
            os.environ.pop(PREPARED, None)
            os.environ[PREPARED] = str(prepared_folder())
        services = _started.enter_context(throwaway_services())
        os.environ.update(services.urls.environment())
    else:
        address, _, first = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{address}/{int(first) + 2 + int(worker.removeprefix('gw'))}"
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Garbage is collected from here on, and only among what tests make: the rest is millions of objects.

    Seldom: looking through all that is there would else be one part in fifteen of all the work.
    """
    gc.collect()  # so that it knows how much there is (docker/gunicorn.conf.py)
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_unconfigure() -> None:
    _started.close()
