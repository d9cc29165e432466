"""manage.py export_pool POOL: a pool's revision as a file, with a report of what the file cannot carry."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from testing_engine.exporting import WRITERS, export_revision
from testing_engine.models import PoolRevision


class Command(BaseCommand):
    help = "Write a pool's questions with their answer key to a file (docs/POOLS.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="The pool's id.")
        parser.add_argument("--format", choices=list(WRITERS), default="json")
        parser.add_argument("--revision", type=int, help="Its number; by default the newest.")
        parser.add_argument("--output", type=Path, help="The file; by default called by the pool's id.")
        parser.add_argument(
            "--incomplete", action="store_true", help="Write the file though some questions are left out."
        )

    def handle(self, *args: Any, pool: str, output: Path | None, **options: Any) -> None:
        written = export_revision(_revision(pool, options["revision"]), options["format"])
        for question in written.report:
            if question.outcome != "whole":
                self.stdout.write(f"{question.outcome:10}{question.id}")
                for reason in question.reasons:
                    self.stdout.write(f"{'':10}{reason}")
        left_out, carried = written.number_of("left_out"), len(written.report) - written.number_of("left_out")
        if left_out and not options["incomplete"]:
            raise CommandError(
                f"Nothing was written: {left_out} questions do not fit; --incomplete leaves them out."
            )
        file = output or Path(f"{pool}.{written.suffix}")
        try:
            file.write_bytes(written.content)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error}") from error
        lossy = written.number_of("with_loss")
        self.stdout.write(f"{file}: {carried} questions, {lossy} of them not whole; {left_out} are left out.")


def _revision(pool: str, number: int | None) -> PoolRevision:
    try:
        revisions = PoolRevision.objects.select_related("pool__scale").filter(pool_id=UUID(pool))
    except ValueError as error:
        raise CommandError(f"{pool} is no pool's id.") from error
    found = revisions.filter(number=number) if number is not None else revisions.order_by("-number")
    if (revision := found.first()) is None:
        raise CommandError(f"There is no such pool or revision: {pool}.")
    return revision
