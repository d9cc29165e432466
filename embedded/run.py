"""`make run`: everything on this machine, from nothing to a served first test. Ctrl-C stops all of it.

Starts PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL point elsewhere), migrates, loads the demo
pool into an empty database, and runs web, worker and beat. Data stays in `.run/`.
"""

import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from embedded.processes import START_PATIENCE, kill_session, wait_until
from embedded.services import CannotStart, Services

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("RUN_FOLDER", ROOT / ".run"))
PORT = int(os.environ.get("PORT", "5300"))
HOST = os.environ.get("HOST", "127.0.0.1")
ADDRESS = f"http://localhost:{PORT}"
ENVIRONMENT_FILE = "environment.json"
STOP_PATIENCE = 30  # seconds, as compose.yaml gives a container: gunicorn lets requests end for 25


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell starts what runs in its background with it ignored
    try:
        with _only_one(), _port_free():
            _end_leftovers()
            print("Starting PostgreSQL and Valkey …", flush=True)
            with Services(FOLDER) as services:
                os.environ.update(services.urls.environment())
                os.environ.update(_development_environment())
                with _told_to_others({**services.urls.environment(), **_development_environment()}):
                    _serve()
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    print(f"Stopped. The data stays in {FOLDER.name}/; `make run` goes on with it.")
    return 0


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _only_one() -> Iterator[None]:
    """The lock goes with this process, however it ends."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"It is running already ({lock.read().strip()}). Open it, or press Ctrl-C there first."
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {ADDRESS}")
        lock.flush()
        yield


@contextmanager
def _port_free() -> Iterator[None]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError:
            raise CannotStart(
                f"Port {PORT} is taken by another program. Stop it, or choose a port: PORT=5301 make run"
            ) from None
    yield


@contextmanager
def _told_to_others(environment: dict[str, str]) -> Iterator[None]:
    """So that `make manage` meets the same parts while they run."""
    path = FOLDER / ENVIRONMENT_FILE
    path.touch(mode=0o600)
    path.write_text(json.dumps(environment))
    try:
        yield
    finally:
        path.unlink()


def _end_leftovers() -> None:
    """End the Valkey of a run that was killed; it would keep its memory and port for nothing."""
    ours = (FOLDER / "valkey").resolve()
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["name"] == "valkey-server" and process.info["cwd"] == str(ours):
            process.terminate()


def _development_environment() -> dict[str, str]:
    return {
        "ADAPTIVE_ENVIRONMENT": "development",
        "DJANGO_SETTINGS_MODULE": "adaptive.settings",
        "SECRET_KEY": "insecure-" + _kept("secret_key"),
        "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"),
        "OPENBLAS_NUM_THREADS": "1",  # the matrices are small, and requests run in threads already
        "CELERY_BEAT_SCHEDULE_FILENAME": str(FOLDER / "celerybeat-schedule"),
    }


def _kept(name: str) -> str:
    """A secret of this machine, made on the first start, readable by its owner alone."""
    path = FOLDER / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def _serve() -> None:
    python = sys.executable
    compiling = _spawn([python, "-m", "testing_engine.compile_kernels"], FOLDER / "compile_kernels.log")
    token, demo_pool = _prepare_database()
    compiling.wait()  # else each web process would do it
    serve = ["--config", "docker/gunicorn.conf.py", "--bind", f"{HOST}:{PORT}", "--log-level", "warning"]
    commands = {
        "web": [python, "-m", "gunicorn", *serve, "adaptive.wsgi"],
        "worker": [
            python,
            "-m",
            "celery",
            "-A",
            "adaptive",
            "worker",
            "--concurrency",
            "1",
            "--loglevel",
            "WARNING",
        ],
        "beat": [python, "-m", "celery", "-A", "adaptive", "beat", "--loglevel", "WARNING"],
    }
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            processes[name] = _spawn(command, FOLDER / f"{name}.log")
        _wait_until_served(processes)
        _welcome(token, demo_pool)
        while True:
            _raise_if_dead(processes)
            time.sleep(0.5)
    finally:
        _stop(processes)


def _spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A child in its own session: Ctrl-C reaches this process alone, which stops the others in order."""
    output: IO[bytes]
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )


def _end_with_parent() -> None:
    """On Linux, the kernel ends the child when this process dies, even by kill -9."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def _stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one Ctrl-C is enough
    for process in processes.values():
        process.terminate()
    deadline = time.monotonic() + STOP_PATIENCE
    for process in processes.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        finally:
            kill_session(process)


def _raise_if_dead(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise CannotStart(f"{name} ended by itself; its last words are in .run/{name}.log")


def _wait_until_served(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    def is_served() -> bool:
        _raise_if_dead(processes)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=START_PATIENCE)
        except OSError:
            return False
        return True

    if not wait_until(is_served):
        raise CannotStart(f"The web process did not answer within {START_PATIENCE} seconds; see .run/web.log")


def _prepare_database() -> tuple[str, str]:
    """Migrate, load the demo into an empty database, make the admin; returns a working token and a pool."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from sessions_app.administration.api_clients import PERMISSIONS, make_token
    from testing_engine.models import QuestionPool

    call_command("migrate", verbosity=0, interactive=False)
    if not QuestionPool.objects.exists():
        call_command("load_demo", "--with-class")
    _ensure_admin()
    path = FOLDER / "api_token"
    if not path.exists() or not _is_known(path.read_text()):
        path.touch(mode=0o600)
        path.write_text(make_token("development", PERMISSIONS, None))
    pool = QuestionPool.objects.order_by("-created_at").first()  # what `start` takes, too
    connections.close_all()
    for connection in connections.all():
        connection.close_pool()  # type: ignore[attr-defined]
    return path.read_text(), str(pool.pk) if pool else ""


def _ensure_admin() -> None:
    from django.contrib.auth.models import User

    if not User.objects.filter(username="admin").exists():
        User.objects.create_superuser("admin", password=_kept("admin_password"))


def _is_known(token: str) -> bool:
    from knox.crypto import hash_token
    from knox.models import AuthToken

    return bool(AuthToken.objects.filter(digest=hash_token(token)).exists())


def _welcome(token: str, pool: str) -> None:
    body = json.dumps({"student_id": "student-1", "question_pool_id": pool})
    start = (
        f"curl -s {ADDRESS}/api/test/start -H 'Authorization: Token {token}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )
    print(
        f"""
Ready. Open   {ADDRESS}/           where everything is
              {ADDRESS}/take/      a student's page: try a demo
              {ADDRESS}/api/docs   the API, to read and to try
              {ADDRESS}/desk/      where teachers work, with a class: user and password as below
              {ADDRESS}/admin      user admin, password {_kept("admin_password")}

A first test by curl:

{start}

Logs are in .run/*.log. Ctrl-C stops everything.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
