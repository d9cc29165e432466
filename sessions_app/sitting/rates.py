"""Rate limits: what is counted together in a minute, as commands to Redis. `hot_state` sends them.

A student stands in the keys by the primary key, or by a digest, never by the id that a school knows.
"""

import hashlib
import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from redis.client import Pipeline

from sessions_app.sitting.session_state import digest_of

_LIFETIME = 120  # seconds; a counter is of use for one minute of the clock


@dataclass(frozen=True)
class RateLimit:
    """At most `per_minute` requests a minute under `name`."""

    name: str
    per_minute: int


@dataclass(frozen=True)
class SessionRate:
    """A request about a session: its caller's limit, and that of the session's student.

    `client_id` None: the caller holds the session's own token. A client is only counted for the students
    of its own sessions: nobody holds up a test that is not theirs.
    """

    caller: RateLimit
    session_id: UUID
    client_id: int | None


def of_starts(external_id: str) -> RateLimit:
    """The tests that are started for one student."""
    name = f"starts:{digest_of(external_id).hex()}"
    return RateLimit(name, settings.RATE_LIMIT_STUDENT_STARTS_PER_MINUTE)


def count(pipeline: Pipeline, limit: RateLimit) -> None:
    """Adds two replies; the first is how many requests there were in this minute."""
    pipeline.incr(_key(limit.name))
    pipeline.expire(_key(limit.name), _LIFETIME)


# KEYS: the caller's counter, the session's state. ARGV: the caller's limit, the client's id or "", the
# student's limit, the minute, a counter's lifetime. Replies 1 where one of the two is over its limit.
# A state begins with two bytes, the header of an array, the client's id and the student's: `SessionState`.
_COUNT = """
local function is_over(key, limit)
  local seen = redis.call('INCR', key)
  if seen == 1 then redis.call('EXPIRE', key, ARGV[5]) end
  return seen > tonumber(limit)
end
local over = is_over(KEYS[1], ARGV[1])
local state = redis.call('GET', KEYS[2])
if state then
  local header = string.byte(state, 3) == 220 and 3 or 1
  local read, _, client, student = pcall(cmsgpack.unpack_limit, state, 2, 2 + header)
  if read and type(student) == 'number' and (ARGV[2] == '' or client == tonumber(ARGV[2])) then
    local key = 'rate:student:' .. string.format('%.0f', student) .. ':' .. ARGV[4]
    over = is_over(key, ARGV[3]) or over
  end
end
return over and 1 or 0
"""
_COUNT_SHA = hashlib.sha1(_COUNT.encode(), usedforsecurity=False).hexdigest()


def count_in_session(pipeline: Pipeline, rate: SessionRate, state_key: str) -> None:
    """Adds one reply: 1 where the caller or the student is over the limit. Raises where Redis is new."""
    pipeline.evalsha(
        _COUNT_SHA,
        2,
        _key(rate.caller.name),
        state_key,
        rate.caller.per_minute,
        "" if rate.client_id is None else rate.client_id,
        settings.RATE_LIMIT_STUDENT_PER_MINUTE,
        _minute(),
        _LIFETIME,
    )


def load_script(pipeline: Pipeline) -> None:
    """What a Redis that was restarted has to learn first; adds one reply."""
    pipeline.script_load(_COUNT)


def _key(name: str) -> str:
    return f"rate:{name}:{_minute()}"


def _minute() -> int:
    return int(time.time() // 60)
