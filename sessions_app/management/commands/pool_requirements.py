"""manage.py pool_requirements POOL: what must hold of a pool before it is opened to students."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.measurement import gate
from testing_engine.interchange.json_objects import once
from testing_engine.management.pools import pool_named
from testing_engine.simulation.requirements import RequirementsInvalid


class Command(BaseCommand):
    help = "Print what a pool requires, or require what a JSON file says (docs/SIMULATION.md); {} is nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="Its id.")
        parser.add_argument("file", nargs="?", type=Path)

    def handle(self, *args: Any, pool: str, file: Path | None, **options: Any) -> None:
        found = pool_named(pool)
        if file is not None:
            try:
                gate.require(found, json.loads(file.read_text(), object_pairs_hook=once), None)
            except RequirementsInvalid as invalid:
                told = "\n".join(f"{at or '/'}: {message}" for at, message in invalid.problems)
                raise CommandError(told) from invalid
            except (OSError, ValueError) as error:
                raise CommandError(f"{file.name}: {error}") from error
        asked = gate.requirements_of(found.pk)
        self.stdout.write(json.dumps({} if asked is None else asked.to_json()))
