"""manage.py import_responses POOL FILE: keep answers that were given elsewhere, to calibrate from."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sessions_app.measurement.cells import Values
from sessions_app.measurement.importing import Report, ResponsesRefused, Wishes, import_responses
from testing_engine.interchange.answer_files import SHAPES, Columns
from testing_engine.interchange.imported import Upload
from testing_engine.management.pools import pool_named
from testing_engine.management.taking_in import content_of

ROLES = ("person", "item", "response", "time")


class Command(BaseCommand):
    help = (
        "Keep a file of answers (a row a person, or a row an answer) as imported sittings of a pool "
        "(docs/CALIBRATION.md). The same file again is the same import."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="Its id.")
        parser.add_argument("file", type=Path, help="CSV, or text with tabs or semicolons, UTF-8.")
        parser.add_argument("--shape", choices=SHAPES, default="", help="By default by the columns.")
        parser.add_argument("--values", choices=Values.values, default=Values.CATEGORIES.value)
        for role in ROLES:
            parser.add_argument(
                f"--{role}", default="", metavar="COLUMN", help="Left out: by its usual names."
            )
        parser.add_argument(
            "--group",
            action="append",
            default=[],
            metavar="COLUMN",
            dest="groups",
            help="Of demographic groups. Repeatable; left out: the one called group.",
        )
        parser.add_argument(
            "--missing", action="append", default=[], metavar="CELL", help="Means: not answered. Repeatable."
        )
        parser.add_argument("--skip-bad-lines", action="store_true", help="Take the others all the same.")
        parser.add_argument("--dry-run", action="store_true", help="Report only, store nothing.")

    def handle(self, *args: Any, pool: str, file: Path, **options: Any) -> None:
        columns = {role: options[role] for role in ROLES}
        wishes = Wishes(
            Columns(
                shape=options["shape"],
                groups=tuple(options["groups"]),
                missing=tuple(options["missing"]),
                **columns,
            ),
            options["values"],
            options["skip_bad_lines"],
            options["dry_run"],
        )
        try:
            with tqdm(unit="line", disable=None) as bar:
                upload = Upload(file.name, content_of(file, settings.IMPORT_MAX_BYTES))
                report = import_responses(pool_named(pool), upload, wishes, progress=bar.update)
        except ResponsesRefused as refused:
            listed = "\n".join(f"  {message}" for _, message in refused.problems)
            raise CommandError(f"Nothing was imported.\n{listed}") from refused
        self._print(report)

    def _print(self, report: Report) -> None:
        for problem in report.problems:
            self.stdout.write(problem)
        groups = "".join(
            f", {column} {', '.join(groups)}" for column, groups in report.groups.items() if groups
        )
        self.stdout.write(
            f"{report.shape}: {report.persons} persons, {len(report.questions)} questions, "
            f"{report.answers} answers{groups}; {report.problem_count} bad."
        )
        if report.source is None:
            self.stdout.write("Nothing was stored (dry run).")
        elif report.is_repeat:
            self.stdout.write(f"This file is here already, as import {report.source.pk}.")
        else:
            self.stdout.write(f"Stored as import {report.source.pk}.")
