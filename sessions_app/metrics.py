"""What the service counts about tests, by name. docs/ALARMS.md says what each means.

Counters of this process; `/metrics` sums those of all web processes. A worker's are seen by nobody: what it
does is noted in Redis instead (`hot_state.note_cleanup`).
"""

from prometheus_client import Counter, Histogram

_STAGES = Histogram(
    "adaptive_submit_stage_seconds",
    "Time that a stage of a submission took.",
    ["stage"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
# `with CLAIM.time(): …`
CLAIM = _STAGES.labels("claim")
DECIDE = _STAGES.labels("decide")
RECORD = _STAGES.labels("record")
SETTLE = _STAGES.labels("settle")

_READS = Counter("adaptive_hot_state_reads_total", "Looks for a session's state in Redis.", ["outcome"])
HITS = _READS.labels("hit")
MISSES = _READS.labels("miss")
REBUILDS = Counter("adaptive_hot_state_rebuilds_total", "States made anew from PostgreSQL.")
REDIS_FAILURES = Counter(
    "adaptive_redis_failures_total", "Times that Redis failed and was left alone for a while."
)

_SESSIONS = Counter("adaptive_sessions_total", "What became of sessions, the expired aside.", ["event"])
STARTED = _SESSIONS.labels("started")
COMPLETED = _SESSIONS.labels("completed")
ENDED = _SESSIONS.labels("ended")


def hit_or_miss(is_hit: bool) -> None:
    """Count a look for a session's state that Redis answered."""
    (HITS if is_hit else MISSES).inc()
