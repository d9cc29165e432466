"""GET /health: can the service serve, and what is missing.

PostgreSQL gone, read-only, or without room on its disk means down (503). Redis or the beat gone means
degraded (200): tests go on, only slower, and abandoned sessions wait for the beat.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sessions_app.outages import disk_was_full, forget_full_disk, leave_read_only_server, note_outage
from sessions_app.sitting import hot_state

READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
# Takes some blocks where tables lie, and gives them back.
TAKE_ROOM = """
CREATE TEMPORARY TABLE room_on_disk ON COMMIT DROP AS
  SELECT repeat(md5(n::text), 30) AS filling FROM generate_series(1, 1000) AS n
"""
BEAT_TICK_KEY = "beat:last_tick"


def record_beat_tick(now: datetime) -> None:
    """Called by the worker whenever the beat ticked: shows that broker, beat and worker all run."""
    cache.set(BEAT_TICK_KEY, now.timestamp(), timeout=None)


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    database, redis = database_part(), redis_part()
    beat = (
        beat_part(timezone.now())
        if redis["status"] == "up"
        else {"status": "unknown", "last_tick_age_seconds": None}
    )
    if database["status"] != "up":
        status = "down"
    elif redis["status"] == "down" or beat["status"] != "up":
        status = "degraded"
    else:
        status = "ok"
    parts = {"status": status, "database": database, "redis": redis, "beat": beat}
    return JsonResponse(parts, status=503 if status == "down" else 200)


def database_part() -> dict[str, Any]:
    """Whether PostgreSQL answers, and takes changes: a standby does not, nor one that was told not to."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(READ_ONLY)
            (is_read_only,) = cursor.fetchone()
    except DatabaseError:
        return {"status": "down"}
    if is_read_only:
        leave_read_only_server()
        return {"status": "read_only"}
    return {"status": "up"} if not disk_was_full() or _has_room() else {"status": "disk_full"}


def _has_room() -> bool:
    """Tries to write, and only where a write failed: to ask whenever somebody looks would cost too much."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TAKE_ROOM)
            cursor.execute("DROP TABLE room_on_disk")
    except DatabaseError as error:
        note_outage(error)
        return False
    forget_full_disk()
    return True


def redis_part() -> dict[str, Any]:
    """Whether Redis answers."""
    return {"status": "up" if hot_state.is_up() else "down"}


def beat_part(now: datetime) -> dict[str, Any]:
    """How old the beat's last tick is, in seconds."""
    last_tick = cache.get(BEAT_TICK_KEY)
    if last_tick is None:
        return {"status": "unknown", "last_tick_age_seconds": None}
    age = round(now.timestamp() - last_tick, 1)
    return {"status": "up" if age <= settings.BEAT_TICK_LATE_AFTER else "late", "last_tick_age_seconds": age}
