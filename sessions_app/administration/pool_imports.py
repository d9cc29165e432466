"""Imports of question banks in the background: asked for, carried out by a worker, looked at meanwhile.

A row says what was asked; the pool's id is in it, so that carrying it out twice makes one pool. Nothing
depends on the broker: what it lost, and what a dead worker left, is sent again. Progress is told by the
cache, since the import itself is one transaction; while the cache is away there is none, and it goes on.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from organisations.acting import acting_for
from organisations.membership import person_of
from sessions_app.long_work import jobs
from sessions_app.long_work.sending import send as send_task
from sessions_app.models import PoolImport
from sessions_app.refusals import IdempotencyKeyReused, JobNotOpen, PoolImportNotFound, TooManyPoolImports
from testing_engine import importing
from testing_engine.approval import LONGEST_REASON, PublicationRefused, in_the_name_of
from testing_engine.importing import ReportedQuestion
from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool
from testing_engine.sentences import Sentence, from_plain, marked, quoted, say, to_plain

TASK = "sessions_app.tasks.import_questions"
TIME_LIMIT = 3600  # seconds for one import
MOST_OPEN = 5  # of one account
TELL_EVERY = 20  # questions
KEPT = timedelta(days=1)  # the file of a dry run, for the import of what it looked at
KEEPS_FILE = "keeps_file"
TAKEN = "taken after a dry run"
DIED = marked("Its worker died 3 times, or took longer than an hour.")


@dataclass(frozen=True)
class Progress:
    """How an import stands. `report` when it is done, `problems` (pointer, message) where it failed."""

    import_id: uuid.UUID
    state: str
    file_name: str
    asked_at: datetime
    is_dry_run: bool
    is_into: bool  # a pool that is there
    has_file: bool  # after a dry run: what it looked at can be imported by `take`
    looked_at: int
    questions: int | None  # in the file, as soon as it is read
    report: importing.Report | None
    problems: tuple[tuple[str, Sentence], ...]

    @property
    def is_over(self) -> bool:
        return self.state not in jobs.OPEN


def ask(
    upload: Upload,
    wishes: importing.Wishes,
    by_id: int | None = None,
    key: str | None = None,
    *,
    keeps_file: bool = False,
) -> uuid.UUID:
    """A new import, or the one that this key asked for before; it is sent to a worker.

    `keeps_file`: of a dry run, so that `take` can import what it looked at. Raises `IdempotencyKeyReused`,
    `TooManyPoolImports`.
    """
    return _asked(upload, wishes, by_id, key, send, keeps_file=keeps_file)


def take(import_id: str, by_id: int, override_reason: str = "") -> uuid.UUID:
    """The import of what a dry run looked at, once for each reason, however often it is asked for.

    Raises `PoolImportNotFound`, also where the file is not kept any more, and `TooManyPoolImports`.
    """
    reason = override_reason.strip()[:LONGEST_REASON]
    key = " ".join([TAKEN, import_id, *([hashlib.sha256(reason.encode()).hexdigest()] if reason else [])])
    if (before := PoolImport.objects.filter(by_id=by_id, idempotency_key=key).first()) is not None:
        return before.pk
    looked = _row_of(import_id, by_id)
    if looked.content is None or looked.state != PoolImport.State.DONE:
        raise PoolImportNotFound
    wishes = replace(
        _wishes(looked), dry_run=False, pool_id=looked.pool_id, override_reason=reason.replace("\x00", "")
    )
    return _asked(_upload(looked), wishes, by_id, key, send)


def of_account(by_id: int, most: int) -> list[Progress]:
    """The newest imports that this account asked for in the background, without their reports."""
    rows = PoolImport.objects.filter(by_id=by_id).defer("content", "report")[:most]
    return [_progress(row, None) for row in rows]


def carry_out(upload: Upload, wishes: importing.Wishes, by_id: int | None, key: str) -> Progress:
    """The same without a worker: over when this returns, unless the same key is at it elsewhere.

    A pool that is there cannot show whether it has the questions from this request or from another; so what
    became of it is kept under the key.
    """
    import_id = _asked(upload, wishes, by_id, key, lambda _: None)
    run(import_id)
    return progress(str(import_id), by_id)


def _asked(
    upload: Upload,
    wishes: importing.Wishes,
    by_id: int | None,
    key: str | None,
    then: Callable[[uuid.UUID], object],
    *,
    keeps_file: bool = False,
) -> uuid.UUID:
    request = _request(upload, wishes) | ({KEEPS_FILE: True} if keeps_file else {})
    digest = hashlib.sha256(upload.content).hexdigest()

    def create() -> PoolImport:
        if PoolImport.objects.filter(by_id=by_id, state__in=jobs.OPEN).count() >= MOST_OPEN:
            raise TooManyPoolImports(MOST_OPEN)
        made = PoolImport.objects.create(
            by_id=by_id,
            idempotency_key=key,
            file_name=upload.name[-255:],
            sha256=digest,
            content=upload.content,
            request=request,
            pool_id=wishes.pool_id or uuid.uuid4(),
        )
        transaction.on_commit(lambda: then(made.pk))
        return made

    before = partial(_asked_before, by_id, key, request, digest)
    return jobs.ask_once(before, create, lambda: None).pk


def progress(import_id: str, by_id: int | None) -> Progress:
    """How this account's import stands: its report quotes the file. Raises `PoolImportNotFound`."""
    row = _row_of(import_id, by_id)
    return _progress(row, None if row.report is None else _report(row.report))


def cancel(import_id: str, by_id: int | None, now: datetime) -> Progress:
    """At once where it waits; where it runs its worker looks every 20 questions; nothing is imported then.

    Safe to repeat. Raises `PoolImportNotFound`, `JobNotOpen`.
    """
    row = _row_of(import_id, by_id)
    if not jobs.cancel(row, now):
        raise JobNotOpen(row.state)
    return progress(import_id, by_id)


def _row_of(import_id: str, by_id: int | None) -> PoolImport:
    try:
        return PoolImport.objects.defer("content").get(pk=uuid.UUID(import_id), by_id=by_id)
    except (ValueError, PoolImport.DoesNotExist) as error:
        raise PoolImportNotFound from error


def _progress(row: PoolImport, report: importing.Report | None) -> Progress:
    looked_at, questions = (len(report.questions),) * 2 if report else _told(row.pk)
    return Progress(
        import_id=row.pk,
        state=row.state,
        file_name=row.file_name,
        asked_at=row.created_at,
        is_dry_run=row.request["dry_run"],
        is_into="into" in row.request,
        has_file=bool(row.request.get(KEEPS_FILE)) and not _is_forgotten(row, timezone.now()),
        looked_at=looked_at,
        questions=questions,
        report=report,
        problems=tuple(_problems_of(row)),
    )


def _problems_of(row: PoolImport) -> Iterator[tuple[str, Sentence]]:
    """Of the file, and what befell the service."""
    for pointer, message in row.problems or ():
        yield str(pointer), from_plain(message)
    if row.error:
        yield "/file", say(row.error)


def _is_forgotten(row: PoolImport, now: datetime) -> bool:
    return row.finished_at is not None and row.finished_at < now - KEPT


def send(import_id: uuid.UUID) -> None:
    """To a worker."""
    send_task(TASK, import_id)


def run(import_id: uuid.UUID) -> None:
    """Carry it out, unless somebody else does or it is over. Whatever goes wrong ends up in its row."""
    jobs.run(PoolImport, import_id, _import, _whole)


@contextmanager
def _whole(row: PoolImport) -> Iterator[None]:
    """One transaction: questions that came into a pool are not taken for another import's, should the worker
    die before it says what it did.
    """
    with (
        acting_for(row.organisation_id, person_of(row.by)),
        transaction.atomic(),
        in_the_name_of(row.by_id, _wishes(row).override_reason, lambda _: jobs.heed(row)),
    ):
        yield


def _import(row: PoolImport) -> dict[str, Any]:
    try:
        report = importing.import_pool(_upload(row), _wishes(row), _teller(row))
    except importing.ImportRefused as refused:
        raise _refused(refused.problems) from refused
    except PublicationRefused as refused:
        raise _refused([("/override_reason", quoted(refused))]) from refused
    except importing.PublishedOtherwise as other:
        reason = say("A pool was published with this Idempotency-Key from another file.")
        raise _refused([("/idempotency_key", reason)]) from other
    kept = {} if row.request.get(KEEPS_FILE) else {"content": None}
    return {"report": _plain(report), **kept}


def _refused(problems: Iterable[tuple[str, Sentence]]) -> jobs.Refused:
    told = [(pointer, to_plain(message)) for pointer, message in problems]
    return jobs.Refused(problems=told, content=None)


def take_up(now: datetime, send: Callable[[uuid.UUID], object] = send) -> tuple[int, int]:
    """What a dead worker left is done again, three times at most; what waits in vain is sent again.

    Returns how many were sent and how many given up. Safe to repeat.
    """
    found = jobs.take_up(PoolImport, now, send, DIED)
    given_up = (PoolImport.State.FAILED, PoolImport.State.CANCELLED)
    needless = Q(state__in=given_up) | Q(state=PoolImport.State.DONE, finished_at__lt=now - KEPT)
    PoolImport.objects.filter(needless, content__isnull=False).update(content=None)
    return found


def _asked_before(
    by_id: int | None, key: str | None, request: dict[str, Any], digest: str
) -> PoolImport | None:
    """What this key asked for. Raises `IdempotencyKeyReused` where that was something else."""
    if key is None:
        return None
    before = PoolImport.objects.defer("content").filter(by_id=by_id, idempotency_key=key).first()
    if before is None:
        return None
    if (before.request, before.sha256) != (request, digest):
        raise IdempotencyKeyReused
    return before


# --- Rows as values --------------------------------------------------------------------------------------


def _request(upload: Upload, wishes: importing.Wishes) -> dict[str, Any]:
    return {
        **({} if wishes.into is None else {"into": str(wishes.into)}),
        **({"override_reason": wishes.override_reason} if wishes.override_reason else {}),
        "format": wishes.format,
        "name": wishes.name,
        "concept_names": list(wishes.concept_names),
        "dry_run": wishes.dry_run,
        "variants": upload.variants,
        "seed": upload.seed,
        "parts_apart": wishes.apart,
    }


def _upload(row: PoolImport) -> Upload:
    assert row.content is not None
    return Upload(row.file_name, bytes(row.content), row.request["variants"], row.request["seed"])


def _wishes(row: PoolImport) -> importing.Wishes:
    asked = row.request
    names = tuple(asked["concept_names"])
    into = uuid.UUID(asked["into"]) if "into" in asked else None
    known = (asked["format"], asked["name"], names, asked["dry_run"], row.pool_id, asked["parts_apart"])
    return importing.Wishes(*known, into, asked.get("override_reason", ""))


def _plain(report: importing.Report) -> dict[str, Any]:
    questions = [
        [to_plain(each.source), each.id, each.outcome, [to_plain(reason) for reason in each.reasons]]
        for each in report.questions
    ]
    pool = None if report.pool is None else str(report.pool.pk)
    return {"format": report.format, "name": report.name, "pool": pool, "questions": questions}


def _report(plain: dict[str, Any]) -> importing.Report:
    pool = QuestionPool.objects.get(pk=plain["pool"]) if plain["pool"] else None
    questions = tuple(
        ReportedQuestion(from_plain(source), identifier, outcome, tuple(map(from_plain, reasons)))
        for source, identifier, outcome, reasons in plain["questions"]
    )
    return importing.Report(plain["format"], plain["name"], pool, questions)


# --- Progress --------------------------------------------------------------------------------------------


def _teller(row: PoolImport) -> Callable[[int, int], None]:
    """Tells how far it is, and raises what `jobs.heed` does."""

    def tell(looked_at: int, of_all: int) -> None:
        if looked_at % TELL_EVERY == 1 or looked_at == of_all:
            cache.set(_told_at(row.pk), (looked_at, of_all), TIME_LIMIT)
            jobs.heed(row)

    return tell


def _told(import_id: uuid.UUID) -> tuple[int, int | None]:
    told: tuple[int, int] | None = cache.get(_told_at(import_id))
    return told or (0, None)


def _told_at(import_id: uuid.UUID) -> str:
    return f"pool_import:{import_id}"
