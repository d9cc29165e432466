"""Webhooks over the API: made with a secret that is told once, changed, tried, sent again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.conftest import pointers
from sessions_app.models import ApiClient, Webhook, WebhookMessage
from sessions_app.tests.factories import ApiClientFactory
from sessions_app.webhooks import outbox

ADDRESS = "https://lms.example.org/adaptive"
ASKED = {"url": ADDRESS, "events": ["test.completed", "test.expired"]}


def made(api: APIClient, **more: Any) -> dict[str, Any]:
    reply: dict[str, Any] = api.post("/api/v1/webhooks", {**ASKED, **more}).json()
    return reply


def test_its_secret_is_told_once(api: APIClient) -> None:
    told = made(api)
    assert told["secret"] == Webhook.objects.get().secret
    address = f"/api/v1/webhooks/{told['webhook_id']}"
    for reply in (api.get(address), api.patch(address, {"is_active": False}), api.get("/api/v1/webhooks")):
        assert reply.status_code == 200
        assert "secret" not in str(reply.json())


def test_one_key_makes_one_webhook(api: APIClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = api.post("/api/v1/webhooks", ASKED, headers=headers)
    assert api.post("/api/v1/webhooks", ASKED, headers=headers).json() == first.json()
    other = api.post("/api/v1/webhooks", {**ASKED, "events": ["test.ended"]}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert Webhook.objects.count() == 1


def test_it_is_told_of_one_clients_tests(api: APIClient) -> None:
    everybodys = made(api)
    assert everybodys["client"] is None
    name = ApiClient.objects.get().username  # the caller's
    told = api.patch(f"/api/v1/webhooks/{everybodys['webhook_id']}", {"client": name}).json()
    assert told["client"] == name
    assert told["events"] == ASKED["events"]  # what is left out stays


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"url": "http://lms.example.org"}, "/url"),
        ({"url": "https://user:secret@lms.example.org"}, "/url"),
        ({"events": []}, "/events"),
        ({"events": ["test.exploded"]}, "/events/0"),
        ({"client": "nobody"}, "/client"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_what_is_refused_names_the_field(api: APIClient, wrong: dict[str, Any], pointer: str) -> None:
    assert pointers(api.post("/api/v1/webhooks", {**ASKED, **wrong})) == [pointer]
    there = made(api)
    assert pointers(api.patch(f"/api/v1/webhooks/{there['webhook_id']}", wrong)) == [pointer]
    assert Webhook.objects.get().url == ADDRESS


def test_switched_on_again_it_begins_anew(api: APIClient) -> None:
    told = made(api, is_active=False)
    Webhook.objects.update(failing_since=timezone.now(), switched_off_because="It answered 410.")
    again = api.patch(f"/api/v1/webhooks/{told['webhook_id']}", {"is_active": True}).json()
    assert (again["is_active"], again["failing_since"], again["switched_off_because"]) == (True, None, "")


def test_a_test_message_is_listed_and_sent_again(api: APIClient) -> None:
    address = f"/api/v1/webhooks/{made(api)['webhook_id']}"
    sent = api.post(f"{address}/test").json()
    assert (sent["type"], sent["attempts"]) == ("webhook.test", 0)
    WebhookMessage.objects.update(attempts=8, next_try_at=None, answer="HTTP 500")
    listed = api.get(f"{address}/messages").json()["results"]
    assert [(each["message_id"], each["answer"]) for each in listed] == [(sent["message_id"], "HTTP 500")]
    again = api.post(f"{address}/messages/{sent['message_id']}/resend").json()
    assert (again["attempts"], again["answer"]) == (0, "")
    assert again["next_try_at"] is not None


def test_messages_come_by_places(api: APIClient) -> None:
    webhook = Webhook.objects.get(pk=made(api)["webhook_id"])
    for hours in range(3):
        message = outbox.send_test(webhook)
        WebhookMessage.objects.filter(pk=message.pk).update(
            happened_at=timezone.now() - timedelta(hours=hours)
        )
    page = api.get(f"/api/v1/webhooks/{webhook.pk}/messages?page_size=2").json()
    rest = api.get(page["next"]).json()
    assert [len(each["results"]) for each in (page, rest)] == [2, 1]


def test_it_is_deleted(api: APIClient) -> None:
    address = f"/api/v1/webhooks/{made(api)['webhook_id']}"
    assert api.delete(address).status_code == 200
    for gone in (api.get(address), api.delete(address), api.get("/api/v1/webhooks/nothing")):
        assert (gone.status_code, gone.json()["code"]) == (404, "webhook_not_found")


def test_a_message_of_another_webhook_is_none(api: APIClient) -> None:
    one, other = made(api)["webhook_id"], made(api)["webhook_id"]
    message = api.post(f"/api/v1/webhooks/{one}/test").json()["message_id"]
    reply = api.post(f"/api/v1/webhooks/{other}/messages/{message}/resend")
    assert (reply.status_code, reply.json()["code"]) == (404, "message_not_found")


def test_nobody_is_told_of_another_organisations_tests(api: APIClient) -> None:
    elsewhere = Organisation.objects.create(slug="elsewhere", name="Elsewhere")
    with acting_for(elsewhere.pk):
        stranger = ApiClientFactory.create()
        hidden = Webhook.objects.create(url=ADDRESS, events=["test.ended"])
    assert pointers(api.post("/api/v1/webhooks", {**ASKED, "client": stranger.username})) == ["/client"]
    assert api.get(f"/api/v1/webhooks/{hidden.pk}").status_code == 404
    assert api.get("/api/v1/webhooks").json()["count"] == 0
