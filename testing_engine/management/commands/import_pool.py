"""manage.py import_pool FILE: publish the questions of another system's file, with a report of each."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError
from tqdm import tqdm

from organisations.commands import OrganisationCommand
from testing_engine.approval import OVERRIDE, PublicationRefused, in_the_name_of
from testing_engine.importing import ImportRefused, Report, Wishes, import_pool
from testing_engine.interchange.imported import MOST_VARIANTS, VARIANTS, Upload
from testing_engine.interchange.readers import READERS
from testing_engine.management.pools import pool_owner
from testing_engine.management.taking_in import content_of


class Command(OrganisationCommand):
    help = "Publish the questions of a file of another system as a pool (docs/IMPORT.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--format", choices=list(READERS), help="By default by the file's content and name."
        )
        parser.add_argument("--name", help="The pool's name; by default the file's own.")
        parser.add_argument(
            "--concept", action="append", default=[], help="A concept's name; may be repeated."
        )
        parser.add_argument(
            "--into", type=UUID, metavar="POOL", help="The id of the pool that gets the questions."
        )
        parser.add_argument(
            "--variants",
            type=int,
            default=VARIANTS,
            choices=range(1, MOST_VARIANTS + 1),
            metavar=f"1…{MOST_VARIANTS}",
            help=f"How many are made of a question with a template; by default {VARIANTS}.",
        )
        parser.add_argument("--seed", type=int, default=1, help="From which they are drawn.")
        parser.add_argument(
            "--parts-apart",
            action="store_true",
            help="A question of several blanks or parts becomes a set, a question for each.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Report only, store nothing.")
        parser.add_argument("--override", default="", metavar="REASON", help=OVERRIDE)

    def owner_named(self, options: dict[str, Any]) -> int | None:
        return pool_owner(options["into"])

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if options["into"] and (options["name"] or options["concept"]):
            raise CommandError("--into names a pool, which has a name and concepts of its own.")
        wishes = Wishes(
            options["format"],
            options["name"],
            tuple(options["concept"]),
            options["dry_run"],
            apart=options["parts_apart"],
            into=options["into"],
        )
        try:
            with tqdm(unit="question", disable=None) as bar:
                upload = Upload(
                    file.name,
                    content_of(file, settings.IMPORT_MAX_BYTES),
                    options["variants"],
                    options["seed"],
                )
                with in_the_name_of(None, options["override"]):
                    report = import_pool(upload, wishes, lambda looked, of_all: _show(bar, looked, of_all))
        except ImportRefused as refused:
            listed = "\n".join(f"  {message}" for _, message in refused.problems)
            raise CommandError(f"Nothing was imported.\n{listed}") from refused
        except PublicationRefused as refused:
            raise CommandError(f"{refused} Nothing was imported.") from refused
        self._print(report, wishes)

    def _print(self, report: Report, wishes: Wishes) -> None:
        for question in report.questions:
            self.stdout.write(f"{question.outcome:16}{question.source}  {question.id}")
            for reason in question.reasons:
                self.stdout.write(f"{'':16}{reason}")
        self.stdout.write(f"{report.format}: {report.taken} taken, {report.refused} refused.")
        if report.not_calibrated:
            self.stdout.write(
                f"{report.not_calibrated} without parameters: in no ability until they are calibrated."
            )
        if report.pool is not None:
            said = "Published as" if wishes.into is None else "Added to"
            self.stdout.write(f"{said} pool {report.pool.pk} ({report.name}).")
        elif wishes.dry_run:
            self.stdout.write("Nothing was published (dry run).")
        else:
            raise CommandError("Nothing was published: no question could be taken.")


def _show(bar: "tqdm[Any]", looked_at: int, of_all: int) -> None:
    bar.total = of_all
    bar.update(looked_at - bar.n)
