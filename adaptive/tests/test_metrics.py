"""GET /metrics, and the alarms that stand on it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from adaptive.metrics import REQUEST_SECONDS, REQUESTS, exposition
from adaptive.tasks import record_beat_tick
from sessions_app.administration import cleanup
from sessions_app.conftest import (
    Start,
    answer_questions,
    api,
    browser_of,
    database_down,
    pool,
    start,
    submit,
    take_test,
)
from sessions_app.models import LongJob
from sessions_app.tasks import watch_pools
from sessions_app.tests.factories import right_answer
from testing_engine.models import QuestionPool

__all__ = ["api", "database_down", "pool", "start"]  # fixtures

DOCS = Path(__file__).resolve().parents[2] / "docs"
DASHBOARD = DOCS.parent / "deploy" / "monitoring" / "grafana.json"
ALARMS = (DOCS / "ALARMS.md").read_text()
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DOCS / "alarms.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet() -> None:
    """Tests before may have asked for hundreds of routes, which each look would write and read."""
    REQUESTS.clear()
    REQUEST_SECONDS.clear()


def now() -> dict[str, float]:
    """Every sample, by its name and labels as Prometheus writes them."""
    families = text_string_to_metric_families(exposition().decode())
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


class Changes:
    """How much each metric grew since this was made."""

    def __init__(self) -> None:
        self.before = now()

    def __getitem__(self, name: str) -> float:
        return now().get(name, 0.0) - self.before.get(name, 0.0)


# --- Who may read ---------------------------------------------------------------------------------------


def test_it_is_not_there_without_a_token(client: Client, db: None, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Token s3cret", "Bearer s3cret ü", "s3cret"])
def test_it_refuses_everybody_else(client: Client, db: None, settings: LazySettings, sent: str) -> None:
    settings.METRICS_TOKEN = "s3cret"
    reply = client.get("/metrics", headers={"Authorization": sent} if sent else {})
    assert (reply.status_code, reply.content) == (401, b"")
    assert reply["WWW-Authenticate"] == "Bearer"


def test_it_opens_to_who_has_the_token(client: Client, db: None, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = "s3cret"
    authorization = {"Authorization": "Bearer s3cret"}
    reply = client.get("/metrics", headers=authorization)
    assert reply.status_code == 200
    assert reply["Content-Type"].startswith("text/plain; version=")
    assert b"\nadaptive_active_sessions 0.0\n" in reply.content
    assert client.post("/metrics", headers=authorization).status_code == 405


# --- What is counted ------------------------------------------------------------------------------------


def test_it_counts_requests_by_route_and_never_by_address(api: APIClient) -> None:
    changes = Changes()
    for number in range(3):
        api.get(f"/api/student/nobody-{number}/history")
        api.get(f"/nothing/{number}")
        api.generic(f"METHOD{number}", "/api/pools")
    route = "api/student/<id:student_id>/history"
    assert changes[f"adaptive_requests_total GET {route} 404"] == 3
    assert changes[f"adaptive_request_seconds_count GET {route}"] == 3
    assert changes[f"adaptive_request_seconds_sum GET {route}"] > 0
    assert changes["adaptive_requests_total GET unknown 404"] == 3
    assert changes["adaptive_requests_total other api/pools 405"] == 3
    assert "nobody-1" not in exposition().decode()


def test_it_counts_the_stages_of_a_submission(pool: QuestionPool, start: Start) -> None:
    begun = start()
    changes = Changes()
    answer_questions(browser_of(begun), begun, 3)
    for stage in ("claim", "decide", "record", "settle"):
        assert changes[f"adaptive_submit_stage_seconds_count {stage}"] == 3, stage
        assert changes[f"adaptive_submit_stage_seconds_sum {stage}"] > 0, stage
    assert changes["adaptive_hot_state_reads_total hit"] == 3


def test_it_counts_misses_and_rebuilds(pool: QuestionPool, start: Start) -> None:
    begun = start()
    changes = Changes()
    get_redis_connection("default").flushdb()
    answer_questions(browser_of(begun), begun, 2)
    assert changes["adaptive_hot_state_reads_total miss"] == 1
    assert changes["adaptive_hot_state_reads_total hit"] == 1
    assert changes["adaptive_hot_state_rebuilds_total"] == 1


def test_it_counts_what_becomes_of_sessions(pool: QuestionPool, api: APIClient, start: Start) -> None:
    changes = Changes()
    first, second, third = start("key-one"), start("key-two"), start("key-three")
    start("key-one")
    take_test(browser_of(first), first)
    for _ in range(2):
        api.post(f"/api/test/end/{second['session_id']}")
    assert cleanup.end_inactive(30, now=timezone.now() + timedelta(hours=1)) == 1
    assert changes["adaptive_sessions_total started"] == 3
    assert changes["adaptive_sessions_total completed"] == 1
    assert changes["adaptive_sessions_total ended"] == 1
    assert changes["adaptive_cleanup_expired_sessions_total"] == 1
    assert third["session_id"]


def test_it_counts_conflicts_by_code(pool: QuestionPool, api: APIClient, start: Start) -> None:
    begun = start()
    changes = Changes()
    first = begun["next_question"]["id"]
    answer_questions(api, begun, 1)
    submit(api, begun, first, right_answer(first))
    api.post(f"/api/test/end/{begun['session_id']}")
    unseen = next(f"q{i}" for i in range(40) if f"q{i}" != first)
    assert submit(api, begun, unseen, 0).json()["code"] == "session_not_active"
    assert changes["adaptive_conflicts_total already_submitted"] == 1
    assert changes["adaptive_conflicts_total session_not_active"] == 1


def test_it_tells_how_things_stand(pool: QuestionPool, start: Start, settings: LazySettings) -> None:
    assert "adaptive_beat_tick_age_seconds" not in now()
    assert "adaptive_cleanup_last_run_timestamp_seconds" not in now()
    start()
    start(student_id="s2")
    record_beat_tick()
    began = timezone.now()
    cleanup.end_inactive(now=began)
    settings.BROKER_URL = settings.REDIS_URL
    get_redis_connection("default").lpush("celery", "a", "b")
    for state, ended in (("queued", None), ("failed", began), ("failed", began - timedelta(days=2))):
        LongJob.objects.create(kind="pool", request={}, holds_students=False, state=state, finished_at=ended)
    standing = now()
    assert standing["adaptive_active_sessions"] == 2
    assert 0 <= standing["adaptive_beat_tick_age_seconds"] < 30
    assert standing["adaptive_cleanup_last_run_timestamp_seconds"] == pytest.approx(began.timestamp())
    assert standing["adaptive_queue_length"] == 2
    assert [standing[f"adaptive_long_jobs {state}"] for state in ("queued", "running", "failed")] == [1, 0, 1]
    assert [standing[f"adaptive_part_up {part}"] for part in ("database", "redis", "broker")] == [1, 1, 1]


def test_it_answers_without_redis(
    pool: QuestionPool, api: APIClient, start: Start, settings: LazySettings
) -> None:
    begun = start()
    nowhere = "redis://127.0.0.1:1/0"
    settings.BROKER_URL = nowhere
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nowhere}}
    changes = Changes()
    answer_questions(api, begun, 1)
    standing = now()
    assert changes["adaptive_redis_failures_total"] >= 1
    assert (standing["adaptive_part_up redis"], standing["adaptive_part_up broker"]) == (0, 0)
    assert "adaptive_queue_length" not in standing
    assert standing["adaptive_active_sessions"] == 1


def test_it_answers_without_postgresql(
    db: None, database_down: Callable[[], AbstractContextManager[None]]
) -> None:
    with database_down():
        standing = now()
    assert standing["adaptive_part_up database"] == 0
    assert "adaptive_active_sessions" not in standing


def test_it_sums_over_processes(tmp_path: Path, db: None) -> None:
    count = """
import os, django
django.setup()
from adaptive.metrics import exposition
from sessions_app import metrics
for _ in range(2):  # as gunicorn forks its workers
    if not os.fork():
        metrics.STARTED.inc(3)
        with metrics.CLAIM.time():
            pass
        os._exit(0)
    assert os.wait()[1] == 0
print(exposition().decode())
"""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "adaptive.settings",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }
    told = subprocess.run(
        [sys.executable, "-c", count], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert len(list(tmp_path.glob("counter_*.db"))) >= 2
    assert 'adaptive_sessions_total{event="started"} 6.0' in told
    assert 'adaptive_submit_stage_seconds_count{stage="claim"} 2.0' in told


# --- The alarms -----------------------------------------------------------------------------------------


@pytest.fixture
def known(pool: QuestionPool, start: Start, settings: LazySettings) -> set[str]:
    """Every name that /metrics can tell, once each thing happened."""
    settings.BROKER_URL = settings.REDIS_URL
    record_beat_tick()
    cleanup.end_inactive(now=timezone.now())
    watch_pools()
    start()
    families = list(text_string_to_metric_families(exposition().decode()))
    names = {family.name for family in families} | {s.name for family in families for s in family.samples}
    names |= {f"{family.name}_total" for family in families if family.type == "counter"}
    names |= {
        f"{f.name}_{end}" for f in families if f.type == "histogram" for end in ("bucket", "count", "sum")
    }
    return {name for name in names if name.startswith("adaptive_")}


def test_it_alarms_only_on_metrics_that_exist(known: set[str]) -> None:
    for rule in RULES:
        promql_parser.parse(rule["expr"])
        named = set(re.findall(r"\b(?:adaptive_\w+|up(?=\{))", rule["expr"]))
        assert named, rule["alert"]
        assert named <= known | {"up"}, rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_the_dashboard_shows_only_metrics_that_exist(known: set[str]) -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    for expression in asked:
        promql_parser.parse(expression.replace("$__rate_interval", "5m"))
        named = set(re.findall(r"\badaptive_\w+", expression))
        assert named, expression
        assert named <= known, expression
    ends = r"_(bucket|count|sum|total)$"
    shown = {re.sub(ends, "", name) for text in asked for name in re.findall(r"\badaptive_\w+", text)}
    assert {re.sub(ends, "", name) for name in known if not name.endswith("_created")} == shown


def test_it_says_of_every_alarm_what_to_do() -> None:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", ALARMS, re.MULTILINE | re.DOTALL))
    assert [rule["alert"] for rule in RULES] == list(sections)
    assert all("**Do**" in text for text in sections.values())


def test_it_explains_every_metric(known: set[str]) -> None:
    explained = set(re.findall(r"^\| `(adaptive_\w+)` \|", ALARMS, re.MULTILINE))
    assert explained <= known
    suffixes = r"_(bucket|count|sum|created)$"
    assert {re.sub(suffixes, "", name) for name in known if not name.endswith("_created")} - explained <= {
        name.removesuffix("_total") for name in explained
    }
