"""manage.py erase_student ID: take a student's identity away, for good."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from organisations.commands import OrganisationCommand
from sessions_app.administration.privacy import Holdings, erase_student, holdings
from sessions_app.models import Student
from sessions_app.refusals import StudentNotFound
from sessions_app.reporting.results import student_of


class Command(OrganisationCommand):
    help = (
        "Erase a student: the identity goes, the answers stay as nobody's. It cannot be undone. "
        "docs/PRIVACY.md says more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("student_id", nargs="?")
        which.add_argument(
            "--pk",
            type=int,
            help="The number in the log, to erase once more after a restored backup.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say what is held.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def owner_named(self, options: dict[str, Any]) -> int | None:
        numbered = Student.objects.filter(pk=options["pk"] or 0)
        return numbered.values_list("organisation_id", flat=True).first()

    def handle(
        self, *args: Any, student_id: str | None, pk: int | None, dry_run: bool, yes: bool, **options: Any
    ) -> None:
        try:
            student = _student(student_id, pk)
            self.stdout.write(f"Held of student {student.external_id}: {_told(holdings(student))}.")
            if dry_run:
                return
            if not yes:
                _ask(student)
            held = erase_student(student.external_id, now=timezone.now())
        except StudentNotFound as error:
            raise CommandError("There is no such student, or they were erased before.") from error
        self.stdout.write(f"Erased. {held.sessions} tests with {held.answers} answers stay, without a name.")


def _student(student_id: str | None, pk: int | None) -> Student:
    if student_id is not None:
        return student_of(student_id)
    student = Student.objects.filter(pk=pk or 0, erased_at=None).first()
    if student is None:
        raise StudentNotFound
    return student


def _told(held: Holdings) -> str:
    told = (
        f"{held.sessions} tests ({held.running} running), {held.answers} answers, "
        f"{held.proficiencies} proficiencies"
    )
    return f"{told}; answers are in {', '.join(held.archives)}, too" if held.archives else told


def _ask(student: Student) -> None:
    if not sys.stdin.isatty():
        raise CommandError("Nothing was erased: there is no terminal to ask on. Give --yes.")
    if input("This cannot be undone. Type the student's id to erase: ") != student.external_id:
        raise CommandError("Nothing was erased: that is another id.")
