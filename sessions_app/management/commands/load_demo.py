"""manage.py load_demo: publish the demo pools, once, and let a demo class take a test."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from organisations.commands import OrganisationCommand
from sessions_app.demo.school_class import NAMES, TITLE, give_to_class, take_demo_tests
from testing_engine.demo.pools import NUMBERS, publish_demo_pools


class Command(OrganisationCommand):
    help = (
        "Publish the demo pools, unless pools of their names are there; with a class that has taken a test."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-class", action="store_true", help=f"And a class of {len(NAMES)} students with results."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pools = {}
        for pool, is_new in publish_demo_pools():
            assert pool.current_revision is not None
            count = pool.current_revision.question_count
            said = "Published the demo pool" if is_new else "The demo pool is there"
            self.stdout.write(f"{said}: {pool.name}, {count} questions, {pool.pk}")
            pools[pool.name] = pool
        if options["with_class"]:
            students = list(take_demo_tests(pools[NUMBERS], timezone.now()))
            school_class = give_to_class(students)
            self.stdout.write(f"{len(students)} students of {school_class} have taken the test “{TITLE}”.")
