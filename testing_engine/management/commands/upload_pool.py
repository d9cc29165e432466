"""manage.py upload_pool FILE: publish a question pool from a JSON or CSV file."""

import unicodedata
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from organisations.commands import OrganisationCommand
from testing_engine.interchange.files import UnreadableFile, read_pool_file
from testing_engine.interchange.names import problem_of_name
from testing_engine.interchange.questions import POOL_NAME, PoolRefused, parse_pool
from testing_engine.pools import publish_pool


class Command(OrganisationCommand):
    help = "Publish a question pool from a JSON file (as the API takes it) or a CSV file (docs/POOLS.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", help="The pool's name; by default the file's.")
        parser.add_argument(
            "--scale", help="What it was calibrated with: a scale's name; by default one of its own."
        )
        parser.add_argument("--dry-run", action="store_true", help="Check the file, publish nothing.")

    def handle(
        self, *args: Any, file: Path, name: str | None, scale: str | None, dry_run: bool, **options: Any
    ) -> None:
        try:
            pool_file = read_pool_file(file)
        except UnreadableFile as error:
            raise CommandError(f"Nothing was published. {error}") from error
        document = pool_file.document if scale is None else {**pool_file.document, "scale": scale}
        try:
            draft = parse_pool(document)
        except PoolRefused as refused:
            listed = "\n".join(f"  {pool_file.place_of(at)}: {said}" for at, said in refused.problems)
            raise CommandError(f"Nothing was published. {file.name} has problems:\n{listed}") from refused
        name = name or draft.name or unicodedata.normalize("NFC", file.stem)  # some disks keep it decomposed
        if problem := problem_of_name(name, POOL_NAME):
            raise CommandError(f"The pool's name {problem}; set one by --name.")
        count = len(draft.questions)
        if draft.not_calibrated:
            self.stderr.write(
                f"{draft.not_calibrated} of {count} questions have no parameters: they are not calibrated, "
                "and count in no ability until they are."
            )
        if draft.ignored:
            self.stderr.write(f"These fields mean nothing here and are ignored: {', '.join(draft.ignored)}")
        if dry_run:
            self.stdout.write(f"{file.name} is fine: {count} questions. Nothing was published (dry run).")
            return
        with tqdm(total=count, unit="question", disable=None) as bar:
            pool = publish_pool(name, draft.concept_names, draft.questions, bar.update, scale=draft.scale)
        self.stdout.write(f"Published {_counted(count)} as pool {pool.pk}, on the scale {pool.scale}.")


def _counted(questions: int) -> str:
    return "1 question" if questions == 1 else f"{questions} questions"
