"""Every endpoint, tried by everybody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth.models import Group, Permission
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from django_redis import get_redis_connection
from knox.models import AuthToken
from rest_framework.test import APIClient

from sessions_app.administration import invitations
from sessions_app.administration.api_clients import SHORT
from sessions_app.conftest import Reply, Start, answer_questions, browser_of, client_with, submit, undone
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.watches import nights
from sessions_app.models import (
    ApiClient,
    Calibration,
    ClassTeacher,
    NamedTest,
    SchoolClass,
    Simulation,
    TestSession,
    Webhook,
)
from sessions_app.sitting.tokens import (
    InvalidSessionToken,
    SessionToken,
    make_session_token,
    read_session_token,
)
from sessions_app.tests.factories import (
    ALL_PERMISSIONS,
    ApiClientFactory,
    last_active,
    make_named_test,
    make_pool,
    make_token,
    pool_document,
    pool_file,
)
from sessions_app.webhooks import outbox
from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool


class Scene(NamedTuple):
    """A running test of student s1, another one, and one that expired; and a named test.

    `calibrations`: one that was published, and one that waits.
    """

    pool_id: str
    started: dict[str, Any]
    other: dict[str, Any]
    expired: str
    token: str  # of the client that started both
    calibrations: tuple[str, str]
    simulation: str


class Endpoint(NamedTuple):
    call: Callable[[APIClient, Scene], Reply]
    permission: str
    is_of_session: bool = False


def result_after_end(client: APIClient, scene: Scene) -> Reply:
    """There is none while the test runs; who may not end it may not read it either."""
    client.post(f"/api/test/end/{scene.started['session_id']}")
    return client.get(f"/api/test/result/{scene.started['session_id']}")


def status_of_an_import(client: APIClient, scene: Scene) -> Reply:
    """Of the client's own: those of others look like none."""
    body = {"file": pool_file(), "in_background": "true"}
    asked = client.post("/api/pools/import", body, format="multipart").json()
    return client.get(f"/api/pools/imports/{asked.get('import_id')}")


def matrix_of_answers(client: APIClient, scene: Scene) -> Reply:
    import_responses(QuestionPool.objects.get(), Upload("answers.csv", b"person,q0\n1,1\n"))
    return client.get(f"/api/pools/{scene.pool_id}/responses/matrix")


def watch_of_a_night(client: APIClient, scene: Scene) -> Reply:
    nights.watch_pool(QuestionPool.objects.get(), timezone.now())
    return client.get(f"/api/pools/{scene.pool_id}/watch")


def told_of_ends() -> Webhook:
    return Webhook.objects.create(url="https://lms.example.org", events=["test.ended"])


def resent(client: APIClient, scene: Scene) -> Reply:
    message = outbox.send_test(told_of_ends())
    return client.post(f"/api/webhooks/{message.webhook_id}/messages/{message.pk}/resend")


def changed_invitation(act: str) -> Callable[[APIClient, Scene], Reply]:
    def change(client: APIClient, scene: Scene) -> Reply:
        invitations.invite(NamedTest.objects.get(), [{"student_id": "s1"}])
        return client.post(f"/api/tests/algebra/invitations/{act}", {"student_ids": ["s1"]})

    return change


def school_roster(client: APIClient, scene: Scene) -> Reply:
    manifest = b"propertyName,value\noneroster.version,1.2\n"
    file = SimpleUploadedFile("manifest.csv", manifest)
    return client.post("/api/rosters", {"file": file}, format="multipart")


def class_is_given_a_test(client: APIClient, scene: Scene) -> Reply:
    """To a class that the client teaches, where it is one."""
    made = SchoolClass.objects.create(name="9b")
    for account in ApiClient.objects.all():
        ClassTeacher.objects.create(school_class=made, user=account)
    return client.put(f"/api/classes/{made.pk}/tests/algebra", {})


ENDPOINTS = {
    "upload": Endpoint(
        lambda client, scene: client.post("/api/questions/upload", pool_document(questions=2)), "author_pools"
    ),
    "import": Endpoint(
        lambda client, scene: client.post("/api/pools/import", {"file": pool_file()}, format="multipart"),
        "author_pools",
    ),
    "pool import": Endpoint(status_of_an_import, "author_pools"),
    "template": Endpoint(lambda client, scene: client.get("/api/pools/template"), "author_pools"),
    "parameters": Endpoint(
        lambda client, scene: client.post(
            f"/api/pools/{scene.pool_id}/parameters", {"table": "id,a,b\nq1,1,0\n", "dry_run": True}
        ),
        "author_pools",
    ),
    "parameters as a table": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/parameters?form=mirt"), "author_pools"
    ),
    "pools": Endpoint(lambda client, scene: client.get("/api/pools"), "author_pools"),
    "classes": Endpoint(lambda client, scene: client.get("/api/classes"), "teach_classes"),
    "roster of a school": Endpoint(school_roster, "manage_classes"),
    "test of a class": Endpoint(class_is_given_a_test, "add_invitation"),
    "pool": Endpoint(lambda client, scene: client.get(f"/api/pools/{scene.pool_id}"), "author_pools"),
    "export of a pool": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/export"), "export_pools"
    ),
    "default pool": Endpoint(
        lambda client, scene: client.post(f"/api/pools/{scene.pool_id}/default"), "author_pools"
    ),
    "imported answers": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/responses"), "author_pools"
    ),
    "answers as a table": Endpoint(matrix_of_answers, "report_results"),
    "calibrations": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/calibrations"), "author_pools"
    ),
    "calibration": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/calibrations/{scene.calibrations[0]}"),
        "author_pools",
    ),
    "cancel": Endpoint(
        lambda client, scene: client.post(
            f"/api/pools/{scene.pool_id}/calibrations/{scene.calibrations[1]}/cancel"
        ),
        "author_pools",
    ),
    "publish": Endpoint(
        lambda client, scene: client.post(
            f"/api/pools/{scene.pool_id}/calibrations/{scene.calibrations[0]}/publish"
        ),
        "publish_calibrations",
    ),
    "watch": Endpoint(watch_of_a_night, "report_results"),
    "simulations": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/simulations"), "author_pools"
    ),
    "simulation": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/simulations/{scene.simulation}"),
        "author_pools",
    ),
    "cancel a simulation": Endpoint(
        lambda client, scene: client.post(
            f"/api/pools/{scene.pool_id}/simulations/{scene.simulation}/cancel"
        ),
        "author_pools",
    ),
    "reporting scale": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/reporting-scale"), "author_pools"
    ),
    "a reporting scale": Endpoint(
        lambda client, scene: client.put(
            f"/api/pools/{scene.pool_id}/reporting-scale", {"reporting_scale": {}}
        ),
        "author_pools",
    ),
    "requirements": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/requirements"), "author_pools"
    ),
    "other requirements": Endpoint(
        lambda client, scene: client.put(f"/api/pools/{scene.pool_id}/requirements", {"requirements": {}}),
        "author_pools",
    ),
    "questions": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/questions"), "author_pools"
    ),
    "question": Endpoint(
        lambda client, scene: client.get(f"/api/questions/{scene.pool_id}/q1"), "author_pools"
    ),
    "start": Endpoint(
        lambda client, scene: client.post("/api/test/start", {"student_id": "s1"}), "deliver_tests"
    ),
    "submit": Endpoint(
        lambda client, scene: submit(client, scene.started, scene.started["next_question"]["id"], 0),
        "deliver_tests",
        is_of_session=True,
    ),
    "status": Endpoint(
        lambda client, scene: client.get(f"/api/test/status/{scene.started['session_id']}"),
        "deliver_tests",
        is_of_session=True,
    ),
    "end": Endpoint(
        lambda client, scene: client.post(f"/api/test/end/{scene.started['session_id']}"),
        "deliver_tests",
        is_of_session=True,
    ),
    "result": Endpoint(result_after_end, "deliver_tests", is_of_session=True),
    "token": Endpoint(
        lambda client, scene: client.post(f"/api/test/{scene.started['session_id']}/token"), "deliver_tests"
    ),
    "proficiency": Endpoint(
        lambda client, scene: client.get("/api/student/s1/proficiency"), "report_results"
    ),
    "history": Endpoint(lambda client, scene: client.get("/api/student/s1/history"), "report_results"),
    "progress": Endpoint(lambda client, scene: client.get("/api/student/s1/progress"), "report_results"),
    "sessions": Endpoint(lambda client, scene: client.get("/api/sessions"), "report_results"),
    "responses": Endpoint(
        lambda client, scene: client.get(f"/api/sessions/{scene.started['session_id']}/responses"),
        "report_results",
    ),
    "export": Endpoint(lambda client, scene: client.get("/api/student/s1/export"), "erase_students"),
    "erase": Endpoint(
        lambda client, scene: client.post("/api/student/s1/erase", {"student_id": "s1"}), "erase_students"
    ),
    "cleanup": Endpoint(lambda client, scene: client.post("/api/sessions/cleanup"), "operate_service"),
    "extend": Endpoint(
        lambda client, scene: client.post(f"/api/test/{scene.started['session_id']}/extend", {"minutes": 5}),
        "operate_service",
    ),
    "resume": Endpoint(
        lambda client, scene: client.post(f"/api/test/{scene.expired}/resume"), "operate_service"
    ),
    "results": Endpoint(lambda client, scene: client.get("/api/tests/algebra/results"), "report_results"),
    "revisions": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/revisions"), "author_pools"
    ),
    "revision": Endpoint(
        lambda client, scene: client.get(f"/api/pools/{scene.pool_id}/revisions/1"), "author_pools"
    ),
    "webhooks": Endpoint(lambda client, scene: client.get("/api/webhooks"), "view_webhook"),
    "a webhook": Endpoint(
        lambda client, scene: client.post(
            "/api/webhooks", {"url": "https://lms.example.org", "events": ["test.ended"]}
        ),
        "add_webhook",
    ),
    "webhook": Endpoint(
        lambda client, scene: client.get(f"/api/webhooks/{told_of_ends().pk}"), "view_webhook"
    ),
    "webhook changed": Endpoint(
        lambda client, scene: client.patch(f"/api/webhooks/{told_of_ends().pk}", {"is_active": False}),
        "change_webhook",
    ),
    "webhook deleted": Endpoint(
        lambda client, scene: client.delete(f"/api/webhooks/{told_of_ends().pk}"), "delete_webhook"
    ),
    "webhook tried": Endpoint(
        lambda client, scene: client.post(f"/api/webhooks/{told_of_ends().pk}/test"), "change_webhook"
    ),
    "messages": Endpoint(
        lambda client, scene: client.get(f"/api/webhooks/{told_of_ends().pk}/messages"), "view_webhook"
    ),
    "message again": Endpoint(resent, "change_webhook"),
    "tests": Endpoint(lambda client, scene: client.get("/api/tests"), "view_namedtest"),
    "a test": Endpoint(
        lambda client, scene: client.post("/api/tests", {"title": "T", "question_pool_id": scene.pool_id}),
        "change_namedtest",
    ),
    "test": Endpoint(lambda client, scene: client.get("/api/tests/algebra"), "view_namedtest"),
    "test changed": Endpoint(
        lambda client, scene: client.patch("/api/tests/algebra", {"title": "T"}), "change_namedtest"
    ),
    **{
        f"test: {act}": Endpoint(
            lambda client, scene, act=act, body=body: client.post(f"/api/tests/algebra/{act}", body),  # type: ignore[misc]
            "change_namedtest",
        )
        for act, body in {
            "copy": {"title": "T"},
            **dict.fromkeys(("open", "close", "archive", "restore")),
        }.items()
    },
    "invitations": Endpoint(
        lambda client, scene: client.get("/api/tests/algebra/invitations"), "view_invitation"
    ),
    "invite": Endpoint(
        lambda client, scene: client.post(
            "/api/tests/algebra/invitations", {"students": [{"student_id": "s1"}]}
        ),
        "add_invitation",
    ),
    "revoke": Endpoint(changed_invitation("revoke"), "add_invitation"),
    "renew": Endpoint(changed_invitation("renew"), "add_invitation"),
    "redis": Endpoint(lambda client, scene: client.get("/api/debug/redis/stats"), "operate_service"),
}


WHAT_IS_THERE = """
SELECT (SELECT count(*) FROM test_responses),
       (SELECT array_agg(status::text ORDER BY status) FROM test_sessions),
       (SELECT count(*) FROM session_events WHERE kind IN ('extended', 'resumed')),
       (SELECT count(*) FROM question_pools)
"""


@pytest.fixture
def scene(db: None) -> Scene:
    pool, token = make_pool(), make_token()
    client = client_with(f"Token {token}")
    started, other = (
        client.post("/api/test/start", {"student_id": student}).json() for student in ("s1", "s2")
    )
    expired = client.post("/api/test/start", {"student_id": "s3"}).json()["session_id"]
    last_active("2020-01-01T00:00Z", pk=expired)
    client.post("/api/sessions/cleanup")
    TestSession.objects.filter(status="active").update(deadline=timezone.now() + timedelta(hours=1))
    make_named_test(pool)
    fields: dict[str, Any] = {"pool": pool, "revision_id": pool.current_revision_id, "request": {}}
    published: dict[str, Any] = {
        "state": "done",
        "result": {"items": []},
        "published_revision_id": pool.current_revision_id,
    }
    done, waiting = (Calibration.objects.create(**fields, **more) for more in (published, {}))
    simulation = Simulation.objects.create(**fields, abilities=b"")
    return Scene(
        str(pool.pk), started, other, expired, token, (str(done.pk), str(waiting.pk)), str(simulation.pk)
    )


def assert_refused(response: Reply, status: int, code: str) -> None:
    said = response.json()
    assert (response.status_code, said["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert set(said) == {"type", "title", "status", "detail", "code"}
    assert said["status"] == status
    with connection.cursor() as cursor:  # in one question, as it is asked two thousand times
        cursor.execute(WHAT_IS_THERE)
        assert cursor.fetchone() == (0, ["active", "active", "expired"], 0, 1)


def test_it_lets_the_owner_in(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name), undone():
            assert endpoint.call(client_with(f"Token {scene.token}"), scene).status_code == 200


def test_it_needs_no_more_than_the_one_permission(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name), undone():
            user = AuthToken.objects.get().user
            user.user_permissions.set(Permission.objects.filter(codename=endpoint.permission))
            assert endpoint.call(client_with(f"Token {scene.token}"), scene).status_code == 200


def test_it_refuses_a_client_without_the_permission(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name), undone():
            user = AuthToken.objects.get().user
            user.user_permissions.set(Permission.objects.exclude(codename=endpoint.permission))
            response = endpoint.call(client_with(f"Token {scene.token}"), scene)
            assert_refused(response, 403, "permission_denied")
            assert repr(SHORT[endpoint.permission]) in response.json()["detail"]


def test_it_takes_a_permission_from_a_group(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name), undone():
            user = AuthToken.objects.get().user
            user.user_permissions.clear()
            group = Group.objects.create(name="some clients")
            group.permissions.set(Permission.objects.filter(codename=endpoint.permission))
            user.groups.add(group)
            assert endpoint.call(client_with(f"Token {scene.token}"), scene).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Token",
        "Token ",
        "Token wrong",
        f"Token {'0' * 64}",
        "Token ä",
        "Token a b c",
        "Session",
        "Session wrong",
        "Session a:b",
        "Session ä:ö",
        "Basic dXNlcjpwYXNz",
        "Bearer xyz",
        "token",
        "; DROP TABLE students",
        "Token " + "x" * 10_000,
    ],
)
def test_it_refuses_bad_credentials(scene: Scene, header: str | None) -> None:
    code = "not_authenticated" if not header else "authentication_failed"
    for endpoint in ENDPOINTS.values():
        response = endpoint.call(client_with(header), scene)
        assert_refused(response, 401, code)
        assert response["WWW-Authenticate"] == "Token"


def test_it_refuses_an_expired_token(scene: Scene, subtests: pytest.Subtests) -> None:
    token = make_token(expiry=timedelta(seconds=-1))
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name):
            assert_refused(endpoint.call(client_with(f"Token {token}"), scene), 401, "authentication_failed")


def test_it_refuses_a_revoked_token(scene: Scene, subtests: pytest.Subtests) -> None:
    AuthToken.objects.all().delete()
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name):
            response = endpoint.call(client_with(f"Token {scene.token}"), scene)
            assert_refused(response, 401, "authentication_failed")


def test_it_refuses_an_inactive_client(scene: Scene, subtests: pytest.Subtests) -> None:
    ApiClient.objects.update(is_active=False)
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name):
            response = endpoint.call(client_with(f"Token {scene.token}"), scene)
            assert_refused(response, 401, "authentication_failed")


def test_it_lets_a_token_live_for_ever_where_it_says_so(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name), undone():
            owner = ApiClient.objects.get()
            _, token = AuthToken.objects.create(owner, expiry=None)
            assert endpoint.call(client_with(f"Token {token}"), scene).status_code == 200


def test_it_opens_its_own_session_to_a_browser(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name), undone():
            response = endpoint.call(browser_of(scene.started), scene)
            if endpoint.is_of_session:
                assert response.status_code == 200
            else:
                assert_refused(response, 403, "permission_denied")


def test_it_closes_every_other_session_to_a_browser(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name):
            response = endpoint.call(browser_of(scene.other), scene)
            expected = (404, "session_not_found") if endpoint.is_of_session else (403, "permission_denied")
            assert_refused(response, *expected)


def test_it_refuses_a_session_token_that_was_revoked(scene: Scene, subtests: pytest.Subtests) -> None:
    client_with(f"Token {scene.token}").post(f"/api/test/{scene.started['session_id']}/token")
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name):
            expected = (
                (401, "authentication_failed") if endpoint.is_of_session else (403, "permission_denied")
            )
            assert_refused(endpoint.call(browser_of(scene.started), scene), *expected)


def test_it_refuses_a_session_token_of_a_generation_to_come(scene: Scene) -> None:
    session = TestSession.objects.get(pk=scene.started["session_id"])
    client = client_with(f"Session {make_session_token(session.pk, session.started_at, 1)}")
    for endpoint in ENDPOINTS.values():
        if endpoint.is_of_session:
            assert_refused(endpoint.call(client, scene), 401, "authentication_failed")


def test_it_refuses_an_expired_session_token(scene: Scene, subtests: pytest.Subtests) -> None:
    session = TestSession.objects.get(pk=scene.started["session_id"])
    client = client_with(f"Session {make_session_token(session.pk, session.started_at - timedelta(days=2))}")
    for name, endpoint in ENDPOINTS.items():
        with subtests.test(name):
            assert_refused(endpoint.call(client, scene), 401, "authentication_failed")


def test_a_session_token_is_what_djangos_signer_signs(settings: LazySettings) -> None:
    """Of now, and with a key that has just been replaced; nothing that was changed, or signed elsewhere."""
    now, session_id = timezone.now(), uuid4()
    token = make_session_token(session_id, now, generation=3)
    value, _, signature = token.rpartition(":")
    assert read_session_token(token, now) == SessionToken(session_id, 3)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert read_session_token(token, now) == SessionToken(session_id, 3)
    elsewhere = signing.Signer(salt="elsewhere").sign(value)
    for wrong in (
        "",
        ":",
        value,
        signature,
        f":{signature}",
        token[:-1],
        f"{token}=",
        f"A{token}",
        elsewhere,
    ):
        with pytest.raises(InvalidSessionToken):
            read_session_token(wrong, now)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidSessionToken):
        read_session_token(token, now)


def test_a_wrong_scheme_opens_nothing(scene: Scene, subtests: pytest.Subtests) -> None:
    for name, endpoint in ENDPOINTS.items():
        for scheme in ("Bearer", "Basic", "Session"):
            with subtests.test(name, scheme=scheme):
                response = endpoint.call(client_with(f"{scheme} {scene.token}"), scene)
                assert_refused(response, 401, "authentication_failed")


@pytest.mark.parametrize("change", ["swapped", "cut", "longer", "flipped"])
def test_it_refuses_a_session_token_that_was_changed(scene: Scene, change: str) -> None:
    token, other = scene.started["session_token"], scene.other["session_token"]
    payload, signature = token.rsplit(":", 1)
    changed = {
        "swapped": f"{payload}:{other.rsplit(':', 1)[1]}",
        "cut": token[:-1],
        "longer": token + "A",
        "flipped": ("A" if payload[0] != "A" else "B") + payload[1:] + ":" + signature,
    }[change]
    for endpoint in ENDPOINTS.values():
        assert_refused(endpoint.call(client_with(f"Session {changed}"), scene), 401, "authentication_failed")


def test_it_refuses_a_session_token_in_the_place_of_a_clients(scene: Scene) -> None:
    client = client_with(f"Token {scene.started['session_token']}")
    for endpoint in ENDPOINTS.values():
        assert_refused(endpoint.call(client, scene), 401, "authentication_failed")


@pytest.mark.parametrize("scheme", ["token", "TOKEN", "Token"])
def test_it_does_not_mind_the_case_of_the_scheme(scene: Scene, scheme: str) -> None:
    assert client_with(f"{scheme} {scene.token}").get("/api/pools").status_code == 200


def test_it_shows_a_stranger_nothing_of_a_session(scene: Scene) -> None:
    stranger = client_with(f"Token {make_token()}")
    for endpoint in ENDPOINTS.values():
        if endpoint.is_of_session:
            assert_refused(endpoint.call(stranger, scene), 404, "session_not_found")


def test_it_forgets_a_session_token_in_time(start: Start, settings: LazySettings, pool: QuestionPool) -> None:
    with time_machine.travel("2026-01-01T10:00Z", tick=False) as clock:
        browser = browser_of(start())
        address = f"/api/test/status/{TestSession.objects.get().pk}"
        clock.shift(settings.SESSION_TOKEN_MAX_AGE)
        assert browser.get(address).status_code == 200
        clock.shift(2)
        assert browser.get(address).status_code == 401


def test_it_checks_a_session_token_without_sql(
    start: Start, pool: QuestionPool, django_assert_num_queries: Any
) -> None:
    browser = browser_of(start())
    with django_assert_num_queries(0):
        assert browser.get("/api/pools").status_code == 403


def test_it_checks_a_client_in_one_query(scene: Scene, django_assert_num_queries: Any) -> None:
    client = client_with(f"Token {scene.token}")
    with django_assert_num_queries(2):  # the other: whether Redis is up to date
        assert client.get(f"/api/test/status/{scene.started['session_id']}").status_code == 200


def test_it_stores_no_token_in_the_clear(scene: Scene) -> None:
    stored = AuthToken.objects.get()
    assert scene.token not in (stored.digest, str(stored.pk))
    assert scene.token[: len(stored.token_key)] == stored.token_key
    assert len(stored.token_key) < 20


def test_it_lets_a_superuser_do_everything(scene: Scene) -> None:
    user = ApiClientFactory.create(is_superuser=True)
    _, token = AuthToken.objects.create(user)
    assert client_with(f"Token {token}").get("/api/sessions").status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
@pytest.mark.parametrize("path", ["test/start", "test/submit", "questions/upload", "sessions/cleanup"])
def test_it_answers_no_other_method(api: APIClient, method: str, path: str) -> None:
    response = getattr(api, method)(f"/api/{path}")
    assert response.status_code == 405
    if method != "head":
        assert response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["", "nothing", "test/start/", "test", "pools/", "student/s1"])
def test_it_answers_no_other_address(api: APIClient, path: str) -> None:
    response = api.get(f"/api/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response["Content-Type"] == "application/problem+json"


def test_it_lets_the_students_finish_when_the_clients_token_is_revoked(scene: Scene) -> None:
    """The session's token stands for itself."""
    AuthToken.objects.all().delete()
    reply = answer_questions(browser_of(scene.started), scene.started, 1)
    assert reply["status"] == "continue"


def test_it_covers_every_permission() -> None:
    assert {endpoint.permission for endpoint in ENDPOINTS.values()} == set(ALL_PERMISSIONS)


def test_a_stranger_cannot_hold_up_a_test(api: APIClient, start: Start, pool: QuestionPool) -> None:
    mine, theirs = start(student_id="mine"), start(student_id="theirs")
    body = {"session_id": mine["session_id"], "question_id": mine["next_question"]["id"], "response": 0}
    redis = get_redis_connection("default")
    assert browser_of(theirs).post("/api/test/submit", body).status_code == 404
    assert not redis.keys("lock:*")
    redis.set(f"lock:{{{mine['session_id']}}}:{body['question_id']}", b"somebody", ex=5)
    assert browser_of(theirs).post("/api/test/submit", body).status_code == 404
    assert client_with(f"Token {make_token()}").post("/api/test/submit", body).status_code == 404
    assert browser_of(mine).post("/api/test/submit", body).json()["code"] == "submission_in_progress"
