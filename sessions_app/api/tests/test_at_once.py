"""One caller's requests, however many and dear, leave threads to the others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from sessions_app.api import at_once, authentication
from sessions_app.api.at_once import SLOTS, Slots
from sessions_app.conftest import client_with
from sessions_app.refusals import SessionNotFound
from sessions_app.sitting import submission
from sessions_app.tests.factories import make_pool, make_token

DEAR, MOST = 16, 4


def test_a_slot_is_of_its_thread_and_name() -> None:
    slots = Slots()
    assert [slots.take("a", 2) for _ in range(3)] == [True, True, False]
    assert slots.take("b", 2)
    other = threading.Thread(target=slots.give_back)
    other.start()
    other.join()
    assert slots.taken("a") == 2
    slots.give_back()
    assert (slots.taken("a"), slots.taken("b")) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_sixteen_dear_answers_leave_room_for_another_client(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.CLIENT_REQUESTS_AT_ONCE = MOST
    make_pool()
    attacker, other = make_token(), make_token()
    go_on, working = threading.Event(), threading.Semaphore(0)

    def dear(*_: Any, **__: Any) -> Any:
        working.release()
        assert go_on.wait(60)
        raise SessionNotFound

    monkeypatch.setattr(submission, "submit", dear)
    refused = threading.Semaphore(0)

    def answer() -> Any:
        try:
            body = {"session_id": str(uuid4()), "question_id": "q1", "response": 0}
            reply = client_with(f"Token {attacker}").post("/api/test/submit", body)
            if reply.status_code == 429:
                refused.release()
            return reply
        finally:
            connection.close()

    with ThreadPoolExecutor(DEAR) as threads:
        try:
            answers = [threads.submit(answer) for _ in range(DEAR)]
            for _ in range(MOST):
                assert working.acquire(timeout=60)
            for _ in range(DEAR - MOST):
                assert refused.acquire(timeout=60)
            started = client_with(f"Token {other}").post("/api/test/start", {"student_id": "s1"})
            assert started.status_code == 200, started.json()
        finally:
            go_on.set()
    replies = [done.result() for done in answers]
    assert sorted(reply.status_code for reply in replies) == [404] * MOST + [429] * (DEAR - MOST)
    late = next(reply for reply in replies if reply.status_code == 429)
    assert late.json()["code"] == "too_many_at_once"
    assert int(late["Retry-After"]) == 1
    assert client_with(f"Token {attacker}").get("/api/pools").status_code == 200  # all were given back


def test_a_stream_keeps_its_slot_to_its_end(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    take = at_once.take_slot

    def noticed(name: str, most: int) -> None:
        taken.append(name)
        take(name, most)

    monkeypatch.setattr(authentication, "take_slot", noticed)
    client_with(f"Token {make_token()}").get("/api/pools")
    (name,) = taken
    assert SLOTS.taken(name) == 0


def test_few_logins_of_one_address_at_once(client: Client, db: None, settings: LazySettings) -> None:
    """A wrong password costs as much processor time as a right one."""
    User.objects.create_superuser("root", password="a long enough password")
    fields = {"username": "root", "password": "wrong"}
    held, over = threading.Event(), threading.Event()

    def others() -> None:
        held.set() if SLOTS.take("login:127.0.0.1", 2) and SLOTS.take("login:127.0.0.1", 2) else None
        over.wait(60)
        SLOTS.give_back()

    thread = threading.Thread(target=others)
    thread.start()
    try:
        assert held.wait(60)
        reply = client.post("/desk/log-in", fields)
        assert (reply.status_code, reply["Retry-After"]) == (429, "1")
        assert client.post("/desk/log-in", fields, REMOTE_ADDR="192.0.2.9").status_code == 200
    finally:
        over.set()
        thread.join()
    assert client.post("/desk/log-in", fields).status_code == 200
