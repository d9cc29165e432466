"""GET /metrics, for Prometheus, which holds METRICS_TOKEN. docs/ALARMS.md says what each metric means."""

import hmac
import os
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, Max, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from adaptive import health
from adaptive.redis_servers import client_of, is_redis
from organisations.acting import for_all
from sessions_app import replica
from sessions_app.measurement.watches.standing import open_alarms
from sessions_app.models import LostAnswers, TestSession
from sessions_app.sitting import hot_state
from sessions_app.waiting import queue
from testing_engine.monitoring import ALARMS

REQUESTS = Counter("adaptive_requests_total", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "adaptive_request_seconds",
    "Time from the request's arrival in Django to its reply.",
    ["route", "method"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CONFLICTS = Counter("adaptive_conflicts_total", "Requests refused with 409.", ["code"])


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Nothing is here where no token is set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    sent = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(sent, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    with for_all():
        counted = exposition()
    return HttpResponse(counted, content_type=CONTENT_TYPE_LATEST)


def exposition() -> bytes:
    """Every metric in Prometheus' text format: what all web processes counted, and how things stand now."""
    now = CollectorRegistry()
    now.register(Standing())
    return generate_latest(_counted()) + generate_latest(now)


def _counted() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # one process, as `runserver` is
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class Standing(Collector):
    """What is looked up when Prometheus asks, the same whichever web process answers."""

    def collect(self) -> Iterator[Metric]:
        """What cannot be known, because its part does not answer, is left out."""
        parts = GaugeMetricFamily("adaptive_part_up", "1: it answers. 0: it does not.", labels=["part"])
        active = _active_sessions()
        parts.add_metric(["database"], health.database_part()["status"] == "up")
        redis_is_up = health.redis_part()["status"] == "up"
        parts.add_metric(["redis"], redis_is_up)
        queued = _queue_length()
        parts.add_metric(["broker"], queued is not None)
        if replica.is_set():
            parts.add_metric(["replica"], replica.standing().why is None)
        yield parts
        if active is not None:
            yield GaugeMetricFamily("adaptive_active_sessions", "Sessions that run.", value=active)
        if queued is not None:
            yield GaugeMetricFamily("adaptive_queue_length", "Tasks that wait for a worker.", value=queued)
        yield from _watched_pools()
        yield from _lost_answers()
        yield from _long_jobs()
        if redis_is_up:
            yield from _background()


def _background() -> Iterator[Metric]:
    """Signs of life of the beat, the cleanup and the watch; none where there was none since Redis was
    emptied.
    """
    age = health.beat_part(timezone.now())["last_tick_age_seconds"]
    if age is not None:
        yield GaugeMetricFamily("adaptive_beat_tick_age_seconds", "Age of the beat's last tick.", value=age)
    last = hot_state.last_cleanup()
    if last is not None:
        at, expired = last
        name = "adaptive_cleanup_last_run_timestamp_seconds"
        yield GaugeMetricFamily(name, "When the cleanup last came to its end.", value=at)
        name = "adaptive_cleanup_expired_sessions_total"
        yield CounterMetricFamily(name, "Sessions that a cleanup ended.", value=expired)

    watched = hot_state.last_watch()
    if watched is not None:
        at, waiting = watched
        name = "adaptive_watch_last_run_timestamp_seconds"
        yield GaugeMetricFamily(name, "When somebody last looked which pools wait to be watched.", value=at)
        name = "adaptive_watch_pools_waiting"
        yield GaugeMetricFamily(name, "Pools that waited then for that night's look.", value=waiting)


def _watched_pools() -> Iterator[Metric]:
    try:
        counts = open_alarms()
    except DatabaseError:
        return
    alarms = GaugeMetricFamily("adaptive_watch_alarms", "Alarms of pools' newest nights.", labels=["kind"])
    for kind in ALARMS:
        alarms.add_metric([kind], counts[kind])
    yield alarms


def _lost_answers() -> Iterator[Metric]:
    """From the rows, so that no restart forgets them."""
    try:
        told = LostAnswers.objects.aggregate(lost=Sum(F("accepted") - F("stored")), at=Max("noticed_at"))
    except DatabaseError:
        return
    yield GaugeMetricFamily(
        "adaptive_lost_answers", "Accepted answers that PostgreSQL no longer has.", value=told["lost"] or 0
    )
    name = "adaptive_lost_answers_last_timestamp_seconds"
    noticed_at = told["at"].timestamp() if told["at"] else 0
    yield GaugeMetricFamily(name, "When such answers were last noticed; 0: none ever were.", value=noticed_at)


def _long_jobs() -> Iterator[Metric]:
    try:
        counts = queue.counts(timezone.now())
    except DatabaseError:
        return
    found = GaugeMetricFamily("adaptive_long_jobs", "Files that a worker shall make.", labels=["state"])
    for state, count in counts.items():
        found.add_metric([state], count)
    yield found


def _active_sessions() -> int | None:
    """The partial index `sessions_active_by_mark` holds these alone."""
    try:
        return TestSession.objects.filter(status=TestSession.Status.ACTIVE).count()
    except DatabaseError:
        return None


def _queue_length() -> int | None:
    """Of a queue in Redis; None, too, where it is of another kind."""
    if not is_redis(settings.BROKER_URL):
        return None
    try:
        return int(client_of(settings.BROKER_URL, settings.REDIS_TIMEOUT).llen("celery"))
    except RedisError:
        return None
