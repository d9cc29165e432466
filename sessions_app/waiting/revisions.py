"""A pool's next revision that changes more questions than a request does: by a table of item parameters, by
what a calibration proposes, by one change for many. The file that waits says what was published, as JSON.

Each begins at the revision that somebody looked at, and done twice it is one: so it does no harm where a
worker dies after it. Cancelled before it is there, nothing of it is.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import msgspec
from django.utils import timezone

from sessions_app.measurement import gate, proposals
from sessions_app.models import Calibration
from sessions_app.refusals import CalibrationNotOpen, ProposalRefused
from sessions_app.waiting.made import CONTENT_TYPES, SIMULATING, WRITING, Asking, Made, Progress, are_many
from testing_engine.approval import PublicationRefused, in_the_name_of
from testing_engine.authoring import bulk
from testing_engine.models import QuestionPool
from testing_engine.parameters import ParametersRefused, Reading, publish
from testing_engine.pools import PoolWasRevised, read_pool
from testing_engine.sentences import Said, Sentence, quoted, say, together

TOLD = 20  # problems of a table of which nothing is published; a look tells all
LOOKED = 0.7  # of the bar, where the pool's requirements are looked at
REVISED = say("Somebody changed the pool meanwhile. Look again, then publish.")


def is_long(pool: QuestionPool | None, changed: int) -> bool:
    """Whether a revision with so many other questions is more than a request makes: by their number, or by
    the look at what the pool requires. None: of a pool that is not there yet.
    """
    return are_many(changed) or (pool is not None and gate.takes_long(pool))


def is_judged_later(pool: QuestionPool, changed: int) -> bool:
    """Whether a worker looks at what the pool requires: whoever has a reason to go on all the same says it
    beforehand.
    """
    return _needs_a_simulation(pool.pk) and is_long(pool, changed)


class Table(msgspec.Struct, frozen=True):
    """The parameters of a table, which is brought, read like that. `base`: the revision that was looked at;
    `name`: of the file, without what follows the dot. So in the others.
    """

    name: str
    pool: UUID
    base: int
    sha256: str
    source: str
    choices: Mapping[str, str]
    id_column: str
    made_by: str
    override_reason: str = ""

    @classmethod
    def of(
        cls, pool: UUID, base: int, content: bytes, reading: Reading, made_by: str, override_reason: str
    ) -> "Table":
        asked = (reading.source, dict(sorted(reading.choices.items())), reading.id_column)
        return cls(_name(pool), pool, base, _sha256(content), *asked, made_by, override_reason)


class Proposal(msgspec.Struct, frozen=True):
    """What a calibration proposes, for the pool as it is when this is done."""

    name: str
    pool: UUID
    calibration: UUID
    despite_errors: bool
    override_reason: str = ""

    @classmethod
    def of(cls, calibration: Calibration, *, despite_errors: bool, override_reason: str) -> "Proposal":
        pool_id = calibration.pool_id
        return cls(_name(pool_id), pool_id, calibration.pk, despite_errors, override_reason)


class Change(msgspec.Struct, frozen=True):
    """One change for the questions whose ids are brought: `bulk.change_many`."""

    name: str
    pool: UUID
    base: int
    sha256: str
    change: str
    to: str
    override_reason: str = ""

    @classmethod
    def of(
        cls, pool: UUID, base: int, content: bytes, change: str, to: str, override_reason: str
    ) -> "Change":
        return cls(_name(pool), pool, base, _sha256(content), change, to, override_reason)


def as_content(ids: Collection[str]) -> bytes:
    """Ids of questions, to be brought."""
    return msgspec.json.encode(list(ids))


def publish_table(asked: Table, asking: Asking, progress: Progress) -> Made:
    """Raises a `ValueError` where nothing is published, as the others do."""
    content = asking.brought()
    pool = read_pool(asked.pool)
    with _published(asked, asking, progress) as told:
        reading = Reading(asked.source, asked.choices, asked.id_column)
        found = publish(pool, content, reading, asked.base, asked.made_by, told)
    return _made(asked, found.revision.number, found.changed)


def publish_proposal(asked: Proposal, asking: Asking, progress: Progress) -> Made:
    calibration = Calibration.objects.get(pk=asked.calibration)
    with _published(asked, asking, progress) as told:
        revision = proposals.publish(
            calibration,
            asking.by_id,
            timezone.now(),
            despite_errors=asked.despite_errors,
            override_reason=asked.override_reason,
            progress=told,
        )
    return _made(asked, revision.number, proposals.proposed(calibration))


def change_many(asked: Change, asking: Asking, progress: Progress) -> Made:
    ids = msgspec.json.decode(asking.brought(), type=list[str])
    with _published(asked, asking, progress) as told:
        changed = bulk.change_many(asked.pool, asked.base, ids, asked.change, asked.to, told)
    revision = QuestionPool.objects.get(pk=asked.pool).current_revision
    assert revision is not None
    return _made(asked, revision.number, changed)


@contextmanager
def _published(
    asked: Table | Proposal | Change, asking: Asking, progress: Progress
) -> Iterator[Callable[[int, int], None]]:
    """In the name of who asked. What it gives is told how many more questions were written, of how many."""
    bar = _Bar(progress, is_gated=_needs_a_simulation(asked.pool))
    try:
        with in_the_name_of(asking.by_id, asked.override_reason, bar.looked):
            yield bar.wrote
    except ParametersRefused as refused:
        raise Said(together([sentence for _, sentence in refused.problems[:TOLD]])) from refused
    except PoolWasRevised as revised:
        raise Said(REVISED) from revised
    except (PublicationRefused, CalibrationNotOpen, ProposalRefused) as refused:
        said = str(refused)
        raise Said(said if isinstance(said, Sentence) else quoted(said)) from refused


def _needs_a_simulation(pool_id: UUID) -> bool:
    asked = gate.requirements_of(pool_id)
    return asked is not None and asked.needs_a_simulation


class _Bar:
    """How far a revision is: questions that are written, and students of the look at what the pool requires.
    Which comes first differs.
    """

    def __init__(self, progress: Progress, *, is_gated: bool) -> None:
        self._progress, self._of_look = progress, LOOKED if is_gated else 0.0
        self._share_looked, self._written = 0.0, 0
        self._share_written = 0.0

    def looked(self, share: float) -> None:
        self._share_looked = share
        self._tell(SIMULATING)

    def wrote(self, more: int, of_all: int) -> None:
        self._written += more
        self._share_written = self._written / of_all
        self._tell(WRITING)

    def _tell(self, stage: str) -> None:
        done = self._of_look * self._share_looked + (1 - self._of_look) * self._share_written
        self._progress.reach(done, stage)


def _made(asked: Table | Proposal | Change, revision: int, changed: int) -> Made:
    told = {"question_pool_id": asked.pool, "revision": revision, "questions_changed": changed}
    outcome = (
        say("{count} questions are changed, with revision {number}.", count=changed, number=revision)
        if changed
        else say("The pool has all of this already. Nothing was changed.")
    )
    content = msgspec.json.encode(told)
    return Made(f"{asked.name}.json", CONTENT_TYPES["json"], [(content, 0)], outcome)


def _name(pool_id: UUID) -> str:
    return f"{pool_id}-revision"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
