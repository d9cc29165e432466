"""Commands that make, or find by a name, what is unique inside an organisation only: each acts for one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from organisations.acting import acting_for
from organisations.membership import organisation_called, the_only_organisation
from organisations.models import Organisation


class OrganisationCommand(BaseCommand):
    """Takes `--organisation SHORT-NAME`, and runs for that one; left out, for the only one that there is."""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **options)
        parser.add_argument(
            "--organisation",
            default="",
            metavar="SHORT-NAME",
            help="For which organisation; by default the only one.",
        )
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        slug = options.pop("organisation")
        owner = _called(slug) if slug else self.owner_named(options) or _the_only_one()
        with acting_for(owner):
            done: str | None = super().execute(*args, **options)
        return done

    def owner_named(self, options: dict[str, Any]) -> int | None:
        """The organisation of a row that the arguments name by its key, which no other has."""
        return None


def _called(slug: str) -> int:
    """Raises `CommandError`."""
    found = organisation_called(slug)
    if found is None:
        raise CommandError(f"--organisation: there is no organisation {slug!r}, but {_short_names()}.")
    return found


def _the_only_one() -> int:
    """Raises `CommandError`."""
    found = the_only_organisation()
    if found is None:
        raise CommandError(
            f"There are several organisations: say --organisation with one of {_short_names()}."
        )
    return found


def _short_names() -> str:
    return ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True))
