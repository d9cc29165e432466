"""One long job, done by a worker."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from django.utils import timezone
from django.utils.translation import override

from organisations.acting import acting_for
from sessions_app.long_work import files, jobs
from sessions_app.models import LongJob
from sessions_app.waiting.kinds import KINDS
from testing_engine.sentences import to_plain

READING, WRITING = "reading", "writing"
STAGES = {READING: (0.0, 0.0), WRITING: (0.0, 1.0)}


def run(job_id: uuid.UUID) -> None:
    """Do it, unless somebody else does or it is over. Whatever goes wrong ends up in its row."""
    jobs.run(LongJob, job_id, _make)


def _make(job: LongJob) -> dict[str, Any]:
    """As the organisation that it is for, whoever's worker this is."""
    heart = jobs.Heart(job, STAGES)
    heart(READING, 0.0)
    kind = KINDS[job.kind]
    with acting_for(job.organisation_id), override("en"):
        made = kind.make(msgspec.convert(job.request, kind.asked), job.created_at)
        if made.total is not None:
            LongJob.objects.filter(pk=job.pk).update(total=made.total)
        size = files.keep(job, _told(made.parts, made.total, heart))
    return {
        "file_name": made.file_name,
        "media_type": made.media_type,
        "size": size,
        "outcome": None if made.outcome is None else to_plain(made.outcome),
        "expires_at": files.kept_until(timezone.now()),
    }


def _told(parts: Iterable[tuple[bytes, int]], total: int | None, heart: jobs.Tell) -> Iterator[bytes]:
    """The parts, while the row is told how many of its rows came."""
    rows = 0
    for content, of_these in parts:
        yield content
        rows += of_these
        heart(WRITING, min(1.0, rows / total) if total else 0.0)
