"""A PostgreSQL with all migrations done, kept between test runs: tests and what they start copy it.

Setting one up and migrating it takes longer than most tests. What a person starts sets up its own.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from embedded.services import TEMPLATE, EmbeddedPostgres, copy_folder

ROOT = Path(__file__).resolve().parent.parent
KEPT_IN = ROOT / ".pytest_cache"


def prepared_folder() -> Path:
    """A data folder of a PostgreSQL that stopped in good order, with the migrated `TEMPLATE` in it.

    It is made once for the migrations as they are now; those of other migrations are removed.
    """
    folder = KEPT_IN / f"postgres-{_what_it_depends_on()}"
    if not folder.exists():
        _prepare(folder)
    return folder


def _what_it_depends_on() -> str:
    read = hashlib.sha256()
    for pattern in ("*/migrations/*.py", "requirements/*.txt", "embedded/prepared.py"):
        for path in sorted(ROOT.glob(pattern)):
            content = path.read_bytes()
            read.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return read.hexdigest()[:16]


def _prepare(folder: Path) -> None:
    KEPT_IN.mkdir(exist_ok=True)
    others = [other for other in KEPT_IN.glob("postgres-*") if ".new-" not in other.name]
    made_in = Path(tempfile.mkdtemp(prefix="adaptive-"))  # short: PostgreSQL's socket lives below it
    made_in.chmod(0o755)
    new = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    try:
        _make(made_in / "postgres")
        copy_folder(made_in / "postgres", new)
        new.rename(folder)
    except OSError:
        if not folder.exists():  # else another run was faster
            raise
    finally:
        shutil.rmtree(made_in, ignore_errors=True)
        shutil.rmtree(new, ignore_errors=True)
    for other in others:
        shutil.rmtree(other, ignore_errors=True)


def _make(folder: Path) -> None:
    server = EmbeddedPostgres(folder, database=TEMPLATE)
    try:
        migrate = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env={**os.environ, "DATABASE_URL": server.url}, check=True)
        with psycopg.connect(server.server.get_uri(), autocommit=True) as connection:
            # While somebody is connected, it cannot be copied.
            connection.execute(f'ALTER DATABASE "{TEMPLATE}" IS_TEMPLATE true ALLOW_CONNECTIONS false')
    finally:
        server.stop()
    (folder / ".handle_pids.json").unlink(missing_ok=True)  # the wheel's, about processes
