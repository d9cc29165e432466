"""What is put to the test, for one run: PostgreSQL that syncs, Valkey, and two web servers of two processes.

Two web servers stand for two machines: they share nothing but PostgreSQL and Valkey.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.processes import START_PATIENCE, free_port, running, wait_until
from embedded.services import EmbeddedPostgres, EmbeddedValkey, Services

ROOT = Path(__file__).resolve().parent.parent
WEB_SERVERS = 2
PROCESSES_EACH = 2
_ENVIRONMENT = {
    "ADAPTIVE_ENVIRONMENT": "development",
    "DJANGO_SETTINGS_MODULE": "adaptive.settings",
    "SECRET_KEY": "insecure-key-of-the-chaos",
    "ALLOWED_HOSTS": "127.0.0.1",
    "OPENBLAS_NUM_THREADS": "1",  # as `make run` has it
    "WEB_CONCURRENCY": str(PROCESSES_EACH),
    # Students here type as fast as programs do.
    "RATE_LIMIT_SESSION_PER_MINUTE": "100000",
    "RATE_LIMIT_CLIENT_PER_MINUTE": "1000000",
    "RATE_LIMIT_STUDENT_PER_MINUTE": "100000",
    "RATE_LIMIT_STUDENT_STARTS_PER_MINUTE": "100000",
    "CLIENT_REQUESTS_AT_ONCE": "64",
    "SESSION_REQUESTS_AT_ONCE": "64",
}


class ServerEnded(Exception):
    """A web server ended that nobody told to."""


@dataclass(frozen=True)
class WebServer:
    """A gunicorn and its worker processes."""

    port: int
    process: "subprocess.Popen[bytes]"
    clock: Path

    def set_clock(self, error: float) -> None:
        """By so many seconds wrong, from the next request on."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(error))
        new.replace(self.clock)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@dataclass(frozen=True)
class Servers:
    """Everything that runs, to be disturbed."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    web: list[WebServer]

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.web]

    def check(self) -> None:
        for server in self.web:
            if server.process.poll() is not None:
                raise ServerEnded(f"The web server on port {server.port} ended by itself.")


@contextmanager
def services() -> Iterator[tuple[Path, Services]]:
    """PostgreSQL and Valkey, with Django set up on them; never those that the environment names."""
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))  # short: PostgreSQL's socket lives below it
    folder.chmod(0o755)
    try:
        with Services(folder) as started, prepared(folder, started.urls.environment()):
            yield folder, started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def prepared(folder: Path, urls: dict[str, str]) -> Iterator[None]:
    """Django set up on what the URLs name, and migrated."""
    import django
    from django.core.management import call_command

    (folder / "static").mkdir()  # WhiteNoise warns where it is missing
    os.environ.update({**urls, **_ENVIRONMENT, "STATIC_ROOT": str(folder / "static")})
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    yield
    disconnect()


def disconnect() -> None:
    """This process holds no connection while PostgreSQL is being disturbed."""
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        connection.close_pool()  # type: ignore[attr-defined]


@contextmanager
def web_servers(folder: Path, started: Services) -> Iterator[Servers]:
    """The web servers, beside the rest; they end in good order, with what they were doing."""
    assert started.postgres is not None
    assert started.valkey is not None
    with ExitStack() as stack:
        web = [stack.enter_context(web_server(folder, number)) for number in range(WEB_SERVERS)]
        yield Servers(folder, started.postgres, started.valkey, web)


@contextmanager
def web_server(folder: Path, number: int, own: dict[str, str] | None = None) -> Iterator[WebServer]:
    """A web server that serves, with what its environment has besides or instead."""
    port = free_port()
    # As `make run` starts it (embedded/run.py), but for the clock.
    serve = ["--config", "docker/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    command = [sys.executable, "-m", "gunicorn", *serve, "chaos.wrong_clock"]
    clock = folder / f"clock-{number}"
    clock.write_text("0")
    environment = {**os.environ, "CHAOS_CLOCK": str(clock), **(own or {})}
    with (
        (folder / f"web-{number}.log").open("ab") as log,
        running(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,
    ):
        server = WebServer(port, process, clock)
        _wait_until_served(server)
        yield server


def _wait_until_served(server: WebServer) -> None:
    def is_served() -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health", timeout=START_PATIENCE)
        except OSError:
            return False
        return True

    if not wait_until(is_served, server.process):
        raise ServerEnded(f"gunicorn does not serve on port {server.port}.")
