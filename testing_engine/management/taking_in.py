"""What commands share that take in a file."""

import json
from pathlib import Path

from django.core.management.base import CommandError

from testing_engine.interchange.json_objects import once
from testing_engine.psychometrics.rules import CatRules, RulesError


def content_of(file: Path, most_bytes: int) -> bytes:
    """The file as it is. Raises `CommandError` where it cannot be read, or is larger."""
    try:
        if file.stat().st_size > most_bytes:
            raise CommandError(f"{file.name} is larger than {most_bytes} bytes.")
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file.name} cannot be read: {error}") from error


def rules_in(file: Path) -> CatRules:
    """The rules that the file says as JSON. Raises `CommandError`."""
    try:
        return CatRules.from_json(json.loads(file.read_text(), object_pairs_hook=once))
    except (OSError, ValueError) as error:
        told = listed(error) if isinstance(error, RulesError) else str(error)
        raise CommandError(f"{file.name}: {told}") from error


def listed(error: RulesError) -> str:
    """All that is wrong with rules, in a line."""
    return "; ".join(f"{pointer or 'rules'}: {message}" for pointer, message in error.problems)
