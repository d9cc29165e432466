"""manage.py archive_sessions: tests that are over, into a file that can be checked without the database."""

import gzip
import os
from argparse import ArgumentParser
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from tqdm import tqdm

from sessions_app.review import archive
from testing_engine.snapshots import one_snapshot


class Command(BaseCommand):
    help = (
        "Write every test that was over before a day, with answers and events, into FILE: JSON lines, "
        "compressed, sealed with AUDIT_KEY. `verify_audit --archive FILE` checks it. Nothing is taken out of "
        "the database. A file that is there is never written over; one that broke off is begun again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--before", metavar="DATE", required=True, type=_midnight, help="A day, in UTC, as 2026-08-01."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if file.exists():
            raise CommandError(f"{file} is there already.")
        part = file.with_name(f"{file.name}.part")
        try:
            self._write(part, options["before"])
            with gzip.open(part) as written:
                found = archive.check(written)
        except (archive.ArchiveError, OSError) as error:
            raise CommandError(str(error)) from error
        if found.breaks:
            raise CommandError(f"{part} was read otherwise than it was written: {found.breaks[0].what}.")
        part.replace(file)
        self.stdout.write(
            f"{file}: {found.sessions} sessions, {found.answers} answers, {found.events} events."
        )

    def _write(self, part: Path, before: datetime) -> None:
        total = archive.over_before(before).count()
        with part.open("wb") as raw, tqdm(total=total, unit="session", disable=None) as bar:
            with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out, one_snapshot():
                for line in archive.lines_of(before, now=timezone.now(), progress=bar.update):
                    out.write(line)
            raw.flush()
            os.fsync(raw.fileno())


def _midnight(text: str) -> datetime:
    """Raises `ValueError`."""
    day = parse_date(text)
    if day is None:
        raise ValueError
    return datetime.combine(day, time(), UTC)
