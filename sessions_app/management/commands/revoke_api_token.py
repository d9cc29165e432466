"""manage.py revoke_api_token NAME-OR-PREFIX: shut a program out, at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.administration.api_clients import revoke_tokens


class Command(BaseCommand):
    help = "Revoke all tokens of an API client, or the token that begins with these characters (8 or more)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client_or_prefix")

    def handle(self, *args: Any, client_or_prefix: str, **options: Any) -> None:
        revoked = revoke_tokens(client_or_prefix)
        if not revoked:
            raise CommandError("No token of such a client, and none that begins so.")
        self.stdout.write(f"Revoked {revoked} token{'' if revoked == 1 else 's'}.")
