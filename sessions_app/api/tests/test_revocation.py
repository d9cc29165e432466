"""POST /api/test/{session_id}/token, and the same in the admin: earlier tokens stop working."""

from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, Start, answer_questions, browser_of, client_with, submit
from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting import hot_state
from sessions_app.sitting.shown import shown_by_key
from sessions_app.tests.factories import make_token
from testing_engine.models import Question, QuestionPool

pytestmark = pytest.mark.usefixtures("pool")


def renew(client: APIClient, started: dict[str, Any]) -> Reply:
    return client.post(f"/api/test/{started['session_id']}/token")


def assert_closed(browser: APIClient, started: dict[str, Any], question_id: str = "q0") -> None:
    session_id, answers = started["session_id"], TestResponse.objects.count()
    for reply in (
        submit(browser, started, question_id, 0),
        browser.get(f"/api/test/status/{session_id}"),
        browser.post(f"/api/test/end/{session_id}"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (401, "authentication_failed")
        assert reply["WWW-Authenticate"] == "Token"
        assert "next_question" not in reply.json()
    assert TestResponse.objects.count() == answers
    assert TestSession.objects.get(pk=session_id).status == "active"


def test_it_revokes_what_was_there_and_gives_a_new_one(api: APIClient, start: Start) -> None:
    started = start()
    reply = answer_questions(browser_of(started), started, 1)
    waiting = reply["next_question"]
    renewed = renew(api, started)
    assert renewed.status_code == 200
    assert set(renewed.json()) == {"session_id", "session_token"}
    assert_closed(browser_of(started), started, waiting["id"])
    answer_questions(browser_of(renewed.json()), started, 2, question=waiting)
    assert_closed(browser_of(started), started)


def test_it_revokes_the_new_one_in_its_turn(api: APIClient, start: Start) -> None:
    started = start()
    first, second = renew(api, started).json(), renew(api, started).json()
    assert len({started["session_token"], first["session_token"], second["session_token"]}) == 3
    assert_closed(browser_of(first), started)
    answer_questions(browser_of(second), started, 1)


def test_the_client_goes_on(api: APIClient, start: Start) -> None:
    started = start()
    renew(api, started)
    answer_questions(api, started, 5)


def test_a_repeated_start_gives_the_token_that_works(api: APIClient, start: Start) -> None:
    started = start(key="k1")
    renewed = renew(api, started).json()
    assert start(key="k1")["session_token"] == renewed["session_token"]


def test_it_needs_no_redis_to_be_sure(api: APIClient, start: Start) -> None:
    """A state from before comes back, as after an outage: it opens nothing, and records nothing."""
    started = start()
    stale = hot_state.read_state(UUID(started["session_id"]))
    assert stale is not None
    renewed = renew(api, started).json()
    for browser_is_old in (True, False):
        hot_state.write_state(UUID(started["session_id"]), stale)
        if browser_is_old:
            assert_closed(browser_of(started), started, started["next_question"]["id"])
        else:
            answer_questions(browser_of(renewed), started, 1)


def test_it_costs_a_submission_no_query(
    api: APIClient, start: Start, redis_round_trips: list[int], django_assert_num_queries: Any
) -> None:
    started = start()
    browser = browser_of(renew(api, started).json())
    waiting = answer_questions(browser, started, 1)["next_question"]
    for key in Question.objects.values_list("pk", flat=True):
        shown_by_key(key)  # into the cache
    redis_round_trips.clear()
    with django_assert_num_queries(1):
        assert submit(browser, started, waiting["id"], 0).status_code == 200
    assert len(redis_round_trips) == 2


def test_a_test_that_is_over_is_closed_too(api: APIClient, start: Start) -> None:
    started = start()
    answer_questions(api, started, 5)
    renewed = renew(api, started).json()
    address = f"/api/test/status/{started['session_id']}"
    assert browser_of(started).get(address).status_code == 401
    assert browser_of(renewed).get(address).json()["status"] == "completed"


def test_nothing_else_of_it_changes(api: APIClient, start: Start) -> None:
    started = start()
    answer_questions(api, started, 5)
    before = TestSession.objects.filter(pk=started["session_id"]).values().get()
    renew(api, started)
    after = TestSession.objects.filter(pk=started["session_id"]).values().get()
    assert {**before, "token_generation": 1} == after
    for change in (
        "token_generation = 0",
        "token_generation = 2, correct_responses = 0",
        "status = 'active'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE test_sessions SET {change} WHERE id = %s", [started["session_id"]])


def test_only_the_owner_revokes(start: Start) -> None:
    started = start()
    assert renew(client_with(f"Token {make_token()}"), started).status_code == 404
    assert renew(browser_of(started), started).status_code == 403
    assert browser_of(started).get(f"/api/test/status/{started['session_id']}").status_code == 200


@pytest.mark.parametrize("session_id", ["00000000-0000-0000-0000-000000000000", "nothing"])
def test_it_needs_a_session(api: APIClient, session_id: str) -> None:
    reply = api.post(f"/api/test/{session_id}/token")
    assert (reply.status_code, reply.json()["code"]) == (404, "session_not_found")


def test_the_admin_revokes(client: Client, start: Start) -> None:
    started = start()
    client.force_login(User.objects.create_superuser("boss"))
    address = f"/admin/sessions_app/testsession/{started['session_id']}/revoke-tokens/"
    client.post(address, {"_form_submitted": "on"})
    assert_closed(browser_of(started), started)


def test_who_may_only_look_does_not_revoke(client: Client, start: Start) -> None:
    started = start()
    client.force_login(User.objects.create_user("looker", is_staff=True))
    client.post(
        f"/admin/sessions_app/testsession/{started['session_id']}/revoke-tokens/", {"_form_submitted": "on"}
    )
    assert browser_of(started).get(f"/api/test/status/{started['session_id']}").status_code == 200


def test_who_holds_a_revoked_token_uses_up_nobodys_requests(
    api: APIClient, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    settings.RATE_LIMIT_SESSION_PER_MINUTE = 5
    started = start()
    thief, address = browser_of(started), f"/api/test/status/{started['session_id']}"
    renewed = {**started, **api.post(f"/api/test/{started['session_id']}/token").json()}
    assert {thief.get(address).status_code for _ in range(8)} == {401, 429}
    assert browser_of(renewed).get(address).status_code == 200
