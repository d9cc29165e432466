"""How gunicorn serves. PORT, WEB_CONCURRENCY and GUNICORN_CMD_ARGS in the environment change it.

No `max_requests`: it hides leaks, and a new process has to read its question pools again, so that students
meet slow requests for nothing. What a process caches is bounded (`testing_engine.revisions`).
No `preload_app`: the pool of database connections has threads, and threads do not survive a fork; and a
worker that loads the service itself takes up what was upgraded (docs/UPGRADING.md).
No access log: the service has a line for each request (`adaptive.request_log`), without the student ids that
addresses carry.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

bind = f"0.0.0.0:{os.environ.get('PORT', '5300')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Threads, for a request mostly waits for PostgreSQL and Redis; they get requests that have arrived whole.
worker_class = "adaptive.serving.worker.BufferingWorker"
sendfile = False  # the kernel would wait for the client; the worker does so beside its threads
threads = 8  # below DATABASE_POOL_SIZE: no thread of a process waits for another's connection
timeout = 30  # a process that shows no sign of life for so long is replaced
graceful_timeout = 25  # for running requests at a stop; compose.yaml waits 30
WARMING_PATIENCE = 10  # seconds in which a worker that follows another reads pools; below `graceful_timeout`
keepalive = 75  # longer than the 60 of usual proxies, so that the proxy, not we, closes an idle connection
worker_tmp_dir = "/dev/shm"  # noqa: S108  signs of life in memory: a slow disk must not look like a dead process
logger_class = "adaptive.gunicorn_log.ServiceLogger"
control_socket_disable = True  # nobody needs it, and its place would be a home folder that is not there

# Every process counts in a file of its own in one folder, and /metrics sums them. prometheus_client reads the
# variable when it is imported. The folder of a gunicorn that this one replaces (USR2) is left to it.
_PREFIX, _OWN = "adaptive-metrics-", f"adaptive-metrics-{os.getpid()}-"
_given = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR") or _PREFIX).name
if _given.startswith(_PREFIX) and not _given.startswith(_OWN):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=_OWN, dir=worker_tmp_dir)
_COUNTED = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])


def on_starting(server: Any) -> None:
    """What an earlier run left there would be counted again; what all workers need is loaded once."""
    from adaptive.serving.libraries import load_libraries

    _COUNTED.mkdir(parents=True, exist_ok=True)
    for file in _COUNTED.glob("*.db"):
        file.unlink()
    load_libraries()


def on_reload(server: Any) -> None:
    """HUP: the workers of now go on until those that are about to be forked take requests."""
    from adaptive.serving.succession import succession

    succession.begin(server.worker_age, server.cfg.workers)


def post_fork(server: Any, worker: Any) -> None:
    """While the service is loaded nothing becomes garbage, and looking for some takes a third of the time."""
    gc.disable()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """A worker reads pools before its first student asks. Whoever only imports the service reads none."""
    gc.collect()  # so that it knows how much there is, and does not soon look through all that came later
    gc.freeze()  # what is loaded stays, and need not be looked at again
    gc.enable()
    from django.apps import apps

    if apps.ready:  # what is served may be something else
        from django.urls import get_resolver

        from adaptive.serving.succession import succession
        from testing_engine.warming import warm_in_background

        _ = get_resolver().url_patterns  # loads every view, which the first request would wait for
        reading = warm_in_background()
        if succession.follows(worker.age):
            reading.join(WARMING_PATIENCE)


def child_exit(server: Any, worker: Any) -> None:
    """What a process that is gone has counted stays counted; what it held does not."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Leave nothing behind but what somebody asked for by name."""
    if _COUNTED.name.startswith(_OWN):
        shutil.rmtree(_COUNTED, ignore_errors=True)
