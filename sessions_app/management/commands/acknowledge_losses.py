"""manage.py acknowledge_losses SESSION … --by NAME --reason TEXT: somebody answers for lost answers."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from sessions_app.administration.acknowledging import ReasonRefused, acknowledge, open_losses
from sessions_app.models import LostAnswers


class Command(BaseCommand):
    help = (
        "Say of answers that were accepted and are lost that somebody has looked into it. verify_audit goes "
        "on naming them, with the reason, and its exit code is 1 for them no more. Without a session: list "
        "those that nobody has acknowledged. It cannot be taken back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "sessions", nargs="*", type=UUID, metavar="SESSION", help="As verify_audit names it."
        )
        parser.add_argument("--by", metavar="NAME", help="The account of whoever answers for it.")
        parser.add_argument(
            "--reason", metavar="TEXT", help="What happened, and what was done for the students."
        )

    def handle(
        self, *args: Any, sessions: list[UUID], by: str | None, reason: str | None, **options: Any
    ) -> None:
        if not sessions:
            self._list(open_losses())
            return
        if not by or not reason:
            raise CommandError("Give --by and --reason.")
        losses = LostAnswers.objects.filter(session_id__in=sessions)
        unknown = set(sessions) - {loss.session_id for loss in losses}
        if unknown:
            raise CommandError(f"No answers are known to be lost of {', '.join(map(str, sorted(unknown)))}.")
        account = User.objects.filter(username=by, is_active=True).first()
        if account is None:
            raise CommandError(f"There is no active account {by!r}.")
        try:
            done = acknowledge(losses, reason, account, timezone.now())
        except ReasonRefused as refused:
            raise CommandError(str(refused)) from refused
        before = len(losses) - len(done)
        self.stdout.write(f"Acknowledged {len(done)}" + (f"; {before} were before." if before else "."))

    def _list(self, losses: QuerySet[LostAnswers]) -> None:
        for loss in losses:
            lost = f"{loss.count} of {loss.accepted} answers"
            self.stdout.write(f"{loss.session_id}: {lost}, noticed {loss.noticed_at:%Y-%m-%d %H:%M} UTC")
        self.stdout.write(f"{len(losses)} losses that nobody has acknowledged.")
