"""manage.py export_student ID: everything that is held of a student, as JSON."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from organisations.commands import OrganisationCommand
from sessions_app import replies
from sessions_app.administration.privacy import held_of
from sessions_app.refusals import StudentNotFound


class Command(OrganisationCommand):
    help = "Print everything that is held of a student, as JSON. docs/PRIVACY.md says more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("student_id")
        parser.add_argument("--output", metavar="FILE", help="A new file, which only you can read.")

    def handle(self, *args: Any, student_id: str, output: str | None, **options: Any) -> None:
        try:
            held = held_of(student_id)
        except StudentNotFound as error:
            raise CommandError("There is no such student, or they were erased.") from error
        exported = replies.student_export(held, now=timezone.now())
        text = replies.encode_for_people(exported).decode()
        if output is None:
            self.stdout.write(text)
            return
        try:
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as error:
            raise CommandError(f"Cannot write {output}: {error.strerror}.") from error
        self.stdout.write(f"Wrote {len(exported.sessions)} tests to {output}.")
