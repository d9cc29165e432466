"""manage.py exposure_rule POOL: the exposure so far, as a rule for coming tests."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.reporting import exposure
from testing_engine.psychometrics.constraints.exposure import MaximumRate
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import UnknownPool, newest_revision


class Command(BaseCommand):
    help = (
        "Count how often each question of a pool's newest revision was seen, and print rules for start under "
        "which a question whose rate has reached --maximum does not come."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="The pool's id.")
        parser.add_argument("--maximum", type=float, default=0.25)

    def handle(self, *args: Any, pool: str, maximum: float, **options: Any) -> None:
        if not 0 < maximum < 1:
            raise CommandError("--maximum must be between 0 and 1.")
        try:
            seen = exposure.observed(newest_revision(pool))
        except UnknownPool as error:
            raise CommandError(str(error)) from error
        unused = int((seen.given == 0).sum())
        self.stderr.write(f"{seen.tests} tests; {unused} of {len(seen.given)} questions unused.")
        rates = tuple(round(rate, 6) for rate in seen.rates.tolist())
        self.stdout.write(json.dumps(CatRules(eligibility=(MaximumRate(rates, maximum),)).to_json()))
