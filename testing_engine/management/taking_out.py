"""What commands share that write a pool's revision to a file."""

from pathlib import Path
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper

from testing_engine.interchange.exported import Written
from testing_engine.models import PoolRevision


def revision_named(pool: str, number: int | None) -> PoolRevision:
    """The pool's revision of that number, or the newest. Raises `CommandError`."""
    try:
        revisions = PoolRevision.objects.select_related("pool__scale").filter(pool_id=UUID(pool))
    except ValueError as error:
        raise CommandError(f"{pool} is no pool's id.") from error
    found = revisions.filter(number=number) if number is not None else revisions.order_by("-number")
    if (revision := found.first()) is None:
        raise CommandError(f"There is no such pool or revision: {pool}.")
    return revision


def keep(stdout: OutputWrapper, written: Written, file: Path, *, incomplete: bool) -> None:
    """Say what is not whole, and write the file. Raises `CommandError` where it would lack questions."""
    for question in written.report:
        if question.outcome != "whole":
            stdout.write(f"{question.outcome:10}{question.id}")
            for reason in question.reasons:
                stdout.write(f"{'':10}{reason}")
    left_out, carried = written.number_of("left_out"), len(written.report) - written.number_of("left_out")
    if left_out and not incomplete:
        raise CommandError(
            f"Nothing was written: {left_out} questions do not fit; --incomplete leaves them out."
        )
    try:
        file.write_bytes(written.content)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error}") from error
    lossy = written.number_of("with_loss")
    stdout.write(f"{file}: {carried} questions, {lossy} of them not whole; {left_out} are left out.")
