"""manage.py check_counts: are the counts that pages show what the sessions say?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sessions_app.counting import folding
from sessions_app.models import SessionToCount

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Compare the counts of answers and results with all sessions that are over, and those of abilities "
        "with what is known of students. It only reads, and may run while students answer. Exit code 1: they "
        "differ."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anew",
            action="store_true",
            help="Forget the counts and count everything again first. Pages stay right meanwhile, and slow.",
        )

    def handle(self, *args: Any, anew: bool, **options: Any) -> None:
        if anew:
            folding.begin_anew()
            with tqdm(total=SessionToCount.objects.count(), unit="session", disable=None) as bar:
                counted = folding.fold(float("inf"), bar.update)
            self.stdout.write(f"Counted {counted} sessions.")
        found = folding.differences()
        for each in found[:SHOWN]:
            key = ", ".join(map(str, each.key))
            self.stdout.write(f"{each.table} ({key}): off by {each.n}, total by {each.total}")
        if found:
            raise CommandError(f"{len(found)} counts differ; --anew counts everything again.")
        self.stdout.write("All counts are what the sessions say.")
        if left := folding.revisions_in_archives():
            self.stdout.write(f"Left out: {left} revisions of which archives have answers.")
