"""manage.py create_api_token NAME: let a program call the API."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.db import IntegrityError

from organisations.commands import OrganisationCommand
from sessions_app.administration.api_clients import MOST_DAYS, PERMISSIONS, NotAProgram, make_token


class Command(OrganisationCommand):
    help = "Make a token for an API client. It is shown once; only its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The client's name; a new name makes a new client.")
        parser.add_argument(
            "--permissions",
            default="deliver",
            help=f"Separated by commas, of: {', '.join(PERMISSIONS)}, or all.",
        )
        parser.add_argument("--days", type=int, default=90, help="Days until it expires; 0: never.")

    def handle(self, *args: Any, name: str, permissions: str, days: int, **options: Any) -> None:
        wanted = list(PERMISSIONS) if permissions == "all" else [p.strip() for p in permissions.split(",")]
        unknown = sorted(set(wanted) - set(PERMISSIONS))
        if unknown:
            raise CommandError(
                f"No such permission: {', '.join(unknown)}. There are {', '.join(PERMISSIONS)}, all."
            )
        if not 0 <= days <= MOST_DAYS:
            raise CommandError(f"--days must be 0 to {MOST_DAYS}.")
        if not 1 <= len(name) <= 150 or not name.isprintable():
            raise CommandError("The name must be a text of 1 to 150 characters.")
        try:
            self.stdout.write(make_token(name, wanted, timedelta(days=days) if days else None))
        except NotAProgram as error:
            raise CommandError(str(error)) from error
        except IntegrityError as error:
            raise CommandError(f"{name!r} is an account of another organisation.") from error
