"""Answers that were accepted and that PostgreSQL has lost: found by what Redis knows, counted and named.

PostgreSQL is written first and Redis after it, so a session's rows are never behind its hot state, unless
some are gone: a standby that had not received them took over, or a backup was restored. Of a test that is
over, Redis remembers the last state for a while. Nothing here brings an answer back; its student goes on
where the rows are.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from sessions_app.audit import chain
from sessions_app.models import LostAnswers, TestResponse, TestSession
from sessions_app.sitting import hot_state
from sessions_app.sitting.session_state import SessionState
from testing_engine.revisions import load_revision

logger = logging.getLogger(__name__)

# The last entry of the chain that a state knows is one of its session's, or else the rows have another past.
# What an archive has was read back before it went.
_OF_ANOTHER_PAST = """
SELECT known.id FROM unnest(%s::uuid[], %s::bytea[]) AS known (id, link)
WHERE NOT EXISTS (SELECT FROM test_responses row WHERE row.session_id = known.id AND row.link = known.link)
  AND NOT EXISTS (SELECT FROM session_events row WHERE row.session_id = known.id AND row.link = known.link)
  AND NOT EXISTS (SELECT FROM archived_sessions row WHERE row.session_id = known.id)
"""
# A server that took over writes a timeline of its own.
_TIMELINE = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)"


def look(states: Mapping[UUID, SessionState]) -> list[LostAnswers]:
    """Which answers these states know that the rows do not have. They are noted and logged; the states go.

    The states must have been read before: rows that are newer hide nothing.
    """
    links = {session_id: chain.link_of(state.chain_head) for session_id, state in states.items()}
    if not links:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_OF_ANOTHER_PAST, [list(links), list(links.values())])
        suspects = {session_id: states[session_id] for (session_id,) in cursor.fetchall()}
    if not suspects:
        return []
    found = list(_lost(suspects, links, timezone.now()))
    for lost in found:
        logger.error(
            "Accepted answers are lost: session %s of client %s, %s of %s answers%s",
            lost.session_id,
            lost.client_id,
            lost.count,
            lost.accepted,
            ", and the session itself" if lost.is_session_lost else "",
        )
    LostAnswers.objects.bulk_create(found, ignore_conflicts=True)
    hot_state.forget((lost.session_id for lost in found), also_over=True)  # what they told is written down
    return found


def _lost(
    suspects: Mapping[UUID, SessionState], links: Mapping[UUID, bytes], now: datetime
) -> Iterator[LostAnswers]:
    sessions = {row.pk: row for row in TestSession.objects.filter(pk__in=suspects)}
    rows: dict[UUID, list[TestResponse]] = {session_id: [] for session_id in suspects}
    for row in TestResponse.objects.filter(session_id__in=suspects).order_by("session_id", "position"):
        rows[row.session_id].append(row)
    for session_id, state in suspects.items():
        session = sessions.get(session_id)
        known = [] if session is None else _known(state, session)
        stored = _common([(row.question_id, row.counted_score) for row in rows[session_id]], known)
        if session is None or stored < state.answered:
            yield LostAnswers(
                session_id=session_id,
                client_id=state.client_id,
                accepted=state.answered,
                stored=stored,
                questions=[question for question, _ in known[stored:]],
                is_session_lost=session is None,
                link=links[session_id],
                noticed_at=now,
            )


def _known(state: SessionState, session: TestSession) -> list[tuple[int, int]]:
    """(question, score as it counts) of each answer."""
    keys = load_revision(session.revision_id).question_ids
    return [
        (int(keys[item]), score) for item, score in zip(state.item_indices, state.item_scores, strict=True)
    ]


def _common(first: Sequence[object], second: Sequence[object]) -> int:
    """How many of the first elements are the same."""
    pairs = zip(first, second, strict=False)
    return next(
        (index for index, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second))
    )


def look_at_all() -> int:
    """The same for every session that Redis knows; how many answers are lost.

    Raises `RedisError` where Redis does not answer.
    """
    return sum(lost.count for some in hot_state.every_state() for lost in look(some))


def look_after_failover() -> int | None:
    """The same, where another PostgreSQL has taken over since somebody looked; else None, and no look."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMELINE)
        (timeline,) = cursor.fetchone()
    if hot_state.timeline_looked_at() == timeline:
        return None
    lost = look_at_all()
    hot_state.note_timeline(timeline)
    return lost
