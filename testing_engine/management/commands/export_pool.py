"""manage.py export_pool POOL: a pool's revision as a file, with a report of what the file cannot carry."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from testing_engine.exporting import WRITERS, export_revision
from testing_engine.management.taking_out import keep, revision_named


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
        written = export_revision(revision_named(pool, options["revision"]), options["format"])
        keep(
            self.stdout, written, output or Path(f"{pool}.{written.suffix}"), incomplete=options["incomplete"]
        )
