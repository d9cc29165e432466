"""Messages from the event to a real server: when they are written, sent, tried again and given up."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from django.db import transaction
from rest_framework.test import APIClient

from sessions_app.conftest import Start, take_test
from sessions_app.models import TestSession, Webhook, WebhookMessage
from sessions_app.outgoing import queue
from sessions_app.tests.factories import make_pool
from sessions_app.webhooks import outbox
from sessions_app.webhooks.signing import signature
from testing_engine.models import QuestionPool

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC) + timedelta(days=365)


class Receiver:
    """A server that notes what it gets, and answers `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.status)
                if receiver.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook?of=school"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_GO_INSIDE = True
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()  # may be done twice
    receiver.server.server_close()


def listening(receiver: Receiver, *events: str, **fields: Any) -> Webhook:
    return Webhook.objects.create(url=receiver.url, events=list(events or Webhook.Kind.values), **fields)


def test_a_test_is_told_of_from_its_start_to_its_end(
    api: APIClient, pool: QuestionPool, start: Start, receiver: Receiver
) -> None:
    webhook = listening(receiver, "test.started", "test.completed")
    take_test(api, start())
    session = TestSession.objects.get()
    assert outbox.send_due(NOW) == 2
    told = {}
    for headers, body in receiver.got:
        decoded = msgspec.json.decode(body)
        told[decoded["type"]] = decoded["data"]
        sign = signature(webhook.secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        assert headers["webhook-signature"] == sign
        assert headers["Content-Type"] == "application/json"
        assert "of=school" in webhook.url
    data = told["test.completed"]
    assert data["session_id"] == str(session.pk)
    assert (data["student_id"], data["status"], data["questions_answered"]) == ("s1", "completed", 5)
    assert data["ability"] == {"theta": session.theta, "standard_error": session.standard_error}
    assert not {"answers", "responses", "next_question", "name"} & set(data)
    assert outbox.send_due(NOW) == 0


def test_it_is_written_with_the_event_or_not_at_all(
    pool: QuestionPool, start: Start, receiver: Receiver
) -> None:
    listening(receiver, "test.started")
    with transaction.atomic():
        start()
        assert WebhookMessage.objects.count() == 1
        transaction.set_rollback(True)
    assert not WebhookMessage.objects.exists()


def test_a_client_is_told_of_its_own_tests_alone(
    api: APIClient, pool: QuestionPool, start: Start, receiver: Receiver, django_user_model: Any
) -> None:
    other = django_user_model.objects.create_user("other")
    listening(receiver, "test.started", client=other)
    start()
    assert not WebhookMessage.objects.exists()
    listening(receiver, "test.started", client_id=TestSession.objects.get().client_id)
    start()
    assert WebhookMessage.objects.count() == 1


def test_a_pool_that_is_published_is_told_of(db: None, receiver: Receiver) -> None:
    listening(receiver, "pool.published")
    pool = make_pool()
    outbox.send_due(NOW)
    ((_, body),) = receiver.got
    assert msgspec.json.decode(body)["data"] == {"question_pool_id": str(pool.pk), "revision": 1}


def test_what_fails_is_tried_for_28_hours_and_then_given_up(
    pool: QuestionPool, start: Start, receiver: Receiver
) -> None:
    webhook = listening(receiver, "test.started")
    receiver.status = 500
    start()
    now, tries = NOW, []
    for _ in range(2000):
        before = len(receiver.got)
        outbox.send_due(now)
        if len(receiver.got) > before:
            tries.append(now - NOW)
        now += timedelta(minutes=1)
    assert len(tries) == queue.MOST_TRIES
    assert timedelta(hours=27) < tries[-1] < timedelta(hours=29)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    message = WebhookMessage.objects.get()
    assert (message.next_try_at, message.delivered_at, message.answer) == (None, None, "HTTP 500")
    webhook.refresh_from_db()
    assert webhook.is_active
    receiver.status = 200
    queue.send_again(message, now)
    assert outbox.send_due(now) == 1
    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_who_never_answers_is_switched_off(pool: QuestionPool, start: Start, receiver: Receiver) -> None:
    webhook = listening(receiver, "test.started")
    receiver.status = 302  # a redirect is no receipt, and is not followed
    start()
    outbox.send_due(NOW)
    start(student_id="s2")
    outbox.send_due(NOW + timedelta(days=6))
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.switched_off_because) == (False, "No message arrived for five days.")
    start(student_id="s3")
    assert WebhookMessage.objects.count() == 2


def test_who_is_gone_is_switched_off_at_once(pool: QuestionPool, start: Start, receiver: Receiver) -> None:
    webhook = listening(receiver, "test.started")
    receiver.status = 410
    start()
    outbox.send_due(NOW)
    webhook.refresh_from_db()
    assert not webhook.is_active


def test_a_worker_that_is_killed_loses_nothing(
    pool: QuestionPool, start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(receiver, "test.started")
    start()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "exchange", killed)
    with pytest.raises(KeyboardInterrupt):
        outbox.send_due(NOW)
    monkeypatch.undo()
    assert outbox.send_due(NOW) == 0  # somebody may be at it
    assert outbox.send_due(NOW + queue.LEASE) == 1


def test_nobody_there(pool: QuestionPool, start: Start, receiver: Receiver) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    listening(receiver, "test.started")
    start()
    assert outbox.send_due(NOW) == 0
    message = WebhookMessage.objects.get()
    assert message.answer.endswith("Error")
    assert message.next_try_at == NOW + timedelta(seconds=queue.WAITS[0])


def test_the_specification_s_own_example() -> None:
    """The reference library's test vector."""
    signed = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_old_messages_go(pool: QuestionPool, start: Start, receiver: Receiver) -> None:
    listening(receiver, "test.started")
    start()
    outbox.send_due(NOW)
    assert queue.forget_settled(WebhookMessage, NOW) == 1
