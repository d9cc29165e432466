"""What `make run`, tests and benchmarks start beside themselves: nothing of it outlives who started it.

Patience is for a busy machine: nobody waits longer than it takes.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

START_PATIENCE = 60  # seconds
WHOLE_PATIENCE = 600  # for a program that sets up a database, works and ends by itself
STOP_PATIENCE = 60  # more than gunicorn's graceful_timeout (docker/gunicorn.conf.py), after which it kills


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(command: list[str], **options: Any) -> "Iterator[subprocess.Popen[Any]]":
    """A process while the context lasts, with the options of `Popen`; it leads a session of its own.

    Raises:
        TimeoutExpired: it did not end when it was told to; it has been killed.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_PATIENCE)
        finally:
            kill_session(process)


def kill_session(process: "subprocess.Popen[Any]") -> None:
    """With all that it started, but for what left its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def wait_until(
    happened: Callable[[], bool],
    process: "subprocess.Popen[Any] | None" = None,
    patience: float = START_PATIENCE,
) -> bool:
    """Look until it has happened; False if the time was over first, or the process."""
    deadline = time.monotonic() + patience
    while not happened():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            return False
        time.sleep(0.05)
    return True
