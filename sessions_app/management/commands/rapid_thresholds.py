"""manage.py rapid_thresholds POOL: under which time an answer to a question came too fast to count."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sessions_app.measurement.thresholds import NoTimes, find, found_from, recorded_times
from testing_engine.management.pools import pool_named
from testing_engine.psychometrics.response_times import USUAL, Method
from testing_engine.revisions import load_revision


class Command(BaseCommand):
    help = (
        "Find a threshold for each question of a pool from the times that its tests recorded, for tests that "
        "begin from now on and whose rules have an effort by_question (docs/ENGINE.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="The pool's id.")
        parser.add_argument("--method", choices=["normative", "mixture"], default=USUAL.name)
        parser.add_argument(
            "--share", type=float, default=USUAL.share, help="Of the usual time (0.10: NT10)."
        )
        parser.add_argument("--least", type=float, default=USUAL.least, help="Seconds.")
        parser.add_argument("--most", type=float, default=USUAL.most, help="Seconds.")
        parser.add_argument("--fewest", type=int, default=USUAL.fewest, help="Times that a question needs.")
        parser.add_argument(
            "--since", type=datetime.fromisoformat, help="Tests that began since: 2026-09-01."
        )
        parser.add_argument("--dry-run", action="store_true", help="Print them; change nothing.")

    def handle(self, *args: Any, pool: str, since: datetime | None, dry_run: bool, **options: Any) -> None:
        found = pool_named(pool)
        if since is not None and timezone.is_naive(since):
            since = timezone.make_aware(since)
        try:
            method = Method(
                options["method"], options["share"], options["least"], options["most"], options["fewest"]
            )
        except ValueError as error:
            raise CommandError(f"--{error}") from error
        if dry_run and found.current_revision_id is not None:
            revision = load_revision(found.current_revision_id)
            times = recorded_times(revision, since)
            table = {
                question: (round(each.seconds, 2), each.found, each.n)
                for question, each in found_from(revision, times, method).items()
            }
        else:
            try:
                kept = find(found, method, None, since)
            except NoTimes as error:
                raise CommandError(str(error)) from error
            if kept.tests_in_archives:
                self.stderr.write(
                    f"{kept.tests_in_archives} tests are left out: archives have their answers."
                )
            table = {key: (each["seconds"], each["found"], each["n"]) for key, each in kept.found.items()}
        self.stdout.write("question,seconds,found,times")
        for question, (seconds, how, times_seen) in table.items():
            self.stdout.write(f"{question},{seconds:g},{how},{times_seen}")
        self.stderr.write("Nothing was changed." if dry_run else "Tests that begin from now on use them.")
