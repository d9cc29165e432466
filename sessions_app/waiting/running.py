"""One long job, done by a worker."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from django.utils import timezone
from django.utils.translation import override

from organisations.acting import acting_for, for_all
from organisations.membership import person_of
from sessions_app.long_work import files, jobs
from sessions_app.models import LongJob
from sessions_app.waiting.kinds import KINDS
from sessions_app.waiting.made import SIMULATING, WRITING, Asking, Progress
from testing_engine.sentences import Sentence, to_plain

READING = "reading"
STAGES = {READING: (0.0, 0.0), WRITING: (0.0, 1.0), SIMULATING: (0.0, 1.0)}


def run(job_id: uuid.UUID) -> None:
    """Do it, unless somebody else does or it is over. Whatever goes wrong ends up in its row."""
    jobs.run(LongJob, job_id, _make)


def _make(job: LongJob) -> dict[str, Any]:
    """For who asked: what colleagues keep to themselves is not in their files."""
    kind, progress = KINDS[job.kind], _Progress(job)
    acting = for_all() if kind.of_all else acting_for(job.organisation_id, person_of(job.by))
    with acting, override("en"):
        asking = Asking(job.created_at, job.by_id, lambda: files.brought(job))
        try:
            made = kind.make(msgspec.convert(job.request, kind.asked), asking, progress)
        except ValueError as error:
            if isinstance(said := str(error), Sentence):  # kept as one, for the reader's language
                raise jobs.Refused(error=said, outcome=to_plain(said)) from error
            raise
        size = files.keep(job, _counted(made.parts, progress))
    return {
        "file_name": made.file_name,
        "media_type": made.media_type,
        "size": size,
        "outcome": None if made.outcome is None else to_plain(made.outcome),
        "expires_at": files.kept_until(timezone.now()),
    }


class _Progress:
    """Tells the job's row."""

    def __init__(self, job: LongJob) -> None:
        self._job, self._heart = job, jobs.Heart(job, STAGES)
        self._rows, self._of = 0, 0
        self._heart(READING, 0.0)

    def expect(self, rows: int) -> None:
        self._of = rows
        self._heart.tell(lambda: LongJob.objects.filter(pk=self._job.pk).update(total=rows))

    def add(self, rows: int) -> None:
        self._rows += rows
        self.reach(min(1.0, self._rows / self._of) if self._of else 0.0)

    def reach(self, share: float, stage: str = WRITING) -> None:
        self._heart(stage, share)


def _counted(parts: Iterable[tuple[bytes, int]], progress: Progress) -> Iterator[bytes]:
    for content, rows in parts:
        yield content
        if rows:  # a part without rows tells of work that is done: that cannot be cancelled any more
            progress.add(rows)
