"""manage.py import_parameters POOL FILE: publish a table of item parameters, after a look at it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from testing_engine.approval import OVERRIDE, PublicationRefused, in_the_name_of
from testing_engine.management.pools import pool_named
from testing_engine.management.taking_in import content_of
from testing_engine.parameter_tables.reading import TableUnreadable
from testing_engine.parameters import Look, ParametersRefused, Reading, look_at, publish
from testing_engine.pools import PoolWasRevised

LINES = 20  # of a list that are printed


class Command(BaseCommand):
    help = (
        "Publish the item parameters of a table (docs/PARAMETERS.md) as the pool's next revision. "
        "Without --source, or with --dry-run, it only says what the table could be and what it would change."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool")
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="", help="Which candidate it is.")
        parser.add_argument(
            "--choice",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="model, scaling (D), first_category, sign, …; may be repeated.",
        )
        parser.add_argument("--id-column", default="", help="By default the one with most of the pool's ids.")
        parser.add_argument("--dry-run", action="store_true", help="Store nothing.")
        parser.add_argument("--override", default="", metavar="REASON", help=OVERRIDE)

    def handle(self, *args: Any, pool: str, file: Path, **options: Any) -> None:
        found = pool_named(pool)
        assert found.current_revision is not None
        reading = Reading(options["source"], _choices(options["choice"]), options["id_column"])
        try:
            content = content_of(file, settings.POOL_UPLOAD_MAX_BYTES)
            look = look_at(found, content, reading)
            self._print(look)
            if options["dry_run"] or not options["source"]:
                self.stdout.write("Nothing was published.")
                return
            with in_the_name_of(None, options["override"]):
                published = publish(found, content, reading, found.current_revision.number, "manage.py")
        except TableUnreadable as error:
            raise CommandError("\n".join(map(str, error.problems))) from error
        except ParametersRefused as refused:
            listed = "\n".join(f"  {pointer}: {sentence}" for pointer, sentence in refused.problems)
            raise CommandError(f"Nothing was published.\n{listed}") from refused
        except (PoolWasRevised, PublicationRefused) as refused:
            raise CommandError(f"{refused} Nothing was published.") from refused
        self.stdout.write(
            f"Revision {published.revision.number}: {published.changed} questions have other parameters."
            if published.changed
            else "The pool has these parameters already."
        )

    def _print(self, look: Look) -> None:
        for candidate in look.candidates:
            self.stdout.write(f"{candidate.source}: {candidate.title}. {candidate.reason}")
            for choice in candidate.choices:
                options = " | ".join(choice.options) or "a number"
                proposed = f", proposed {choice.proposed}" if choice.proposed else ", must be said"
                self.stdout.write(f"  {choice.name}: {options}{proposed}. {choice.reason}")
            for sentence in (*candidate.assumptions, *candidate.doubts):
                self.stdout.write(f"  {sentence}")
        if not look.candidates:
            self.stdout.write("The columns are no program's that is known.")
        if look.join is None:
            return
        joined = look.join
        self.stdout.write(
            f"By {joined.id_column}: {len(joined.matches)} rows are questions, {len(joined.changes)} change."
        )
        self._list("Rows that cannot be", [f"line {p.line}, {p.id}: {p.sentence}" for p in joined.problems])
        self._list("Warnings", [f"line {p.line}, {p.id}: {p.sentence}" for p in joined.warnings])
        self._list("Not in the pool", [identifier for _, identifier in joined.not_in_pool])
        self._list("Not in the table", list(joined.not_in_table))
        self._list("Columns that are not used", list(look.unused_columns))

    def _list(self, title: str, lines: list[str]) -> None:
        if lines:
            self.stdout.write(f"{title} ({len(lines)}):")
            for line in lines[:LINES]:
                self.stdout.write(f"  {line}")


def _choices(given: list[str]) -> dict[str, str]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise CommandError(f"--choice {each}: must be NAME=VALUE.")
        found[name.strip()] = value.strip()
    return found
