"""manage.py archive_sessions: tests that are over, into a file that can be checked without the database."""

import gzip
import os
import zlib
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from tqdm import tqdm

from sessions_app.counting import folding
from sessions_app.review import archive, detaching
from sessions_app.review.detaching import Moved
from testing_engine.snapshots import one_snapshot


class Command(BaseCommand):
    help = (
        "Write every test that was over before a day, with answers and events, into FILE: JSON lines, "
        "compressed, sealed with AUDIT_KEY. `verify_audit --archive FILE` checks it. A file that is there is "
        "never written over; one that broke off is begun again. --take-out reads the file back and takes the "
        "answers and events of its tests out of the database; results stay. --restore brings them back. Both "
        "may be broken off and repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--before",
            metavar="DATE",
            type=_midnight,
            help="Write the file. A day, in UTC, as 2026-08-01.",
        )
        what.add_argument(
            "--take-out", action="store_true", help="Take what FILE has out of the database. Keep the file!"
        )
        what.add_argument("--restore", action="store_true", help="Bring back what was taken out.")
        parser.add_argument("--dry-run", action="store_true", help="With --take-out: only say what would go.")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if options["dry_run"] and not options["take_out"]:
            raise CommandError("--dry-run is for --take-out.")
        try:
            if options["take_out"]:
                self._take_out(file, is_dry=options["dry_run"])
            elif options["restore"]:
                self._restore(file)
            else:
                self._write_checked(file, options["before"])
        except (archive.ArchiveError, OSError, EOFError, zlib.error) as error:
            raise CommandError(str(error)) from error

    def _write_checked(self, file: Path, before: datetime) -> None:
        if file.exists():
            raise CommandError(f"{file} is there already.")
        part = file.with_name(f"{file.name}.part")
        self._write(part, before)
        with gzip.open(part) as written:
            found = archive.check(written)
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

    def _take_out(self, file: Path, *, is_dry: bool) -> None:
        with gzip.open(file) as written:
            checked = archive.check(written)
        known = detaching.known_archive(checked, file.name, now=timezone.now())
        if not is_dry:
            folding.fold(float("inf"))  # what is counted is counted from the answers
        with _lines(file, checked.sessions) as (lines, bar):
            moved = detaching.take_out(lines, known, is_dry=is_dry, progress=bar.update)
        self._report("Would take" if is_dry else "Took", moved, "out of the database", "were out before")

    def _restore(self, file: Path) -> None:
        with _lines(file) as (lines, bar):
            moved = detaching.bring_back(lines, bar.update)
        self._report("Brought", moved, "back into the database", "are there")

    def _report(self, did: str, moved: Moved, where: str, already: str) -> None:
        how_much = f"{moved.answers} answers and {moved.events} events of {moved.sessions} sessions"
        self.stdout.write(f"{did} {how_much} {where}.")
        if moved.earlier:
            self.stdout.write(f"{moved.earlier} sessions {already}.")
        for why, number in moved.left.items():
            self.stdout.write(f"Left as they are: {number} sessions, which {why}.")


@contextmanager
def _lines(file: Path, sessions: int | None = None) -> Iterator[tuple[gzip.GzipFile, Any]]:
    with gzip.open(file) as lines, tqdm(total=sessions, unit="session", disable=None) as bar:
        yield lines, bar


def _midnight(text: str) -> datetime:
    """Raises `ValueError`."""
    day = parse_date(text)
    if day is None:
        raise ValueError
    return datetime.combine(day, time(), UTC)
