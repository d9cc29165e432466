"""manage.py export_parameters POOL: a revision's item parameters as a table for mirt, catR or mirtCAT."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from testing_engine.exporting import parameters_out
from testing_engine.management.taking_out import keep, revision_named
from testing_engine.parameter_tables.writing import CATR_MODELS, PROGRAMS, UnknownForm


class Command(BaseCommand):
    help = "Write a pool's item parameters as another program's table (docs/PARAMETERS.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="The pool's id.")
        parser.add_argument("--form", choices=PROGRAMS, required=True)
        parser.add_argument(
            "--model", choices=CATR_MODELS, default="", help="Of catR's matrices; by default the fullest."
        )
        parser.add_argument("--revision", type=int, help="Its number; by default the newest.")
        parser.add_argument("--output", type=Path, help="The file; by default called by pool and form.")
        parser.add_argument(
            "--incomplete", action="store_true", help="Write the table though some questions are left out."
        )

    def handle(self, *args: Any, pool: str, form: str, output: Path | None, **options: Any) -> None:
        revision = revision_named(pool, options["revision"])
        try:
            written = parameters_out(revision, form, options["model"]).written
        except UnknownForm as unknown:
            raise CommandError(str(unknown)) from unknown
        keep(self.stdout, written, output or Path(f"{pool}-{form}.csv"), incomplete=options["incomplete"])
