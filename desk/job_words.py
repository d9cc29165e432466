"""Files that wait, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from desk.calibration_words import state_in_words
from desk.sentences import translated
from sessions_app.waiting.made import SIMULATING
from testing_engine.sentences import from_plain


@dataclass(frozen=True)
class Told:
    """A job as pages show it. `rows`: written, of `total`; `expires_at`: the file is there until then;
    `pool`: which it is about, where it is about one.
    """

    id: UUID
    name: str
    what: str
    state: str
    is_open: bool
    asked_at: datetime
    percent: int | None
    done: int | None
    total: int | None
    outcome: str
    has_file: bool
    size: int
    expires_at: datetime | None
    pool: str


def told_of(job: Any, now: datetime) -> Told:
    """Of a row of `waiting.queue`."""
    has_file = job.expires_at is not None and job.expires_at > now
    return Told(
        id=job.pk,
        name=job.file_name or str(job.request["name"]),
        what=kind_in_words(job.kind),
        state=_state(job, has_file=has_file),
        is_open=job.is_open,
        asked_at=job.created_at,
        percent=None if job.total is None and not job.progress else round(100 * job.progress),
        done=job.done,
        total=job.total,
        outcome="" if job.outcome is None else translated(from_plain(job.outcome)),
        has_file=has_file,
        size=job.size,
        expires_at=job.expires_at,
        pool=_pool(job),
    )


def _pool(job: Any) -> str:
    """Of a copy that is there, the copy."""
    made = job.request.get("copy") if job.state == "done" else None
    return str(made or job.request.get("pool", ""))


def _state(job: Any, *, has_file: bool) -> str:
    if job.state == "running":
        return _("students are simulated") if job.stage == SIMULATING else _("is being made")
    if job.state == "done" and not has_file:
        return _("is not kept any more")
    return state_in_words(job.state)


def kind_in_words(kind: str) -> str:
    return {
        "results": _("Results"),
        "answers": _("Answers of a pool"),
        "imported_answers": _("Answers taken into a pool"),
        "pool": _("Questions of a pool"),
        "copy": _("Copy of a pool"),
        "look": _("Look at what a pool requires"),
        "drawings": _("Pictures of a pool"),
        "parameters": _("Item parameters of a table for a pool"),
        "proposal": _("Publication of a calibration"),
        "change": _("Change of many questions"),
        "verification": _("Verification of the audit chain"),
    }[kind]
