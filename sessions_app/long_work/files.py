"""Files of long work, in pieces: what it made, given out and gone after a while, and what was brought for it.

Each attempt writes pieces of its own, so one that was taken for dead and is not spoils nothing. What was
brought stands under the job's own id in place of an attempt's, until the job is over.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from sessions_app.models import JobPiece, LongJob
from testing_engine.sentences import say

PIECE = 1_000_000  # bytes
State = LongJob.State


class FileGone(Exception):
    """There was a file; it was kept until `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at


class BroughtIsGone(ValueError):
    """What was brought for the job is not there any more."""


class FileTooLarge(ValueError):
    """More than the setting `JOB_FILE_MAX_BYTES`."""


def bring(job: LongJob, content: bytes) -> None:
    """Store what the job shall work on. In the transaction that makes the job."""
    JobPiece.objects.bulk_create(
        JobPiece(job=job, worker=job.pk, number=number, content=piece)
        for number, piece in enumerate(_in_pieces([content]))
    )


def brought(job: LongJob) -> bytes:
    """What `bring` stored. Raises `BroughtIsGone`."""
    pieces = JobPiece.objects.filter(job=job, worker=job.pk).order_by("number")
    content = b"".join(map(bytes, pieces.values_list("content", flat=True)))
    if not content:
        raise BroughtIsGone(say("The file is gone: a student was erased meanwhile. Bring it again."))
    return content


def keep(job: LongJob, blocks: Iterable[bytes]) -> int:
    """Store what the caller makes, as its attempt's; the size in bytes. Raises `FileTooLarge`."""
    assert job.worker is not None
    pieces = JobPiece.objects.filter(job=job)
    pieces.exclude(worker__in=[job.worker, job.pk]).delete()  # of an attempt that broke off
    size = 0
    try:
        for number, content in enumerate(_in_pieces(blocks)):
            size += len(content)
            if size > settings.JOB_FILE_MAX_BYTES:
                raise FileTooLarge(say("The file would be larger than may be kept. Ask for a part of it."))
            JobPiece.objects.create(job=job, worker=job.worker, number=number, content=content)
    except BaseException:
        pieces.filter(worker=job.worker).delete()
        raise
    return size


def _in_pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    waiting, size = [], 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        while size >= PIECE:
            whole = b"".join(waiting)
            yield whole[:PIECE]
            waiting, size = [whole[PIECE:]], size - PIECE
    if size:
        yield b"".join(waiting)


def kept_until(now: datetime) -> datetime:
    """Of a file that is made now."""
    return now + timedelta(hours=settings.JOB_FILE_HOURS)


def blocks_of(job: LongJob, now: datetime) -> Iterator[bytes]:
    """The file of a job that is done, a piece at a time. Raises `FileGone` before the first."""
    assert job.expires_at is not None
    if job.expires_at <= now:
        raise FileGone(job.expires_at)
    return _read(job)


def _read(job: LongJob) -> Iterator[bytes]:
    assert job.worker is not None
    pieces = JobPiece.objects.filter(job=job, worker=job.worker)
    left, number = job.size, 0
    while left > 0:
        content = bytes(pieces.values_list("content", flat=True).get(number=number))
        yield content
        left, number = left - len(content), number + 1


def forget(now: datetime) -> int:
    """Files that expired, and rows of jobs that have been over for long; how many rows. Safe to repeat."""
    JobPiece.objects.filter(job__state=State.DONE, job__expires_at__lte=now).delete()
    JobPiece.objects.filter(job__state__in=[State.FAILED, State.CANCELLED]).delete()
    JobPiece.objects.filter(job__state=State.DONE).exclude(worker=F("job__worker")).delete()
    long_over = LongJob.objects.filter(finished_at__lt=now - timedelta(days=settings.JOB_ROW_DAYS))
    _, by_model = long_over.delete()
    return by_model.get(LongJob._meta.label, 0)


def forget_students(now: datetime) -> None:
    """A student's identity goes: files of the acting organisation that tell of students go too, and what is
    being made of them is begun anew, by another attempt than the one that may have read the name.
    """
    theirs: Any = LongJob.objects.filter(holds_students=True)
    # In this order: one that finishes meanwhile is done, and found by the second.
    theirs.filter(state=State.RUNNING).update(
        state=State.QUEUED, worker=None, attempt=0, heartbeat_at=now, progress=0.0
    )
    theirs.filter(state=State.DONE, expires_at__gt=now).update(expires_at=now)
    JobPiece.objects.filter(job__in=theirs.values("pk")).delete()
