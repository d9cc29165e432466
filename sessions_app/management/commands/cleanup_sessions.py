"""manage.py cleanup_sessions: end inactive sessions by hand."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sessions_app.administration import cleanup


class Command(BaseCommand):
    help = "End sessions that nobody continued, as the beat does every 10 minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--inactivity-minutes", type=int, default=settings.SESSION_INACTIVITY_MINUTES)
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")

    def handle(self, *args: Any, inactivity_minutes: int, dry_run: bool, **options: Any) -> None:
        if not 1 <= inactivity_minutes <= cleanup.MOST_MINUTES:
            raise CommandError(f"--inactivity-minutes must be 1 to {cleanup.MOST_MINUTES}.")
        now = cleanup.shared_clock()
        waiting = cleanup.count_inactive(inactivity_minutes, now=now)
        if dry_run:
            self.stdout.write(
                f"Would end {waiting} sessions inactive for {inactivity_minutes} minutes or more."
            )
            return
        with tqdm(total=waiting, unit="session", disable=None) as bar:
            ended = cleanup.end_inactive(inactivity_minutes, now=now, progress=bar.update)
        self.stdout.write(f"Ended {ended} sessions inactive for {inactivity_minutes} minutes or more.")
