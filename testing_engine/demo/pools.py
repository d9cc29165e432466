"""The demo pools: one concept to begin with, and the five that an adaptive test can tell apart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from testing_engine.interchange.files import read_pool_file
from testing_engine.interchange.questions import PoolDraft, parse_pool
from testing_engine.models import QuestionPool
from testing_engine.pools import publish_pool

POOL_FILE = Path(__file__).with_name("pool.json")
NUMBERS, MATHEMATICS = "Numbers demo", "Mathematics demo"


def demo_drafts() -> Iterator[PoolDraft]:
    """Numbers, the questions of Mathematics that measure its first concept alone; then Mathematics."""
    document: dict[str, Any] = dict(read_pool_file(POOL_FILE).document)
    mathematics = parse_pool(document)
    first = mathematics.concept_names[0]
    of_numbers = [q for q in document["questions"] if q["concepts"][0] and not any(q["concepts"][1:])]
    rows = [{**question, "concepts": question["concepts"][:1]} for question in of_numbers]
    yield parse_pool({"name": NUMBERS, "concept_names": [first], "questions": rows})
    yield replace(mathematics, name=MATHEMATICS)


def publish_demo_pools() -> Iterator[tuple[QuestionPool, bool]]:
    """(pool, whether it is new) of each."""
    for draft in demo_drafts():
        pool = QuestionPool.objects.filter(name=draft.name).first()
        yield pool or publish_pool(draft.name, draft.concept_names, draft.questions), pool is None
