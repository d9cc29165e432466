"""What a witness file says of sessions: where each chain ended, and that all its rows were as written.

A line is `session entries link vouched`. The first three show a session that is gone or lost its end since.
`vouched` is given to a session that was checked row by row and found whole: a keyed hash over every column
of its rows as PostgreSQL tells them. Rows that still have it need not be walked again. Without AUDIT_KEY
nobody can make one, so a file that somebody changed vouches for nothing.
"""

import hmac
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

SIZE = 16  # bytes
NOT_VOUCHED = "-"

# How rows read as text follows from these.
_AS_TEXT = """
SELECT set_config('DateStyle', 'ISO, MDY', true), set_config('TimeZone', 'UTC', true),
       set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true)
"""
# Every column, also those that the chain leaves out: what changed is walked. With the hashes that the
# beginning of a chain vouches for. ROW, as an answer has a column of that name.
_DIGESTS = r"""
WITH answers AS (
  SELECT session_id, count(*) AS entries, sha256(string_agg(
           convert_to(ROW(answer.*)::text, 'UTF8'), '\x00'::bytea ORDER BY position, id)) AS digest
  FROM test_responses answer WHERE session_id BETWEEN %s AND %s GROUP BY session_id
), events AS (
  SELECT session_id, count(*) AS entries, sha256(string_agg(
           convert_to(ROW(event.*)::text, 'UTF8'), '\x00'::bytea ORDER BY after_answers, id)) AS digest
  FROM session_events event WHERE session_id BETWEEN %s AND %s GROUP BY session_id
), sessions AS (
  SELECT session.id AS session_id, sha256(convert_to(ROW(
           session.*, revision.content_hash, plan.content_hash, told.content_hash)::text, 'UTF8')) AS digest
  FROM test_sessions session
  LEFT JOIN pool_revisions revision ON revision.id = session.revision_id
  LEFT JOIN test_plans plan ON plan.id = session.plan_id
  LEFT JOIN result_specifications told ON told.id = session.result_spec_id
  WHERE session.id BETWEEN %s AND %s
)
SELECT session_id, coalesce(answers.entries, 0), coalesce(events.entries, 0),
       sha256(convert_to(ROW(sessions.digest, answers.digest, events.digest)::text, 'UTF8'))
FROM sessions FULL JOIN answers USING (session_id) FULL JOIN events USING (session_id)
"""


class WitnessError(ValueError):
    """A line of the file is none."""


class Seen(NamedTuple):
    """How many entries a session had, the link of the last, and what vouches for its rows, if anything."""

    entries: int
    link: bytes
    vouched: bytes = b""


class Digest(NamedTuple):
    """All rows of a session as they are now; of a session that is gone, those that are left."""

    answers: int
    events: int
    rows: bytes


class Witness:
    """The lines of a file, by session."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Raises `WitnessError`, which names the line."""
        self._lines = []
        for number, line in enumerate(lines, start=1):
            try:
                session_id, _ = parsed(line)
            except ValueError as error:
                raise WitnessError(f"Line {number} of the witness is none: {line.strip()!r}") from error
            self._lines.append(f"{session_id} {' '.join(line.split()[1:])}")
        self._lines.sort()  # as PostgreSQL sorts ids

    def between(self, first: UUID, last: UUID) -> Sequence[str]:
        """The lines of sessions with these ids and those between."""
        low = bisect_left(self._lines, str(first))
        return self._lines[low : bisect_right(self._lines, f"{last}~")]


def line_of(session_id: UUID, seen: Seen) -> str:
    """As it stands in the file."""
    return f"{session_id} {seen.entries} {seen.link.hex()} {seen.vouched.hex() or NOT_VOUCHED}"


def parsed(line: str) -> tuple[UUID, Seen]:
    """Raises `ValueError`. Lines of former versions vouch for nothing."""
    session_id, entries, link, *rest = line.split()
    (vouched,) = rest or (NOT_VOUCHED,)
    rows = b"" if vouched == NOT_VOUCHED else bytes.fromhex(vouched)
    return UUID(session_id), Seen(int(entries), bytes.fromhex(link), rows)


def digests_of(first: UUID, last: UUID) -> dict[UUID, Digest]:
    """Of the sessions with these ids and those between, as the transaction sees them."""
    with connection.cursor() as cursor:
        cursor.execute(_AS_TEXT)
        cursor.execute(_DIGESTS, [first, last] * 3)
        return {
            session_id: Digest(answers, events, bytes(rows))
            for session_id, answers, events, rows in cursor.fetchall()
        }


def vouch(session_id: UUID, seen: Seen, rows: bytes) -> Seen:
    """The same, with a word for its rows: the caller has found them as they were written."""
    return seen._replace(vouched=_keyed(session_id, seen, rows, settings.AUDIT_KEY))


def is_vouched(session_id: UUID, seen: Seen, rows: bytes) -> bool:
    """Whether these rows are what was vouched for, by whichever key."""
    keys = (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)
    return bool(seen.vouched) and any(
        hmac.compare_digest(seen.vouched, _keyed(session_id, seen, rows, key)) for key in keys
    )


def _keyed(session_id: UUID, seen: Seen, rows: bytes, key: str) -> bytes:
    told = b"witness" + session_id.bytes + seen.entries.to_bytes(8) + seen.link + rows
    return hmac.digest(key.encode(), told, "sha256")[:SIZE]
