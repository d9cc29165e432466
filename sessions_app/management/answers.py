"""Which answers of a pool a command reads, as it is said on a command line."""

import uuid
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any, TypedDict

from django.core.management.base import CommandError
from django.utils.dateparse import parse_date


class WhichAnswers(TypedDict):
    """`imports` None: all there are."""

    imports: tuple[uuid.UUID, ...] | None
    delivered: bool
    since: datetime | None


def add_which_answers(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--import", action="append", dest="imports", metavar="ID", help="Repeatable; by default all."
    )
    parser.add_argument("--no-imports", action="store_true", help="Delivered tests alone.")
    parser.add_argument("--no-delivered", action="store_true", help="Imported answers alone.")
    parser.add_argument("--since", metavar="DATE", help="Delivered tests that ended on or after it.")


def which_answers(options: dict[str, Any]) -> WhichAnswers:
    """Raises `CommandError`."""
    try:
        imports = None if options["imports"] is None else tuple(map(uuid.UUID, options["imports"]))
        since = parse_date(options["since"]) if options["since"] else None
    except ValueError as error:
        raise CommandError(f"--import and --since: {error}") from error
    if options["since"] and since is None:
        raise CommandError("--since: a date is written 2026-11-30.")
    return {
        "imports": () if options["no_imports"] else imports,
        "delivered": not options["no_delivered"],
        "since": None if since is None else datetime.combine(since, datetime.min.time(), UTC),
    }
