"""manage.py export_responses POOL: a pool's answers as a table, as a calibration would read them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sessions_app.management.answers import add_which_answers, which_answers
from sessions_app.measurement.asking import GROUPS, NONE, CalibrationRefused
from sessions_app.measurement.collecting import NothingToCalibrate
from sessions_app.measurement.matrix import (
    BLANK,
    MISSINGS,
    Wanted,
    left_to_archives,
    matrix_lines,
    said_of_archives,
)
from testing_engine.management.pools import pool_named


class Command(BaseCommand):
    help = "Write imported and delivered answers, persons × questions, as CSV (docs/CALIBRATION.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="Its id.")
        add_which_answers(parser)
        parser.add_argument("--groups", choices=GROUPS, default=NONE, help="Adds the column group.")
        parser.add_argument("--missing", choices=MISSINGS, default=BLANK, help="What was not answered.")
        parser.add_argument("--students", action="store_true", help="Who it was, instead of row numbers.")
        parser.add_argument("--output", type=Path, help="The file; by default called by the pool's id.")

    def handle(self, *args: Any, pool: str, output: Path | None, **options: Any) -> None:
        file = output or Path(f"{pool}-responses.csv")
        found, wanted, until = pool_named(pool), _wanted(options), timezone.now()
        try:
            lines = matrix_lines(found, wanted, until)
            with file.open("w", encoding="utf-8", newline="") as opened:
                persons = sum(bool(opened.write(line)) for line in lines) - 1
        except CalibrationRefused as refused:
            raise CommandError("\n".join(f"{at}: {message}" for at, message in refused.problems)) from refused
        except NothingToCalibrate as nothing:
            archived = said_of_archives(left_to_archives(found, wanted, until))
            raise CommandError(f"Nothing was written. {nothing} {archived}".strip()) from nothing
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error}") from error
        self.stdout.write(f"{file}: {persons} rows.")
        if archived := said_of_archives(left_to_archives(found, wanted, until)):
            self.stderr.write(archived)


def _wanted(options: dict[str, Any]) -> Wanted:
    return Wanted(
        **which_answers(options),
        groups=options["groups"],
        names=options["students"],
        missing=options["missing"],
    )
