"""Long work from being asked for until it is over, and its file until nobody needs it any more."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from organisations.membership import owns_everything
from sessions_app.long_work import files, jobs
from sessions_app.long_work.sending import send
from sessions_app.measurement.looks import LookFirst
from sessions_app.models import LongJob
from sessions_app.refusals import (
    IdempotencyKeyReused,
    JobFileGone,
    JobHasNoFile,
    JobNotFound,
    JobNotOpen,
    TooManyJobs,
)
from sessions_app.waiting.kinds import KINDS, OF_REQUEST, Kind
from testing_engine.models import QuestionPool
from testing_engine.sentences import marked

TASK = "sessions_app.tasks.do_long_job"
State = LongJob.State
DIED = marked("Its worker died 3 times: too little memory for this file, perhaps.")
MOST_OPEN = 5  # of one account
Send = Callable[[uuid.UUID], object]


def send_job(job_id: uuid.UUID) -> None:
    """To a worker."""
    send(TASK, job_id)


def ask(
    wanted: msgspec.Struct,
    by_id: int | None,
    organisation_id: int | None,
    key: str | None = None,
    send: Send = send_job,
    content: bytes | None = None,
) -> LongJob:
    """A new job, or the one that this key asked for before; without a key, one of the same that is not over.
    `content`: what it shall work on, which `wanted` names by a hash.

    Raises `IdempotencyKeyReused`, `TooManyJobs`.
    """
    kind = OF_REQUEST[type(wanted)]
    request = msgspec.json.decode(msgspec.json.encode(wanted))  # as the row has it: tuples are lists there
    theirs = LongJob.objects.filter(by_id=by_id)

    def before() -> LongJob | None:
        alike = theirs.filter(kind=kind.name, request=request)
        if key is None:
            return alike.filter(state__in=jobs.OPEN).first()
        found = theirs.filter(idempotency_key=key).first()
        if found is not None and (found.kind, found.request) != (kind.name, request):
            raise IdempotencyKeyReused
        return found

    def create() -> LongJob:
        if theirs.filter(state__in=jobs.OPEN).count() >= MOST_OPEN:
            raise TooManyJobs(MOST_OPEN)
        made = LongJob.objects.create(
            kind=kind.name,
            request=request,
            by_id=by_id,
            organisation_id=organisation_id,
            idempotency_key=key,
            holds_students=kind.holds_students,
        )
        if content is not None:
            files.bring(made, content)
        transaction.on_commit(lambda: send(made.pk))
        return made

    return jobs.ask_once(before, create, lambda: None)


def ask_to_look(first: LookFirst, by_id: int | None, send: Send = send_job) -> LongJob:
    """A worker takes the look that somebody's request waits for. Raises `TooManyJobs`."""
    organisation_id = QuestionPool.objects.get(pk=first.look.pool).organisation_id
    return ask(first.look, by_id, organisation_id, send=send, content=first.content)


def find(job_id: str, by_id: int | None, may: Callable[[str], bool]) -> LongJob:
    """This account's: the file has what that one finds, and others may find less. `may`: whether it holds a
    permission, which the file still needs. Raises `JobNotFound`.
    """
    try:
        found = LongJob.objects.get(pk=uuid.UUID(job_id), by_id=by_id)
    except (ValueError, LongJob.DoesNotExist) as error:
        raise JobNotFound from error
    if found.kind not in KINDS or not _is_open_to(KINDS[found.kind], may):
        raise JobNotFound
    return found


def _is_open_to(kind: Kind, may: Callable[[str], bool]) -> bool:
    return (not kind.permission or may(kind.permission)) and (not kind.of_all or owns_everything())


def of_account(by_id: int | None, may: Callable[[str], bool]) -> QuerySet[LongJob]:
    """What it asked for, and may ask for still; the newest first."""
    kinds = [kind.name for kind in KINDS.values() if _is_open_to(kind, may)]
    return LongJob.objects.filter(by_id=by_id, kind__in=kinds)


def file_of(job: LongJob, now: datetime) -> Iterator[bytes]:
    """A piece at a time. Raises `JobHasNoFile` where there is none yet, or never will be; `JobFileGone`."""
    if job.state != State.DONE:
        raise JobHasNoFile(job.state)
    try:
        return files.blocks_of(job, now)
    except files.FileGone as gone:
        raise JobFileGone(gone.at) from gone


def cancel(job: LongJob, now: datetime) -> LongJob:
    """At once where it waits, as soon as its worker looks where it runs. Safe to repeat."""
    if not jobs.cancel(job, now):
        raise JobNotOpen(job.state)
    return job


def counts(now: datetime) -> dict[str, int]:
    """How many wait, how many run, how many failed in the last 24 hours."""
    lately = Q(state=State.FAILED, finished_at__gte=now - timedelta(days=1))
    of_state = LongJob.objects.filter(Q(state__in=jobs.OPEN) | lately).order_by().values_list("state")
    found = dict(of_state.annotate(count=Count("pk")))
    return {state.value: found.get(state, 0) for state in (State.QUEUED, State.RUNNING, State.FAILED)}


def take_up(now: datetime, send: Send = send_job) -> tuple[int, int]:
    """What dead workers and the broker lost: how many were sent again, and how many given up."""
    return jobs.take_up(LongJob, now, send, DIED)
