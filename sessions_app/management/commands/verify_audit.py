"""manage.py verify_audit: is every answer and every event what was written, and is each there?"""

import gzip
import hashlib
import os
import zlib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from redis.exceptions import RedisError
from tqdm import tqdm

from sessions_app.models import TestSession
from sessions_app.review import archive
from sessions_app.review.processes import VerificationBroke
from sessions_app.review.progress import AnotherRun, Progress, Run
from sessions_app.review.verification import Verified, verify
from sessions_app.review.witness import Witness, WitnessError
from sessions_app.sitting import losses


class Command(BaseCommand):
    help = (
        "Walk the audit chain of every session and name the first broken link of each, and answers that were "
        "accepted and are lost, as Redis knows them. It changes nothing, but notes lost answers, and may run "
        "while students answer. Exit code 1: something is not as it was written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--write-witness",
            metavar="FILE",
            help="Note where every session's chain ends. Keep the file away from the database.",
        )
        witness = parser.add_mutually_exclusive_group()
        witness.add_argument(
            "--witness",
            metavar="FILE",
            help="A file of a former run: sessions that are gone, or lost their end since, show as well.",
        )
        witness.add_argument(
            "--since-witness",
            metavar="FILE",
            help="The same, and sessions are not walked again whose rows are as that run found them.",
        )
        parser.add_argument(
            "--archive",
            metavar="FILE",
            help="Check a file of archive_sessions instead, and whether the database still has its sessions.",
        )
        parser.add_argument(
            "--processes",
            metavar="N",
            type=_at_least_one,
            default=len(os.sched_getaffinity(0)),
            help="On so many processors (%(default)s: all that this machine gives).",
        )
        parser.add_argument(
            "--resume",
            metavar="FILE",
            help="Keep the progress there. The same command again goes on with a run that was cut off.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["archive"]:
            self._check_archive(options["archive"])
            return
        try:
            losses.look_at_all()
        except RedisError:
            self.stderr.write("Redis does not answer: what it knows of running tests was not compared.")
        former = options["since_witness"] or options["witness"]
        content = Path(former).read_text() if former else ""
        run = Run(
            str(connection.settings_dict["NAME"]),
            hashlib.sha256(content.encode()).hexdigest() if former else "",
            skips=options["since_witness"] is not None,
            notes=options["write_witness"] is not None,
        )
        try:
            witness = Witness(content.splitlines()) if former else None
            found = self._verified(witness, run, options)
        except (WitnessError, AnotherRun, VerificationBroke) as error:
            raise CommandError(_told(error, options["resume"])) from error
        self._report(found)

    def _check_archive(self, file: str) -> None:
        try:
            with gzip.open(file) as lines, tqdm(unit="session", disable=None) as bar:
                found = archive.check(lines, bar.update)
        except (archive.ArchiveError, OSError, EOFError, zlib.error) as error:
            raise CommandError(f"{file}: {error}") from error
        self._report(Verified(found.sessions, 0, found.answers, found.events, breaks=found.breaks))

    def _verified(self, witness: Witness | None, run: Run, options: dict[str, Any]) -> Verified:
        progress = Path(options["resume"]) if options["resume"] else None
        with (
            _written(options["write_witness"]) as note,
            tqdm(total=TestSession.objects.count(), unit="session", disable=None) as bar,
        ):
            found = verify(
                witness,
                skips=run.skips,
                note=note,
                progress=bar.update,
                processes=options["processes"],
                kept=None if progress is None else partial(Progress, progress, run),
            )
        if progress is not None:
            progress.unlink()
        return found

    def _report(self, found: Verified) -> None:
        for each in (*found.acknowledged, *found.breaks):
            self.stdout.write(f"{each.where}: {each.what}")
        if found.breaks:
            raise CommandError(found.summary())
        self.stdout.write(found.summary())


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _told(error: Exception, resumed: str | None) -> str:
    if isinstance(error, AnotherRun):
        return f"{resumed} cannot be gone on with: {error}."
    if isinstance(error, VerificationBroke):
        return (
            "Processes of this run died again and again: too little memory, perhaps. Give fewer --processes."
        )
    return str(error)


@contextmanager
def _written(name: str | None) -> Iterator[Callable[[str], object] | None]:
    """Takes the lines of a witness; the file is there, and replaces a former one, when all are."""
    if name is None:
        yield None
        return
    file = Path(name)
    part = file.with_name(f"{file.name}.part")
    with part.open("w") as out:
        yield lambda line: out.write(f"{line}\n")
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
