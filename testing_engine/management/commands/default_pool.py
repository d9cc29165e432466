"""manage.py default_pool: which pool a test draws from that names none."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from organisations.commands import OrganisationCommand
from testing_engine.management.pools import pool_owner
from testing_engine.models import QuestionPool
from testing_engine.pools import choose_default, offered, with_questions


class Command(OrganisationCommand):
    help = "Show or choose the pool that a test draws from where it names none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", nargs="?", help="The pool's id; left out: only show which it is.")
        parser.add_argument("--newest", action="store_true", help="Choose none: always the newest.")

    def owner_named(self, options: dict[str, Any]) -> int | None:
        return pool_owner(options["pool"])

    def handle(self, *args: Any, pool: str | None, newest: bool, **options: Any) -> None:
        if pool is not None and newest:
            raise CommandError("Give a pool or --newest, not both.")
        if newest:
            choose_default(None)
        elif pool is not None:
            choose_default(_pool(pool))
        now = offered().first()
        if now is None:
            self.stdout.write("There is no pool.")
        else:
            how = "chosen" if now.is_default else "the newest, as none is chosen"
            self.stdout.write(f"{now.pk} {now} ({how})")


def _pool(pool_id: str) -> QuestionPool:
    try:
        return with_questions().get(pk=UUID(pool_id))
    except (ValueError, QuestionPool.DoesNotExist) as error:
        raise CommandError(f"There is no pool {pool_id}.") from error
