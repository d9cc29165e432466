"""manage.py load_demo: publish the demo pool, once."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from testing_engine.interchange.files import read_pool_file
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import QuestionPool
from testing_engine.pools import publish_pool

POOL_FILE = Path(__file__).resolve().parents[2] / "demo" / "pool.json"


class Command(BaseCommand):
    help = "Publish the demo pool, unless a pool of its name is there."

    def handle(self, *args: Any, **options: Any) -> None:
        draft = parse_pool(read_pool_file(POOL_FILE).document)
        pool = QuestionPool.objects.filter(name=draft.name).first()
        if pool is not None:
            self.stdout.write(f"The demo pool is there: {pool.pk}")
            return
        pool = publish_pool(draft.name, draft.concept_names, draft.questions)
        self.stdout.write(f"Published the demo pool: {len(draft.questions)} questions, {pool.pk}")
