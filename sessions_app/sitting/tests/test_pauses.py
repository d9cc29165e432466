"""A pause stops the clock, once, however often it is asked for; no time of an answer holds it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, invitations, supervision
from sessions_app.administration.live import live_of
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import answer_questions, browser_of, client_with, submit
from sessions_app.measurement.thresholds import recorded_times
from sessions_app.models import Invitation, NamedTest, SessionEvent, TestResponse, TestSession
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting.session_state import SessionState
from sessions_app.sitting.times import PausesLeft
from sessions_app.tests.factories import last_active, make_named_test, make_token
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
RULES = {"max_questions": 5, "pauses": {"times": 2, "minutes": 10}, "effort": {"seconds": 5}}


@pytest.fixture
def shared(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's clock goes by the test's."""
    monkeypatch.setattr("sessions_app.sitting.pausing.shared_clock", timezone.now)
    monkeypatch.setattr("sessions_app.administration.supervision.shared_clock", timezone.now)


@pytest.fixture
def test(pool: QuestionPool) -> NamedTest:
    return make_named_test(pool, time_limit_minutes=20, rules=RULES)


@pytest.fixture
def started(api: APIClient, test: NamedTest, shared: None) -> dict[str, Any]:
    """A test of 20 minutes, started at 10:00."""
    reply: dict[str, Any] = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    return reply


def say(started: dict[str, Any], what: str, key: str | None = None, client: APIClient | None = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    client = client or browser_of(started)
    return client.post(f"/api/v1/test/{started['session_id']}/{what}", {}, headers=headers)


def status(started: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = browser_of(started).get(f"/api/test/status/{started['session_id']}").json()
    return reply


def until(reply: dict[str, Any]) -> str:
    return str(reply["deadline"][11:19])


def kinds() -> list[str]:
    return list(SessionEvent.objects.order_by("pk").values_list("kind", flat=True))


def assert_whole() -> None:
    """As verify_audit and a replay see it."""
    assert verify().breaks == []
    assert replay(TestSession.objects.get().pk).is_identical


def test_its_clock_stands_still_and_no_answer_is_taken(
    api: APIClient, started: dict[str, Any], clock: Any
) -> None:
    assert (status(started)["pauses"]["times"], status(started)["pauses"]["minutes"]) == (2, 10)
    clock.shift(4 * MINUTE)
    paused = say(started, "pause", "k1").json()
    assert (paused["next_question"], paused["is_active"], until(paused)) == (None, True, "10:20:00")
    assert paused["paused"] == {"since": "2026-11-22T10:04:00Z", "until": "2026-11-22T10:14:00Z"}
    clock.shift(3 * MINUTE)
    for again in (say(started, "pause", "k1"), say(started, "pause"), say(started, "pause", client=api)):
        assert (again.status_code, again.json()["paused"]) == (200, paused["paused"])
    refused = submit(browser_of(started), started, started["next_question"]["id"], 0)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_paused")
    assert status(started)["next_question"] is None
    assert_whole()
    gone_on = say(started, "continue", "k2").json()
    assert (gone_on["paused"], until(gone_on)) == (None, "10:23:00")
    assert gone_on["next_question"]["id"] == started["next_question"]["id"]
    clock.shift(MINUTE)
    late = [say(started, *of).json() for of in (("pause", "k1"), ("continue", "k2"), ("continue",))]
    assert [(until(reply), reply["paused"]) for reply in late] == [("10:23:00", None)] * 3
    assert kinds() == ["started", "paused", "continued"]
    reused = say(started, "continue", "k1")
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
    answer_questions(browser_of(started), started, 5)
    assert_whole()


def test_it_ends_by_itself_and_the_test_is_not_abandoned_meanwhile(
    started: dict[str, Any], clock: Any
) -> None:
    clock.shift(MINUTE)
    say(started, "pause")
    last_active(timezone.now())
    clock.shift(9 * MINUTE)
    assert cleanup.end_inactive(5, now=timezone.now()) == 0
    assert status(started)["paused"]
    clock.shift(2 * MINUTE)
    assert until(status(started)) == "10:30:00"  # whoever looks writes down that it went on at 10:11
    session = TestSession.objects.get()
    assert (session.paused_at, session.last_activity.minute) == (None, 11)
    ended = session.events.get(kind="continued")
    assert (ended.at.minute, ended.by_id) == (11, None)
    clock.shift(4 * MINUTE)
    assert cleanup.end_inactive(5, now=timezone.now()) == 1  # nobody went on
    assert_whole()


def test_the_sweep_ends_pauses_that_have_lasted_long_enough(started: dict[str, Any], clock: Any) -> None:
    say(started, "pause")
    clock.shift(25 * MINUTE)
    assert cleanup.end_inactive(30, now=timezone.now()) == 0
    assert kinds() == ["started", "paused", "continued"]
    assert until(status(started)) == "10:30:00"
    clock.shift(6 * MINUTE)
    assert cleanup.end_inactive(30, now=timezone.now()) == 1
    assert TestSession.objects.get().end_reason == "time limit"
    assert_whole()


def test_an_answer_ends_a_pause_that_is_over(started: dict[str, Any], clock: Any) -> None:
    say(started, "pause")
    clock.shift(15 * MINUTE)
    answered = answer_questions(browser_of(started), started, 1)
    assert until(answered) == "10:30:00"
    assert_whole()


def test_so_often_and_so_long_in_all(started: dict[str, Any], clock: Any) -> None:
    say(started, "pause")
    clock.shift(4 * MINUTE)
    say(started, "continue")
    second = say(started, "pause").json()["paused"]
    assert second == {"since": "2026-11-22T10:04:00Z", "until": "2026-11-22T10:10:00Z"}
    clock.shift(MINUTE)
    say(started, "continue")
    third = say(started, "pause")
    assert (third.status_code, third.json()["code"]) == (409, "no_pause_left")
    assert kinds().count("paused") == 2


def test_a_supervisor_stops_it_beside_what_its_student_may(started: dict[str, Any], clock: Any) -> None:
    someone = User.objects.create_user("teacher")
    ids = [TestSession.objects.get().pk]
    for _ in range(3):
        supervision.one(supervision.pause(ids, Supervisor(someone.pk)))
        clock.shift(5 * MINUTE)
        supervision.one(supervision.extend(ids, 1, Supervisor(someone.pk), now=timezone.now()))
        assert status(started)["next_question"] is None
        supervision.one(supervision.go_on(ids, Supervisor(someone.pk)))
    assert until(status(started)) == "10:38:00"  # 3 pauses of 5 minutes, 3 minutes more
    assert say(started, "pause").status_code == 200
    assert_whole()


def test_no_pause_moves_the_end_beyond_the_closing(
    started: dict[str, Any], test: NamedTest, clock: Any
) -> None:
    NamedTest.objects.update(closes_at=timezone.now() + 24 * MINUTE)
    clock.shift(18 * MINUTE)
    assert say(started, "pause").json()["paused"]["until"] == "2026-11-22T10:24:00Z"
    clock.shift(5 * MINUTE)
    assert until(say(started, "continue").json()) == "10:24:00"
    assert_whole()


@pytest.mark.parametrize("state", ["hot", "flushed"])
def test_no_time_of_an_answer_holds_a_pause(started: dict[str, Any], clock: Any, state: str) -> None:
    """Answers after 2 seconds are too fast, with a pause of a minute before them as well."""
    question = started["next_question"]
    for seconds in (2, 7):
        clock.shift(SECOND)
        say(started, "pause")
        clock.shift(MINUTE)
        say(started, "continue")
        if state == "flushed":
            get_redis_connection("default").flushdb()
        clock.shift((seconds - 1) * SECOND)
        question = answer_questions(browser_of(started), started, 1, question=question)["next_question"]
    rapid = list(TestResponse.objects.order_by("position").values_list("is_rapid", flat=True))
    assert rapid == [True, False]
    session = TestSession.objects.get()
    times = recorded_times(load_revision(session.revision_id))
    assert sorted(times.seconds.tolist()) == pytest.approx([2, 7])
    assert_whole()


def test_a_paused_test_has_no_hot_state_and_one_that_goes_on_a_small_one(started: dict[str, Any]) -> None:
    redis, key = get_redis_connection("default"), f"session:{{{started['session_id']}}}:state"
    say(started, "pause")
    status(started)
    assert redis.get(key) is None
    say(started, "continue")
    assert len(redis.get(key)) < 200
    assert SessionState.unpack(redis.get(key)) is not None


def test_a_state_that_comes_back_from_before_takes_no_answer(started: dict[str, Any]) -> None:
    redis, key = get_redis_connection("default"), f"session:{{{started['session_id']}}}:state"
    before = redis.get(key)
    say(started, "pause")
    redis.set(key, before)
    assert status(started)["paused"]
    redis.set(key, before)
    refused = submit(browser_of(started), started, started["next_question"]["id"], 0)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_paused")
    assert not TestResponse.objects.exists()


def test_where_it_is_not_allowed(api: APIClient, pool: QuestionPool, shared: None, clock: Any) -> None:
    make_named_test(pool, time_limit_minutes=20)
    plain = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    refused = say(plain, "pause")
    assert (refused.status_code, refused.json()["code"]) == (409, "pauses_not_allowed")
    assert (status(plain)["pauses"], say(plain, "continue").status_code) == (None, 200)
    make_named_test(pool, "read-first", time_limit_minutes=20, rules=RULES, introduction="Read.")
    waits = api.post("/api/test/start", {"student_id": "s2", "test": "read-first"}).json()
    assert say(waits, "pause").json()["code"] == "pauses_not_allowed"
    answer_questions(browser_of(waits), waits, 1)
    clock.shift(21 * MINUTE)
    assert say(waits, "pause").json()["code"] == "session_not_active"  # time is up
    session = TestSession.objects.get(pk=waits["session_id"])
    assert (session.status, session.end_reason) == ("ended", "time limit")
    assert say(waits, "continue").json()["code"] == "session_not_active"
    assert not SessionEvent.objects.filter(kind="paused").exists()


def test_only_who_may_answer_it_may_pause_it(api: APIClient, started: dict[str, Any]) -> None:
    other = api.post("/api/test/start", {"student_id": "s2", "test": "algebra"}).json()
    assert say(started, "pause", client=browser_of(other)).status_code == 404
    assert say(started, "pause", client=client_with(None)).status_code == 401
    assert say(started, "continue", client=browser_of(other)).status_code == 404


def test_ending_a_paused_test_ends_the_pause(started: dict[str, Any], clock: Any) -> None:
    answer_questions(browser_of(started), started, 1)
    clock.shift(19 * MINUTE)
    say(started, "pause")
    clock.shift(9 * MINUTE)
    ended = browser_of(started).post(f"/api/test/end/{started['session_id']}", {}).json()
    assert ended["test_summary"]["end_reason"] == "ended by request"  # not for want of time
    assert TestSession.objects.get().paused_at is None
    assert_whole()


def left(reply: dict[str, Any]) -> tuple[int, int]:
    return reply["pauses"]["times_left"], reply["pauses"]["seconds_left"]


def test_what_is_left_is_told_to_the_student_and_in_the_live_view(
    started: dict[str, Any], test: NamedTest, clock: Any
) -> None:
    assert left(status(started)) == (2, 600)
    assert left(say(started, "pause").json()) == (1, 600)
    clock.shift(4 * MINUTE)
    assert left(status(started)) == (1, 600)
    assert left(say(started, "continue").json()) == (1, 360)
    get_redis_connection("default").flushdb()
    assert left(status(started)) == left(status(started)) == (1, 360)  # from the rows, then from the state
    supervision.pause([TestSession.objects.get().pk], Supervisor())
    (row,) = live_of(test.pk, now=timezone.now()).rows
    assert row.pauses_left == PausesLeft(1, 6 * MINUTE)
    assert row.paused_until == timezone.now() + 10 * MINUTE
    browser_of(started).post(f"/api/test/end/{started['session_id']}", {})
    assert status(started)["pauses"] == {"times": 2, "minutes": 10, "times_left": None, "seconds_left": None}


def test_who_asks_says_whose_pause_it_is(api: APIClient, started: dict[str, Any], clock: Any) -> None:
    """An account alone does not: an API client has none here, whoever it speaks for."""
    address = f"/api/v1/test/{started['session_id']}/pause"
    refused = [client.post(address, {"by": "supervisor"}) for client in (browser_of(started), delivering())]
    assert [reply.status_code for reply in refused] == [403, 403]
    assert api.post(address, {"by": "nobody"}).json()["errors"][0]["pointer"] == "/by"
    assert kinds() == ["started"]
    for _ in range(3):
        assert left(api.post(address, {"by": "supervisor"}).json()) == (2, 600)
        clock.shift(2 * MINUTE)
        say(started, "continue")
    supervision.one(supervision.pause([TestSession.objects.get().pk], Supervisor()))
    clock.shift(2 * MINUTE)
    assert left(say(started, "continue").json()) == (2, 600)
    assert left(say(started, "pause", client=api).json()) == (1, 600)  # in its student's name
    assert_whole()


def delivering() -> APIClient:
    """It may deliver tests, and no more; the session is of another client."""
    return client_with(f"Token {make_token(permissions=['deliver_tests'])}")


def test_no_door_hands_out_a_question_meanwhile(api: APIClient, started: dict[str, Any], clock: Any) -> None:
    key = {"Idempotency-Key": "start-1"}
    asked = {"student_id": "s2", "test": "algebra"}
    begun = api.post("/api/test/start", asked, headers=key).json()
    invited = invitations.invite(NamedTest.objects.get(), [{"student_id": "s3"}])
    assert invited.new == 1
    link = {"invitation": invitations.token_of(Invitation.objects.get())}
    opened = APIClient().post("/api/v1/invitations/start", link, format="json").json()
    assert opened["next_question"]
    first = submit(browser_of(opened), opened, opened["next_question"]["id"], 0, key="a1").json()
    assert first["next_question"]
    for each in (begun, opened):
        say(each, "pause")
    again = [
        api.post("/api/test/start", asked, headers=key).json(),
        APIClient().post("/api/v1/invitations/start", link, format="json").json(),
        submit(browser_of(opened), opened, opened["next_question"]["id"], 0, key="a1").json(),
    ]
    until = "2026-11-22T10:10:00Z"
    assert [(each["next_question"], each["paused"]["until"]) for each in again] == [(None, until)] * 3
    for each in (begun, opened):
        say(each, "continue")
    gone_on = APIClient().post("/api/v1/invitations/start", link, format="json").json()
    assert gone_on["next_question"] == first["next_question"]
    assert gone_on["paused"] is None
