"""Replies about long work and the files that it makes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from sessions_app.models import LongJob
from sessions_app.replies.calibrations import State
from sessions_app.replies.values import Reply
from sessions_app.waiting.kinds import KINDS
from testing_engine.sentences import from_plain

Kind = Annotated[str, Meta(extra={"choices": [(name, name) for name in KINDS]})]


class JobFile(Reply, frozen=True):
    """What `GET /api/v1/jobs/{job_id}/file` gives. After `expires_at` it is a 410."""

    name: str
    media_type: str
    size: Annotated[int, Meta(description="Bytes.")]
    expires_at: datetime


class JobReply(Reply, frozen=True):
    """Where long work stands. `file` is null until it is done."""

    job_id: UUID
    kind: Kind
    state: State
    progress: Annotated[float, Meta(ge=0, le=1)]
    done: Annotated[int | None, Meta(description="Rows written, of `total`.")]
    total: Annotated[int | None, Meta(description="Rows of the file; null while, or where, nobody knows.")]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Annotated[str, Meta(description="Why there is no file, in a sentence.")]
    outcome: Annotated[str, Meta(description="What there is to say of the file, in a sentence.")]
    file: JobFile | None


def job(found: LongJob) -> JobReply:
    """Where it stands."""
    is_done = found.state == LongJob.State.DONE and found.expires_at is not None
    return JobReply(
        job_id=found.pk,
        kind=found.kind,
        state=found.state,
        progress=found.progress,
        done=found.done,
        total=found.total,
        created_at=found.created_at,
        started_at=found.started_at,
        finished_at=found.finished_at,
        error=found.error,
        outcome=from_plain(found.outcome) if is_done and found.outcome is not None else "",
        file=JobFile(found.file_name, found.media_type, found.size, found.expires_at) if is_done else None,  # type: ignore[arg-type]
    )
