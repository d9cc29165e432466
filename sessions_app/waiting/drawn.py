"""A page's pictures of a large pool as a worker drew them, once for all who look: they are no account's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from sessions_app.long_work import files
from sessions_app.models import LongJob
from sessions_app.refusals import TooManyJobs
from sessions_app.waiting import queue
from sessions_app.waiting.drawings import Wanted, with_drawings
from testing_engine.models import QuestionPool
from testing_engine.pictures.picture import Picture

FRESH = timedelta(minutes=10)  # so long drawings serve though tests went on, and failures are not repeated


@dataclass(frozen=True)
class Drawn:
    """`pictures` None: a worker draws them, and so much (0 to 1) is done. `at`: when it was asked to."""

    pictures: tuple[Picture, ...] | None
    at: datetime | None = None
    progress: float = 0.0


def drawn(
    pool: QuestionPool, revision: int, page: str, pictures: Sequence[Picture], language: str, now: datetime
) -> Drawn:
    """These pictures with their drawings; where there are none a worker is asked for them."""
    wanted = Wanted.of(pool, revision, page, language)
    newest = _newest(wanted)
    is_fresh = newest is not None and newest.created_at > now - FRESH
    if newest is not None and newest.state == LongJob.State.DONE and not _is_gone(newest, now):
        content = b"".join(files.blocks_of(newest, now))
        found = with_drawings(pictures, content, numbers_may_differ=is_fresh)
        if found is not None:
            return Drawn(found, newest.created_at)
    if newest is not None and newest.state == LongJob.State.FAILED and is_fresh:
        return Drawn(tuple(pictures))  # drawn in the request, rather than never
    try:
        job = queue.ask(wanted, None, pool.organisation_id)
    except TooManyJobs:  # others are being drawn
        return Drawn(None)
    return Drawn(None, job.created_at, job.progress)


def _newest(wanted: Wanted) -> LongJob | None:
    """What was asked for last, and is over."""
    asked = msgspec.json.decode(msgspec.json.encode(wanted))
    over = LongJob.objects.filter(by=None, kind="drawings", request=asked, finished_at__isnull=False)
    return over.order_by("-created_at").first()


def _is_gone(job: LongJob, now: datetime) -> bool:
    return job.expires_at is None or job.expires_at <= now
