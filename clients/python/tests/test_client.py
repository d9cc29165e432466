"""The client takes whole tests from the running service, over a network that fails on purpose."""

from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

import clients.python.adaptive_testing_client as client_package
from clients.python.adaptive_testing_client import AdaptiveTesting, Problem
from sessions_app.models import TestResponse, TestSession
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool

FIVE = {"type": "fixed_length", "max_questions": 5}


class Losing(httpx.BaseTransport):
    """Every second reply is lost after the service gave it; every fifth request meets a proxy's 502."""

    def __init__(self) -> None:
        self.inner, self.count = httpx.HTTPTransport(), 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        if self.count % 5 == 0:
            return httpx.Response(502, text="<html>Bad Gateway</html>")
        reply = self.inner.handle_request(request)
        reply.read()
        if self.count % 2 == 0:
            raise httpx.ReadError("lost", request=request)
        return reply

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def pool(transactional_db: None) -> QuestionPool:
    return make_pool()


@pytest.fixture
def service(
    live_server: LiveServer, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AdaptiveTesting]:
    monkeypatch.setattr(client_package, "FIRST_WAIT", 0.01)
    with AdaptiveTesting(live_server.url, make_token(), transport=Losing()) as service:
        yield service


def test_a_whole_test_over_a_network_that_loses_replies(service: AdaptiveTesting) -> None:
    test = service.start("ada", end_criteria=FIVE)
    asked: list[str] = []

    def answer(question: dict[str, object]) -> int:
        asked.append(str(question["id"]))
        return 0

    result = test.take(answer)
    assert result["status"] == "completed"
    assert len(asked) == len(set(asked)) == TestResponse.objects.count() == 5
    assert TestSession.objects.count() == 1
    assert test.is_over


def test_a_test_goes_on_and_ends_early(service: AdaptiveTesting) -> None:
    begun = service.start("ada", end_criteria=FIVE)
    begun.submit(1, response_time_ms=900)
    again = service.resume(begun.session_id)
    assert again.question == begun.question
    assert again.end()["status"] == "ended"
    assert service.get("/api/v1/sessions", student_id="ada")["count"] == 1
    with pytest.raises(ValueError, match="over"):
        again.submit(0)


def test_a_paused_test_is_not_over(service: AdaptiveTesting, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = service.start("ada", rules={"max_questions": 2, "pauses": {"times": 1, "minutes": 10}})
    begun.pause()
    read = service.resume(begun.session_id)
    for test in (begun, read):
        assert (test.is_over, test.is_paused, test.question) == (False, True, None)
        with pytest.raises(ValueError, match="paused"):
            test.submit(0)
    monkeypatch.setattr(client_package, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(read, "status", lambda: read.go_on())  # somebody does, while it waits
    assert read.take(lambda question: 0)["total_questions"] == 2
    assert (read.is_over, read.is_paused) == (True, False)


def test_what_is_refused_says_which_field(service: AdaptiveTesting) -> None:
    with pytest.raises(Problem) as refused:
        service.start("ada", end_criteria={"type": "fixed_length", "max_questions": 0})
    assert (refused.value.status, refused.value.code) == (400, "invalid")
    assert refused.value.errors[0]["pointer"] == "/end_criteria/max_questions"
    assert "/end_criteria/max_questions" in str(refused.value)


def test_a_class_is_given_a_test_and_has_it_no_more(service: AdaptiveTesting, pool: QuestionPool) -> None:
    made = service.post("/api/v1/tests", {"title": "Algebra", "question_pool_id": str(pool.pk)})
    assert service.patch(f"/api/v1/tests/{made['name']}", {"title": "Geometry"})["title"] == "Geometry"
    school_class = service.post("/api/v1/classes", {"name": "9b"})
    address = f"/api/v1/classes/{school_class['class_id']}/tests/{made['name']}"
    assert service.put(address)["code"] == service.get(address)["code"]
    with suppress(Problem):  # not found, where the first reply was lost
        service.delete(address)
    assert service.get(f"/api/v1/classes/{school_class['class_id']}/tests")["count"] == 0


def test_patience_ends() -> None:
    busy = httpx.MockTransport(lambda request: httpx.Response(503, headers={"Retry-After": "120"}, json={}))
    with (
        AdaptiveTesting("http://service", "token", transport=busy) as service,
        pytest.raises(Problem) as told,
    ):
        service.get("/api/v1/pools")
    assert told.value.status == 503
