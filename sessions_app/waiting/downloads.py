"""The file of a job, as a browser or a program takes it."""

from datetime import datetime

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from sessions_app.models import LongJob
from sessions_app.waiting import queue


def file_of(job: LongJob, now: datetime) -> StreamingHttpResponse:
    """A piece at a time, which nobody on the way keeps. Raises what `queue.file_of` does."""
    pieces = queue.file_of(job, now)
    headers = {
        "Content-Disposition": content_disposition_header(True, job.file_name) or "attachment",
        "Content-Length": str(job.size),
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(pieces, content_type=job.media_type, headers=headers)
