"""What Redis runs in one piece. `hot_state` sends it.

Every script names its keys, and those of one call share a hash tag, the session's id, or are one: so a Redis
Cluster, which keeps what has one tag in one place, takes them as they are.
"""

import hashlib
from collections.abc import Sequence

from sessions_app.sitting.round_trips import Command


class Script:
    """A script by its digest, as a Redis that has learnt it is asked to run it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], *arguments: str | bytes | int) -> Command:
        """The command that runs it. A Redis that is new replies with `NoScriptError`."""
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)


# A count is a minute, modulo 2^16, and how many there were in it. The minute is the caller's: of two machines
# whose clocks have not yet both turned, the later minute goes on; of clocks further apart each begins anew.
_COUNTING = """
local function counted(form, kept, minute, most)
  local at, seen = minute % 65536, 0
  if kept then
    local before, count = struct.unpack(form, kept)
    if (before - at) % 65536 <= 1 then at, seen = before, count end
  end
  return struct.pack(form, at, math.min(seen + 1, most)), seen + 1
end
local function is_over_by_key(key, minute, limit, lifetime)
  local kept, seen = counted('>HI', redis.call('GET', key), minute, 4294967295)
  redis.call('SET', key, kept, 'EX', lifetime)
  return seen > tonumber(limit)
end
"""
# A session's token counts in four bytes of the session's own state, while there is one: a key of its own
# would take half as much again. Of another generation, and without a state, it counts by a key.
_COUNTING_IN_STATE = (
    _COUNTING
    + """
local function is_over_in_state(state, key, other, minute, limit, lifetime, generation)
  if not state or string.byte(state, 7) ~= tonumber(generation) then
    return is_over_by_key(other, minute, limit, lifetime)
  end
  local kept, seen = counted('>HH', string.sub(state, 3, 6), minute, 65535)
  redis.call('SETRANGE', key, 2, kept)
  return seen > tonumber(limit)
end
"""
)

# KEYS: a counter. ARGV: minute, limit, the counter's lifetime. Replies 1 where it is over the limit.
COUNT = Script(_COUNTING + "return is_over_by_key(KEYS[1], ARGV[1], ARGV[2], ARGV[3]) and 1 or 0")

# KEYS: state, a counter. ARGV: minute, limit, the counter's lifetime, the token's generation. As COUNT.
COUNT_IN_SESSION = Script(
    _COUNTING_IN_STATE
    + """
local state = redis.call('GET', KEYS[1])
return is_over_in_state(state, KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4]) and 1 or 0
"""
)

# KEYS: state, lock, a counter. ARGV: lock token, the lock's lifetime, and as COUNT_IN_SESSION; a limit of ""
# counts nothing. Replies: 1 where the caller is over the limit; whose the lock is; the state.
CLAIM = Script(
    _COUNTING_IN_STATE
    + """
local state = redis.call('GET', KEYS[1])
if ARGV[4] ~= ''
  and is_over_in_state(state, KEYS[1], KEYS[3], ARGV[3], ARGV[4], ARGV[5], ARGV[6]) then
  return {1, false, state}
end
redis.call('SET', KEYS[2], ARGV[1], 'NX', 'EX', ARGV[2])
return {0, redis.call('GET', KEYS[2]), state}
"""
)

# KEYS: state, lock, and of a session that is over where its last state is remembered. ARGV: lock token, state
# ("" deletes, "=" keeps), TTL; the last state and its TTL.
# A state only replaces a state, and never a newer one: so a reply that comes late cannot bring back what
# `end` has deleted, nor undo what came after it. What was counted in the old one counts on.
SETTLE = Script(
    """
local function answered(state) return string.byte(state, 1) * 256 + string.byte(state, 2) end
local new = ARGV[2]
if new == '' then
  redis.call('DEL', KEYS[1])
  if KEYS[3] then redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[5]) end
elseif new ~= '=' then
  local old = redis.call('GET', KEYS[1])
  if old and answered(old) <= answered(new) then
    if string.byte(old, 7) == string.byte(new, 7) then
      new = string.sub(new, 1, 2) .. string.sub(old, 3, 6) .. string.sub(new, 7)
    end
    redis.call('SET', KEYS[1], new, 'EX', ARGV[3])
  end
end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
"""
)

ALL = (COUNT, COUNT_IN_SESSION, CLAIM, SETTLE)
