"""What commands share that take in a file."""

from pathlib import Path

from django.core.management.base import CommandError


def content_of(file: Path, most_bytes: int) -> bytes:
    """The file as it is. Raises `CommandError` where it cannot be read, or is larger."""
    try:
        if file.stat().st_size > most_bytes:
            raise CommandError(f"{file.name} is larger than {most_bytes} bytes.")
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file.name} cannot be read: {error}") from error
