"""What a large pool costs those who come first: `python -m benchmarks.large_pools` prints one Markdown table.

A pool of 50,000 questions is published on a PostgreSQL of its own. Each line is work of a process that has
not seen the pool, seconds of its processor and of the clock, PostgreSQL's own aside: reading the revision row
by row with every question validated again, as it once was done; by columns; from its file; a first `start`;
and publishing one changed question.
"""

import argparse
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import durable_services, table

QUESTIONS, TINY = 50_000, 200


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_pools", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    count = TINY if parser.parse_args(arguments).tiny else QUESTIONS
    with durable_services(), TemporaryDirectory() as folder:
        from django.conf import settings

        settings.REVISION_FILES = folder
        print(table(("work", "processor (s)", "clock (s)"), list(lines(count))))


def lines(count: int) -> list[tuple[str, str, str]]:
    pool = published(count)
    revision_id = pool.current_revision_id
    name = f"{count:,} questions"
    return [
        measured(f"{name}, row by row", lambda: row_by_row(revision_id)),
        measured(f"{name}, by columns, no file", lambda: from_rows(revision_id)),
        measured(f"{name}, from the file", lambda: from_file(revision_id)),
        measured("a first start", lambda: first_start(pool)),
        measured("one question revised", lambda: revised(pool)),
        measured("a first start on the new revision", lambda: first_start(pool)),
    ]


def published(count: int) -> Any:
    """3PL questions of some 300 characters."""
    from testing_engine.pools import QuestionDraft, publish_pool
    from testing_engine.psychometrics.items.bank import ItemParameters

    rng = np.random.default_rng(1)
    columns = rng.lognormal(0.2, 0.3, count), rng.normal(0, 1, count), rng.uniform(0.1, 0.25, count)
    text = "Which of these follows from what was said before? " * 5
    drafts = [
        QuestionDraft(
            external_id=f"question-{place}",
            content=f"{place}: {text}",
            options=("one of them", "another of them", "neither", "both"),
            option_scores=tuple(int(option == place % 4) for option in range(4)),
            parameters=ItemParameters(
                (1.0,), "3PL", discrimination=a, difficulty=b, guessing=c, area=f"area {place % 20}"
            ),
        )
        for place, (a, b, c) in enumerate(zip(*map(np.ndarray.tolist, columns), strict=True))
    ]
    return publish_pool("large", ["ability"], drafts)


def measured(name: str, work: Callable[[], object]) -> tuple[str, str, str]:
    from testing_engine.revisions import forget_frozen

    forget_frozen()
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return name, f"{time.process_time() - processor:.3f}", f"{time.perf_counter() - clock:.3f}"


def row_by_row(revision_id: int) -> object:
    """As it was done before there were columns."""
    from testing_engine.models import RevisionQuestion
    from testing_engine.psychometrics.items.bank import ItemBank
    from testing_engine.revisions import item_parameters

    rows = RevisionQuestion.objects.filter(revision_id=revision_id).order_by("position")
    rows = rows.select_related("question").defer("question__content", "question__options")
    return ItemBank.from_parameters([item_parameters(row.question) for row in rows])


def from_rows(revision_id: int) -> object:
    from django.conf import settings

    from testing_engine.revisions import load_revision

    folder, settings.REVISION_FILES = settings.REVISION_FILES, ""
    found = load_revision(revision_id)
    settings.REVISION_FILES = folder
    return found


def from_file(revision_id: int) -> object:
    from testing_engine.revisions import load_revision

    return load_revision(revision_id)


def first_start(pool: Any) -> object:
    from django.utils import timezone

    from sessions_app.sitting.access import Caller
    from sessions_app.sitting.lifecycle import TestRequest, start

    return start(TestRequest("student", pool_id=pool.pk), Caller(), seed=1, now=timezone.now())


def revised(pool: Any) -> object:
    from testing_engine.pools import QuestionDraft
    from testing_engine.psychometrics.items.bank import ItemParameters
    from testing_engine.versions import revise_question

    draft = QuestionDraft("question-7", "Changed.", ("yes", "no"), (1, 0), ItemParameters((1.0,)))
    return revise_question(pool, draft)


if __name__ == "__main__":
    main(sys.argv[1:])
