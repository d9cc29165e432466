"""What a client publishes or opens is in its name. A worker looks first at what its pool requires, where that
takes long.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.request import Request

from sessions_app.api.authentication import caller_of
from sessions_app.api.errors import RETRY_AFTER_LOOK, Problem
from sessions_app.measurement.looks import LookFirst
from sessions_app.waiting import queue
from testing_engine.approval import in_the_name_of


@contextmanager
def in_the_clients_name(request: Request, override_reason: str) -> Iterator[None]:
    """Raises a `Problem` that names the job where a worker looks first: then nothing was changed."""
    by_id = caller_of(request).client_id
    try:
        with in_the_name_of(by_id, override_reason, waits=True):
            yield
    except LookFirst as first:
        job = queue.ask_to_look(first, by_id)
        told = "A worker looks first at what the pool requires. Nothing was changed: send this again then."
        extra = {"job_id": str(job.pk)}
        raise Problem(409, "gate_looks", told, wait=RETRY_AFTER_LOOK, extra=extra) from first
