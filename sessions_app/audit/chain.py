"""The arithmetic of the audit chain, without a database.

Every answer and every event of a session is an entry. The chain's value after an entry is

    c(k) = HMAC-SHA256(AUDIT_KEY, c(k-1) ‖ entry k), its first 16 bytes,    c(0) = 16 zero bytes

and the entry's row keeps link(k) = SHA-256(c(k)), its first 16 bytes. The session's row keeps the newest c
alone, its head. So nobody without the key can make an entry that fits (a keyed chain: HMAC, RFC 2104; cut to
128 bits, NIST SP 800-107), and nobody who sees the links knows an earlier head: a trail that lost its end
cannot be made to look whole (Schneier & Kelsey 1999, "Secure audit logs to support computer forensics").
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings

from sessions_app.audit.keyed import keyed

SIZE = 16  # bytes of a head and of a link
BEGINNING = bytes(SIZE)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Fact = str | int | Sequence[float] | None


def advance(head: bytes, entry: bytes, key: str | None = None) -> bytes:
    """The head after one more entry; with the key of now unless another is named."""
    return keyed((settings.AUDIT_KEY if key is None else key).encode()).digest(head + entry)[:SIZE]


def link_of(head: bytes) -> bytes:
    """What the entry's own row keeps: it proves the head, and does not tell it."""
    return hashlib.sha256(head).digest()[:SIZE]


def answer_entry(
    session_id: UUID,
    position: int,
    question_pk: int,
    answer: int | None,
    score: int,
    is_correct: bool,
    theta: Sequence[float],
    standard_error: Sequence[float],
    response_time_ms: int | None,
    answered_at: int,
    response: Mapping[str, object] | None = None,
    overall: Sequence[float] | None = None,
    is_pilot: bool = False,
    is_rapid: bool = False,
) -> bytes:
    """Everything of an answer's row but its idempotency key, which goes when a student is erased.

    `answered_at` in `microseconds`: to parse a time costs more than all the rest. `response` holds texts
    and lists of texts, in whatever order of names: the entry sorts them. `overall`: mean ability and its
    error, where the row has them. A question that is only tried out is marked, and so is an answer that came
    too fast to count; no other.
    """
    values = () if response is None else (sorted(response.items()),)
    return msgspec.msgpack.encode(
        (
            "answer",
            session_id.bytes,
            position,
            question_pk,
            answer,
            score,
            is_correct,
            _floats(theta),
            _floats(standard_error),
            response_time_ms,
            answered_at,
            *values,
            *(() if overall is None else (_floats(overall),)),
            *(("pilot",) if is_pilot else ()),
            *(("rapid",) if is_rapid else ()),
        )
    )


def event_entry(
    session_id: UUID,
    kind: str,
    after_answers: int,
    at: datetime,
    reason: str,
    by_id: int | None,
    facts: Sequence[Fact],
) -> bytes:
    """An event's row, and the facts of the session that it stands for."""
    plain = [fact if fact is None or isinstance(fact, str | int) else _floats(fact) for fact in facts]
    return msgspec.msgpack.encode(
        ("event", session_id.bytes, kind, after_answers, microseconds(at), reason, by_id, plain)
    )


def microseconds(moment: datetime) -> int:
    """Since 1970: PostgreSQL's own precision, so that a time reads back as it was written."""
    return (moment - _EPOCH) // _MICROSECOND


def _floats(numbers: Sequence[float]) -> list[float]:
    """As PostgreSQL gives them back: 0 is not 0.0 in MessagePack."""
    return [float(number) for number in numbers]
