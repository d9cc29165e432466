"""manage.py export_responses POOL: a pool's answers as a table, as a calibration would read them."""

import uuid
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date

from sessions_app.measurement.asking import GROUPS, NONE, CalibrationRefused
from sessions_app.measurement.collecting import NothingToCalibrate
from sessions_app.measurement.matrix import BLANK, MISSINGS, Wanted, matrix_lines
from testing_engine.management.pools import pool_named


class Command(BaseCommand):
    help = "Write imported and delivered answers, persons × questions, as CSV (docs/CALIBRATION.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="Its id.")
        parser.add_argument(
            "--import", action="append", dest="imports", metavar="ID", help="Repeatable; by default all."
        )
        parser.add_argument("--no-imports", action="store_true", help="Delivered tests alone.")
        parser.add_argument("--no-delivered", action="store_true", help="Imported answers alone.")
        parser.add_argument("--since", metavar="DATE", help="Delivered tests that ended on or after it.")
        parser.add_argument("--groups", choices=GROUPS, default=NONE, help="Adds the column group.")
        parser.add_argument("--missing", choices=MISSINGS, default=BLANK, help="What was not answered.")
        parser.add_argument("--students", action="store_true", help="Who it was, instead of row numbers.")
        parser.add_argument("--output", type=Path, help="The file; by default called by the pool's id.")

    def handle(self, *args: Any, pool: str, output: Path | None, **options: Any) -> None:
        file = output or Path(f"{pool}-responses.csv")
        try:
            lines = matrix_lines(pool_named(pool), _wanted(options), timezone.now())
            with file.open("w", encoding="utf-8", newline="") as opened:
                persons = sum(bool(opened.write(line)) for line in lines) - 1
        except CalibrationRefused as refused:
            raise CommandError("\n".join(f"{at}: {message}" for at, message in refused.problems)) from refused
        except NothingToCalibrate as nothing:
            raise CommandError(f"Nothing was written. {nothing}") from nothing
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error}") from error
        self.stdout.write(f"{file}: {persons} rows.")


def _wanted(options: dict[str, Any]) -> Wanted:
    try:
        imports = None if options["imports"] is None else tuple(map(uuid.UUID, options["imports"]))
        since = parse_date(options["since"]) if options["since"] else None
    except ValueError as error:
        raise CommandError(f"--import and --since: {error}") from error
    if options["since"] and since is None:
        raise CommandError("--since: a date is written 2026-11-30.")
    return Wanted(
        imports=() if options["no_imports"] else imports,
        delivered=not options["no_delivered"],
        since=None if since is None else datetime.combine(since, datetime.min.time(), UTC),
        groups=options["groups"],
        names=options["students"],
        missing=options["missing"],
    )
