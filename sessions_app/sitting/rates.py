"""Rate limits: what is counted together in a minute, and under which key of Redis. `hot_state` sends it.

A student stands in the keys by the primary key, or by a digest, never by the id that a school knows.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from organisations.acting import acting_organisation
from sessions_app.sitting import scripts
from sessions_app.sitting.round_trips import Command
from sessions_app.sitting.session_state import digest_of

_LIFETIME = 120  # seconds; a counter is of use for one minute of the clock


@dataclass(frozen=True)
class RateLimit:
    """At most `per_minute` requests a minute under `name`."""

    name: str
    per_minute: int

    @property
    def key(self) -> str:
        """In braces, as the keys of a session have its id: one word for each place of a cluster."""
        return f"rate:{{{self.name}}}"


@dataclass(frozen=True)
class SessionRate:
    """A request about a session, and who sends it: an API client, or who holds a token of this generation."""

    session_id: UUID
    client_id: int | None = None
    generation: int = 0


@dataclass(frozen=True)
class Owners:
    """Whose a session is, as this process has seen it."""

    client_id: int | None
    student_id: int


def of_client(client_id: int) -> RateLimit:
    """The requests of one API client."""
    return RateLimit(f"c{client_id}", settings.RATE_LIMIT_CLIENT_PER_MINUTE)


def of_starts(external_id: str) -> RateLimit:
    """The tests that are started for one student of the acting organisation."""
    name = f"starts:{acting_organisation() or 0}:{digest_of(external_id).hex()}"
    return RateLimit(name, settings.RATE_LIMIT_STUDENT_STARTS_PER_MINUTE)


def of_student(student_id: int) -> RateLimit:
    """The requests about all sessions of one student."""
    return RateLimit(f"s{student_id}", settings.RATE_LIMIT_STUDENT_PER_MINUTE)


def count(limit: RateLimit) -> Command:
    """Replies 1 where that is too many in this minute."""
    return scripts.COUNT([limit.key], _minute(), limit.per_minute, _LIFETIME)


def count_outside(rate: SessionRate, owners: Owners | None) -> list[Command]:
    """What a request about a session counts for besides the session.

    A client is only counted for the students of its own sessions: nobody holds up a test that is not theirs.
    Whose a session is, a process knows from the second time on that it sees the session.
    """
    commands = []
    if rate.client_id is not None:
        commands.append(count(of_client(rate.client_id)))
    if owners is not None and rate.client_id in (None, owners.client_id):
        commands.append(count(of_student(owners.student_id)))
    return commands


def count_in_session(rate: SessionRate, state_key: str) -> list[Command]:
    """What a token of the session counts for in the session; of an API client nothing."""
    if rate.client_id is not None:
        return []
    return [scripts.COUNT_IN_SESSION([state_key, counter_key(rate)], *in_session(rate))]


def counter_key(rate: SessionRate) -> str:
    """Where a token counts that does not count in the state: each generation for itself."""
    return f"rate:{{{rate.session_id}}}:{rate.generation}"


def in_session(rate: SessionRate | None) -> tuple[int, int | str, int, int]:
    """Minute, limit, lifetime and generation, as scripts take them; the limit is "" where nothing counts."""
    if rate is None or rate.client_id is not None:
        return _minute(), "", _LIFETIME, 0
    return _minute(), settings.RATE_LIMIT_SESSION_PER_MINUTE, _LIFETIME, rate.generation & 0xFF


def _minute() -> int:
    return int(time.time() // 60)
