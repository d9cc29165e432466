"""What the service costs, as ratios against a baseline of the same run; README.md says how to read them."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_ENVIRONMENT = {
    "ADAPTIVE_ENVIRONMENT": "development",
    "DJANGO_SETTINGS_MODULE": "adaptive.settings",
    "SECRET_KEY": "insecure-key-of-the-benchmarks",
    "ALLOWED_HOSTS": "127.0.0.1",
}


@contextmanager
def durable_services(kept: Path | None = None) -> Iterator[Path]:
    """A PostgreSQL that syncs and a Valkey for this run alone, with Django and its tables on them.

    Never those that the environment names: a benchmark fills and empties what it runs on. Yields the folder:
    `kept`, whose databases a later run finds again, or one that goes with the run.
    """
    # Not at the top: benchmarks of the pure engine need neither the services nor Django.
    import django

    from embedded.services import Services

    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    # A short path: PostgreSQL's socket lives below it.
    folder = kept.resolve() if kept else Path(tempfile.mkdtemp(prefix="adaptive-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    try:
        with Services(folder) as services:
            os.environ.update(services.urls.environment())
            os.environ.update(_ENVIRONMENT)
            django.setup()
            _migrate()
            yield folder
            _disconnect()
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _disconnect() -> None:
    """PostgreSQL stops only when nobody is connected."""
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        connection.close_pool()  # type: ignore[attr-defined]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, its columns aligned."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    cells = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    rule = ["-" * width for width in widths]
    return "\n".join(f"| {' | '.join(line)} |" for line in [cells[0], rule, *cells[1:]])
