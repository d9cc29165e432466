"""What a verification consists of: looks around the chains, and sessions by ranges of their ids.

Each portion is read in a snapshot of its own and rests on no other, so that any number of processes may share
them, and a run that was cut off goes on with those that are left.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from sessions_app.audit.chain import link_of
from sessions_app.models import ArchivedSession, TestSession
from sessions_app.review import surroundings
from sessions_app.review.archived import break_of_archived
from sessions_app.review.breaks import Break
from sessions_app.review.guards import changed_guards
from sessions_app.review.trails import Entry, break_of, trails_of
from sessions_app.review.witness import (
    Digest,
    Seen,
    Witness,
    digests_of,
    is_vouched,
    line_of,
    parsed,
    vouch,
)

BATCH = 1000  # sessions of a portion
LAST_ID = 2**128 - 1
_LOOKS: tuple[Callable[[], Iterable[Break]], ...] = (
    changed_guards,
    surroundings.changed_revisions,
    surroundings.changed_parameter_sources,
    surroundings.changed_specifications,
    surroundings.changed_plans,
    surroundings.changed_media,
    surroundings.changed_invitations,
    surroundings.changed_proficiencies,
    surroundings.misfiled_sessions,
    surroundings.misplaced_sessions,
    surroundings.lost_answers,
)
LOOKS = {look.__name__: look for look in _LOOKS}

# The last ids of the portions but the last one's.
_EDGES = """
SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM test_sessions) AS numbered
WHERE place %% %s = 0 ORDER BY id
"""


class Manner(msgspec.Struct, frozen=True):
    """Whether sessions are skipped whose rows the witness vouches for; whether a new witness is noted."""

    skips: bool = False
    notes: bool = False


class Portion(msgspec.Struct, frozen=True):
    """One of `LOOKS`, or, where none is named, sessions from one id to another."""

    look: str = ""
    first: UUID = UUID(int=0)
    last: UUID = UUID(int=0)


class Found(msgspec.Struct):
    """What was looked at in a portion, what is not as it was written, and lines for a witness."""

    sessions: int = 0
    skipped: int = 0  # of these, as a witness vouches for their rows
    answers: int = 0
    events: int = 0
    breaks: list[Break] = []
    seen: list[str] = []
    archived: int = 0  # of the sessions, those whose answers an archive has


def all_portions() -> list[Portion]:
    """In the order in which they are told."""
    with connection.cursor() as cursor:
        cursor.execute(_EDGES, [BATCH])
        edges = [row[0] for row in cursor.fetchall()]
    firsts = [0, *(edge.int + 1 for edge in edges)]
    lasts = [*(edge.int for edge in edges), LAST_ID]
    ranges = [Portion("", UUID(int=first), UUID(int=last)) for first, last in zip(firsts, lasts, strict=True)]
    return [*map(Portion, LOOKS), *ranges]


def lines_for(portion: Portion, witness: Witness | None) -> Sequence[str]:
    """What the witness says of a portion's sessions."""
    return () if portion.look or witness is None else witness.between(portion.first, portion.last)


def check(portion: Portion, lines: Sequence[str], manner: Manner) -> Found:
    """Reads, and changes nothing. `lines`: of the witness, `lines_for`."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if portion.look:
            return Found(breaks=list(LOOKS[portion.look]()))
        return _Range(portion, dict(map(parsed, lines)), manner).found


class _Range:
    """The sessions of a portion."""

    def __init__(self, portion: Portion, witness: dict[UUID, Seen], manner: Manner) -> None:
        self.found, self._witness, self._manner = Found(), witness, manner
        self._noted: dict[UUID, Seen] = {}
        is_digested = manner.skips or manner.notes
        self._digests = digests_of(portion.first, portion.last) if is_digested else {}
        vouched = self._take_vouched() if manner.skips else set()
        if vouched:
            ids = list(self._digests.keys() - vouched)
            self._walk(TestSession.objects.filter(pk__in=ids), Q(session_id__in=ids))
        else:
            first, last = portion.first, portion.last
            of_these = Q(session_id__gte=first, session_id__lte=last)
            self._walk(TestSession.objects.filter(pk__range=(first, last)), of_these)
        self.found.breaks += [_unlike(session_id, seen) for session_id, seen in self._witness.items()]
        if manner.notes:
            self.found.seen = [line_of(*each) for each in sorted(self._noted.items())]

    def _take_vouched(self) -> set[UUID]:
        """Sessions whose rows, to the last column, are those that the witness's run walked."""
        vouched = set()
        for session_id, digest in self._digests.items():
            seen = self._witness.get(session_id)
            if seen is not None and is_vouched(session_id, seen, digest.rows):
                vouched.add(session_id)
                self._count(digest)
                self._noted[session_id] = self._witness.pop(session_id)
        return vouched

    def _count(self, digest: Digest) -> None:
        self.found.sessions += 1
        self.found.skipped += 1
        self.found.answers += digest.answers
        self.found.events += digest.events

    def _walk(self, sessions: QuerySet[TestSession], of_these: Q) -> None:
        told = sessions.select_related("revision", "plan", "result_spec")
        rows = list(told.defer("plan__rules", "result_spec__content").order_by("pk"))
        trails = trails_of(of_these)
        marks = ArchivedSession.objects.filter(of_these).select_related("archive").in_bulk()
        for trail in trails.values():
            answers = sum(entry.is_answer for entry in trail)
            self.found.answers += answers
            self.found.events += len(trail) - answers
        for session in rows:
            trail, mark = trails.pop(session.pk, []), marks.get(session.pk)
            if mark is None:
                self._look_at(session, trail)
            else:
                self._look_at_archived(session, mark, trail)
        self.found.sessions += len(rows)
        self.found.breaks += [
            Break(f"session {session_id}", "is missing: its answers or events are here")
            for session_id in trails
        ]

    def _look_at(self, session: TestSession, trail: list[Entry]) -> None:
        broken = break_of(session, trail)
        breaks = [] if broken is None else [Break(f"session {session.pk}", broken)]
        seen = self._witness.pop(session.pk, None)
        if seen and (len(trail) < seen.entries or trail[seen.entries - 1].link != seen.link):
            breaks.append(_unlike(session.pk, seen))
        self.found.breaks += breaks
        if trail and self._manner.notes:
            now = Seen(len(trail), trail[-1].link)
            self._noted[session.pk] = (
                now if breaks else vouch(session.pk, now, self._digests[session.pk].rows)
            )

    def _look_at_archived(self, session: TestSession, mark: ArchivedSession, trail: list[Entry]) -> None:
        """Its row alone is here: nothing is saved by vouching for it."""
        self.found.archived += 1
        broken = break_of_archived(session, mark, trail)
        breaks = [] if broken is None else [Break(f"session {session.pk}", broken)]
        now = Seen(mark.answers + mark.events, link_of(bytes(session.chain_head)))
        seen = self._witness.pop(session.pk, None)
        if seen and (seen.entries > now.entries or (seen.entries == now.entries and seen.link != now.link)):
            breaks.append(_unlike(session.pk, seen))
        self.found.breaks += breaks
        if self._manner.notes:
            self._noted[session.pk] = now


def _unlike(session_id: UUID, seen: Seen) -> Break:
    return Break(f"session {session_id}", f"no longer holds the {seen.entries} entries that the witness saw")
