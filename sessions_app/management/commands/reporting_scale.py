"""manage.py reporting_scale POOL [--test NAME] [SCALE]: on which scale results are told."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from organisations.commands import OrganisationCommand
from sessions_app.administration import told_on
from sessions_app.models import NamedTest
from sessions_app.sitting.result_specs import ResultRefused
from testing_engine.management.pools import pool_named, pool_owner
from testing_engine.models import QuestionPool
from testing_engine.reporting_scales import ReportingScaleError


class Command(OrganisationCommand):
    help = (
        "Say on which scale results of a pool or of a named test are told, or show it "
        "(docs/REPORTING_SCALES.md). Tests that have started keep theirs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", nargs="?", help="Its id.")
        parser.add_argument("--test", metavar="NAME", help="A named test in place of a pool.")
        parser.add_argument("--scale", type=Path, metavar="FILE", help="JSON.")
        parser.add_argument("--none", action="store_true", help="None any more.")
        parser.add_argument("--dry-run", action="store_true", help="Check only.")

    def owner_named(self, options: dict[str, Any]) -> int | None:
        return pool_owner(options["pool"])

    def handle(self, *args: Any, pool: str | None, test: str | None, **options: Any) -> None:
        target = _target(pool, test)
        if options["scale"] is None and not options["none"]:
            self.stdout.write(json.dumps(target.reporting_scale, indent=1, ensure_ascii=False))
            return
        content = None if options["none"] else _content_of(options["scale"])
        try:
            with transaction.atomic():
                if isinstance(target, NamedTest):
                    scale = told_on.tell_test_on(target, content)
                else:
                    scale = told_on.tell_pool_on(target, content)
                transaction.set_rollback(options["dry_run"])
        except (ReportingScaleError, ResultRefused) as error:
            listed = "\n".join(f"  {at}: {message}" for at, message in error.problems)
            raise CommandError(f"This is no scale.\n{listed}") from error
        if scale is not None:
            for theta in (-2.0, -1.0, 0.0, 1.0, 2.0):
                self.stdout.write(f"θ = {theta:4.1f}  {scale.score(theta):g} ± {scale.error(theta, 0.3):.2f}")
        self.stdout.write("Nothing was changed (dry run)." if options["dry_run"] else "Changed.")


def _target(pool: str | None, test: str | None) -> QuestionPool | NamedTest:
    if (pool is None) == (test is None):
        raise CommandError("Name a pool or --test NAME.")
    if pool is not None:
        return pool_named(pool)
    found = NamedTest.objects.select_related("pool").filter(name=test).first()
    if found is None:
        raise CommandError(f"There is no test {test}.")
    return found


def _content_of(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{file.name} cannot be read: {error}") from error
