"""A web process that kills itself, with -9, after a named step of a request.

The process is real: a fresh one for each request, forked from a server that has loaded the service, with
connections of its own to PostgreSQL and Valkey, and the WSGI application in it. A profiler counts the steps,
so nothing of the service exists for its sake. crash_points.txt names every step; a test compares it with
what is really done, so a new step needs a new crash point.
"""

import json
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from chaos.wire import Reply, Request

# A step is a function of the service, not in SILENT, that one of these modules called; or a message to
# PostgreSQL or Redis that has been sent and whose reply nobody has read yet.
DIRECTORS = (
    "sessions_app.api.sitting",
    "sessions_app.sitting.submission",
    "sessions_app.sitting.lifecycle",
    "sessions_app.sitting.pausing",
    "sessions_app.sitting.access",
    "sessions_app.sitting.standing",
    "sessions_app.sitting.decisions",
    "sessions_app.sitting.shown",
)
SERVICE = ("sessions_app.", "testing_engine.")
SILENT = (
    "sessions_app.sitting.session_state",
    "sessions_app.sitting.decisions",
    "testing_engine.psychometrics.items.bank",
    "testing_engine.psychometrics.items.parts",
)  # values
POSTGRESQL_ASKED, REDIS_ASKED, REPLIED = "PostgreSQL asked", "Redis asked", "reply made"
_MARKS = {
    "chaos.crash_points_web._postgresql_asked": POSTGRESQL_ASKED,
    "redis.connection.AbstractConnection.send_packed_command": REDIS_ASKED,
    "adaptive.handler.Handler.__call__": REPLIED,
}

PATHS_FILE = Path(__file__).with_name("crash_points.txt")


def read_paths(text: str) -> dict[str, tuple[str, ...]]:
    """Steps by path, in their order; what comes again is numbered. A path is a line, its steps follow it."""
    paths: dict[str, tuple[str, ...]] = {}
    for block in text.strip().split("\n\n"):
        name, _, steps = block.partition("\n")
        paths[name] = numbered(step.strip() for step in steps.replace("\n", " ").split(","))
    return paths


def numbered(steps: Iterable[str]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    names = []
    for step in steps:
        counts[step] += 1
        names.append(step if counts[step] == 1 else f"{step} ({counts[step]})")
    return tuple(names)


PATHS = read_paths(PATHS_FILE.read_text())


@dataclass(frozen=True)
class Served:
    """`reply` is None where the process killed itself; `steps` are all where it did not."""

    reply: Reply | None
    steps: tuple[str, ...] = ()


def serve(request: Request, database: str, die_after: str | None = None) -> Served:
    """Let a fresh web process on this database answer, or die after that step."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["chaos.crash_points_web"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(request, database, die_after, theirs))
    process.start()
    theirs.close()
    try:
        status, body, steps = ours.recv()
    except EOFError:
        process.join()
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError(
                f"The web process ended with {process.exitcode}, not by its own hand."
            ) from None
        return Served(None)
    process.join()
    return Served(Reply(status, body), steps)


def _answer(request: Request, database: str, die_after: str | None, told: Connection) -> None:
    from chaos.crash_points_web import application, connect

    connect(database)
    steps: list[str] = []

    def reached(step: str) -> None:
        steps.append(step)
        if numbered(steps)[-1] == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    status: list[int] = []

    def answered(line: str, headers: object, error: object = None) -> Any:
        status.append(int(line[:3]))

    content = json.dumps(request.body).encode()
    environment = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": request.path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_AUTHORIZATION": request.authorization,
        "wsgi.input": BytesIO(content),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    if request.key is not None:
        environment["HTTP_IDEMPOTENCY_KEY"] = request.key
    sys.setprofile(_Steps(reached))
    try:
        pieces = application(environment, answered)
    finally:
        sys.setprofile(None)
    told.send((status[0], json.loads(b"".join(pieces)), numbered(steps)))


class _Steps:
    """A profiler that tells each step when it is done."""

    def __init__(self, reached: Callable[[str], None]) -> None:
        self.reached = reached

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event != "return":
            return
        module = frame.f_globals.get("__name__", "")
        name = f"{module}.{frame.f_code.co_qualname}"
        if name in _MARKS:
            self.reached(_MARKS[name])
        elif module.startswith(SERVICE) and not module.startswith(SILENT):
            caller = frame.f_back
            is_function = frame.f_code.co_qualname.isidentifier()  # no method, no lambda
            if is_function and caller is not None and caller.f_globals.get("__name__") in DIRECTORS:
                self.reached(f"{module.rpartition('.')[2]}.{frame.f_code.co_qualname}")
