"""manage.py watch_pool POOL: this night's look at a pool's delivered answers, here and now."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.administration.cleanup import shared_clock
from sessions_app.measurement.watches import nights
from sessions_app.models import PoolWatch
from testing_engine.management.pools import pool_named
from testing_engine.monitoring.sentences import not_looked_at, told
from testing_engine.pools import read_pool


class Command(BaseCommand):
    help = (
        "Hold a pool's delivered answers against its parameters, and say what changed since the night before "
        "(docs/WATCH.md). A pool has one look a night: asked for again, it is printed again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", nargs="?", help="Its id.")
        parser.add_argument("--all", action="store_true", help="All that wait for this night's look.")
        parser.add_argument("--json", action="store_true", help="Print everything that was found as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["pool"]) == options["all"]:
            raise CommandError("Name a pool, or --all.")
        now = shared_clock()
        if options["pool"]:
            pools = [pool_named(options["pool"])]
        else:
            pools = [read_pool(pool_id) for pool_id in nights.waiting(now)]
        for pool in pools:
            found = nights.watch_pool(pool, now)
            if options["json"]:
                self.stdout.write(json.dumps(found.result))
            else:
                self._report(str(pool), found)
        if not pools:
            self.stdout.write("No pool waits to be watched.")

    def _report(self, name: str, found: PoolWatch) -> None:
        result = found.result
        counts = f"{result['numbers']['tests']} tests, {result['numbers']['answers']} answers"
        self.stdout.write(f"{name}, night of {found.night}: {counts}")
        if archived := result["numbers"].get("tests_in_archives"):
            self.stdout.write(f"  {archived} tests are left out: archives have their answers.")
        for reason in result["numbers"]["not_looked_at"]:
            self.stdout.write(f"  {not_looked_at(reason)}")
        for each in result["found"]:
            said = told(each["kind"], each["item"], each["numbers"])
            self.stdout.write(f"  {each['severity']:6} {each['change']:5} {said.what} {said.do}")
        for each in result["gone"]:
            said = told(each["kind"], each["item"], each["numbers"])
            self.stdout.write(f"  gone   since {each['since']}: {said.what}")
