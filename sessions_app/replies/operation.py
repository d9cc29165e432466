"""Replies to operators, and to whoever erases a student."""

from typing import Literal

from sessions_app.administration.privacy import Holdings
from sessions_app.replies.values import Reply


class CleanedUp(Reply, frozen=True):
    message: str
    sessions_removed: int
    inactivity_threshold_minutes: int


class RedisCounts(Reply, frozen=True):
    active_sessions: int
    active_locks: int
    cached_questions: int
    memory_used_mb: float
    total_keys: int


class RedisStatistics(Reply, frozen=True):
    redis_stats: RedisCounts
    architecture: str


class Erased(Reply, frozen=True):
    status: Literal["erased"]
    sessions_ended: int
    sessions_kept: int
    answers_kept: int
    proficiencies_deleted: int


def cleaned_up(ended: int, minutes: int) -> CleanedUp:
    """So many sessions were ended that had been inactive for so many minutes."""
    return CleanedUp(
        message=f"Ended {ended} inactive session{'' if ended == 1 else 's'}.",
        sessions_removed=ended,
        inactivity_threshold_minutes=minutes,
    )


def redis_statistics(counts: dict[str, int | float]) -> RedisStatistics:
    """`counts` as `hot_state.statistics` gives them."""
    return RedisStatistics(redis_stats=RedisCounts(**counts), architecture="minimal_hot_data")  # type: ignore[arg-type]


def erased(held: Holdings) -> Erased:
    return Erased(
        status="erased",
        sessions_ended=held.running,
        sessions_kept=held.sessions,
        answers_kept=held.answers,
        proficiencies_deleted=held.proficiencies,
    )
