"""manage.py import_legacy FOLDER: take over the tables of the original service."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from tqdm import tqdm

from organisations.commands import OrganisationCommand
from sessions_app.legacy.export import UnreadableExport, read_export
from sessions_app.legacy.importing import run
from sessions_app.legacy.pools import ConceptNames, NamesRefused
from sessions_app.legacy.report import Report
from sessions_app.legacy.values import uuid_of

SHOWN = 20


class Command(OrganisationCommand):
    help = "Import the original service's exported tables (docs/MIGRATION.md). Running it again is safe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", type=Path, help="Holds students.json, questions.json, test_sessions.json, …"
        )
        parser.add_argument("--dry-run", action="store_true", help="Do it all, report, and take it back.")
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="Write every refused row to this file."
        )
        parser.add_argument(
            "--concept-names",
            action="append",
            default=[],
            metavar="[POOL=]A,B,C",
            help="Names of a pool's concepts, in Q-matrix order; without POOL, of every pool with that many. "
            "May be repeated.",
        )

    def handle(
        self,
        *args: Any,
        folder: Path,
        dry_run: bool,
        report: Path | None,
        concept_names: list[str],
        **options: Any,
    ) -> None:
        names = parse_names(concept_names)
        if report is not None and not report.parent.is_dir():
            raise CommandError(f"There is no folder {report.parent} for the report.")
        try:
            found = run(read_export(folder), names, dry_run=dry_run, progress=_bar)
        except (UnreadableExport, NamesRefused) as error:
            raise CommandError(str(error)) from error
        if report is not None:
            content = {"dry_run": dry_run, "tables": found.as_json()}
            report.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
        self._say(found, dry_run)

    def _say(self, found: Report, dry_run: bool) -> None:
        for line in found.lines(SHOWN):
            self.stdout.write(line)
        refused = f"{found.refused} rows were refused" if found.refused else "No row was refused"
        self.stdout.write(
            f"{refused}. This was a dry run: nothing was changed." if dry_run else f"{refused}."
        )


@contextmanager
def _bar(table: str, rows: int) -> Iterator[Callable[[int], object]]:
    with tqdm(total=rows, desc=table, unit="row", disable=None) as bar:
        yield bar.update


def parse_names(arguments: list[str]) -> ConceptNames:
    """Raises `CommandError`."""
    by_pool: dict[UUID, tuple[str, ...]] = {}
    by_count: dict[int, tuple[str, ...]] = {}
    for argument in arguments:
        pool, _, listed = argument.rpartition("=")
        names = tuple(name.strip() for name in listed.split(","))
        if not all(1 <= len(name) <= 100 for name in names) or len(set(names)) != len(names):
            raise CommandError(f"--concept-names {argument}: names must differ and have 1 to 100 characters.")
        if pool:
            by_pool[uuid_of("pool", pool.strip())] = names
        elif by_count.setdefault(len(names), names) != names:
            raise CommandError(
                f"--concept-names: two lists of {len(names)} names. Say for which pools: POOL=…"
            )
    return ConceptNames(by_pool, by_count)
