"""manage.py verify_audit: is every answer and every event what was written, and is each there?"""

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError
from tqdm import tqdm

from sessions_app.models import TestSession
from sessions_app.review.verification import Seen, verify
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
        parser.add_argument(
            "--witness",
            metavar="FILE",
            help="A file of a former run: sessions that are gone, or lost their end since, show as well.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            losses.look_at_all()
        except RedisError:
            self.stderr.write("Redis does not answer: what it knows of running tests was not compared.")
        witness = read_witness(Path(options["witness"])) if options["witness"] else None
        with ExitStack() as stack:
            written = options["write_witness"]
            out = stack.enter_context(Path(written).open("w")) if written else None
            bar = stack.enter_context(tqdm(total=TestSession.objects.count(), unit="session", disable=None))

            def note(session_id: UUID, seen: Seen) -> None:
                if out is not None:
                    out.write(f"{session_id} {seen.entries} {seen.link.hex()}\n")

            found = verify(witness, note, bar.update)
        counted = f"{found.sessions} sessions, {found.answers} answers, {found.events} events"
        for broken in found.breaks:
            self.stdout.write(f"{broken.where}: {broken.what}")
        if found.breaks:
            raise CommandError(f"Checked {counted}: {len(found.breaks)} broken.")
        self.stdout.write(f"Checked {counted}: all as they were written.")


def read_witness(file: Path) -> dict[UUID, Seen]:
    """Where each session's chain ended when the witness was written."""
    witness = {}
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        try:
            session_id, entries, link = line.split()
            witness[UUID(session_id)] = Seen(int(entries), bytes.fromhex(link))
        except ValueError as error:
            raise CommandError(f"Line {number} of the witness is none: {line.strip()!r}") from error
    return witness
