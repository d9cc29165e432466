"""Named tests and invitations over the API: prepared, changed, opened, copied; students invited."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import client_with, pointers
from sessions_app.models import Invitation, NamedTest, Student
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool

TESTS = "/api/v1/tests"


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool(questions=12)


def made(api: APIClient, pool: QuestionPool, **fields: Any) -> dict[str, Any]:
    reply = api.post(TESTS, {"title": "Algebra, autumn", "question_pool_id": str(pool.pk), **fields})
    assert reply.status_code == 200, reply.json()
    told: dict[str, Any] = reply.json()
    return told


def test_it_is_prepared_opened_taken_and_closed(api: APIClient, pool: QuestionPool) -> None:
    test = made(api, pool, rules={"max_questions": 2})
    assert (test["name"], test["state"]) == ("algebra-autumn", "draft")
    start = {"student_id": "ada", "test": test["name"]}
    assert api.post("/api/v1/test/start", start).json()["code"] == "test_not_open"
    assert api.post(f"{TESTS}/{test['name']}/open").json()["state"] == "open"
    assert api.post("/api/v1/test/start", start).status_code == 200
    closed = api.post(f"{TESTS}/{test['name']}/close").json()
    assert (closed["state"], closed["began"], closed["finished"]) == ("closed", 1, 0)
    assert api.post("/api/v1/test/start", start).json()["code"] == "test_not_open"
    for act, state in (("archive", "archived"), ("restore", "closed"), ("open", "open")):
        assert api.post(f"{TESTS}/{test['name']}/{act}").json()["state"] == state


def test_one_key_makes_one_test(api: APIClient, pool: QuestionPool) -> None:
    asked = {"title": "Algebra", "question_pool_id": str(pool.pk)}
    headers = {"Idempotency-Key": "k1"}
    first = api.post(TESTS, asked, headers=headers).json()
    assert api.post(TESTS, asked, headers=headers).json() == first
    copies = [api.post(f"{TESTS}/algebra/copy", {"title": "Copy"}, headers=headers) for _ in range(2)]
    assert copies[0].json() == copies[1].json()
    reused = [
        api.post(TESTS, {**asked, "title": "Geometry"}, headers=headers),
        api.post(TESTS, {**asked, "closing": "Thank you."}, headers=headers),
        api.post(f"{TESTS}/algebra/copy", {"title": "Another"}, headers=headers),
        api.post(f"{TESTS}/{copies[0].json()['name']}/copy", {"title": "Copy"}, headers=headers),
    ]
    assert [(each.status_code, each.json()["code"]) for each in reused] == [
        (409, "idempotency_key_reused")
    ] * 4
    assert NamedTest.objects.count() == 2
    api.patch(f"{TESTS}/algebra", {"title": "Algebra II"})
    assert api.post(TESTS, asked, headers=headers).json()["title"] == "Algebra II"  # as it is now
    other_client = client_with(f"Token {make_token()}")
    assert other_client.post(TESTS, asked, headers=headers).json()["name"] != first["name"]


def test_what_is_left_out_stays(api: APIClient, pool: QuestionPool) -> None:
    closes = timezone.now() + timedelta(days=2)
    before = made(api, pool, time_limit_minutes=45, closes_at=closes.isoformat(), result_cuts=[-1, 1])
    changes = {"introduction": "Take your time.", "name": "autumn"}
    after = api.patch(f"{TESTS}/{before['name']}", changes).json()
    assert after == {**before, **changes}
    assert api.get(f"{TESTS}/autumn").json() == after
    assert api.get(f"{TESTS}/{before['name']}").json()["code"] == "test_not_found"


def test_each_level_has_a_text_for_students(api: APIClient, pool: QuestionPool) -> None:
    texts = ["Practise fractions.", "Go on."]
    test = made(api, pool, result_kind="levels", result_cuts=[0], result_feedback=texts)
    assert test["result_feedback"] == texts
    address = f"{TESTS}/{test['name']}"
    assert pointers(api.patch(address, {"result_feedback": ["One."]})) == ["/result_feedback"]
    assert api.patch(address, {"title": "T"}).json()["result_feedback"] == texts
    assert api.patch(address, {"result_feedback": None}).json()["result_feedback"] is None


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rules": {"max_questions": 0}}, "/rules/max_questions"),
    ({"rules": {"max_questions": 90, "min_questions": 80}}, "/rules/min_questions"),
    ({"rules": {"mispelt": 1}}, "/rules/mispelt"),
    ({"concept_names": ["a", "b"]}, "/concept_names"),
    ({"opens_at": "2126-01-02T00:00:00Z", "closes_at": "2126-01-01T00:00:00Z"}, "/closes_at"),
    ({"closes_at": "2020-01-01T00:00:00Z"}, "/closes_at"),
    ({"result_release": "closed"}, "/result_release"),
    ({"name": "taken"}, "/name"),
    ({"name": "no slug"}, "/name"),
    ({"result_cuts": [1, -1]}, "/result_cuts"),
    ({"question_pool_id": "3b1f6c52-7a7e-4c1d-9a55-0c8f3c1f8a77"}, "/question_pool_id"),
    ({"mispelt": 1}, "/mispelt"),
]


def test_what_cannot_work_is_named_and_changes_nothing(api: APIClient, pool: QuestionPool) -> None:
    made(api, pool, name="taken")
    there = made(api, pool)
    for fields, pointer in WRONG:
        asked = {"title": "Algebra", "question_pool_id": str(pool.pk), **fields}
        assert pointers(api.post(TESTS, asked)) == [pointer], fields
        assert pointers(api.patch(f"{TESTS}/{there['name']}", fields)) == [pointer], fields
    assert NamedTest.objects.count() == 2
    assert api.get(f"{TESTS}/{there['name']}").json() == there


def test_everything_that_is_wrong_is_listed(api: APIClient, pool: QuestionPool) -> None:
    wrong = {"closes_at": "2020-01-01T00:00:00Z", "rules": {"max_questions": 0}, "title": "Algebra"}
    reply = api.post(TESTS, {**wrong, "question_pool_id": str(pool.pk)})
    assert sorted(pointers(reply)) == ["/closes_at", "/rules/max_questions"]
    assert reply.json()["code"] == "test_refused"


def test_an_open_test_meets_what_its_pool_requires(api: APIClient, pool: QuestionPool) -> None:
    api.put(f"/api/v1/pools/{pool.pk}/requirements", {"requirements": {"rmse": 0.05, "students": 100}})
    name = made(api, pool)["name"]
    refused = api.post(f"{TESTS}/{name}/open")
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_refused")
    assert api.post(f"{TESTS}/{name}/open", {"override_reason": "A first try."}).json()["state"] == "open"
    assert api.patch(f"{TESTS}/{name}", {"rules": {"max_questions": 3}}).json()["code"] == "gate_refused"
    (check,) = api.get(f"/api/v1/pools/{pool.pk}/requirements/checks").json()["results"]
    assert (check["test"], check["override_reason"]) == (name, "A first try.")
    assert check["shortfalls"]


def test_the_list_is_searched_and_comes_by_places(api: APIClient, pool: QuestionPool) -> None:
    for title in ("Algebra", "Geometry", "Algebra II"):
        made(api, pool, title=title)
    api.post(f"{TESTS}/geometry/archive")
    page = api.get(f"{TESTS}?page_size=1").json()
    assert [each["title"] for each in page["results"]] == ["Algebra II"]
    assert [each["title"] for each in api.get(page["next"]).json()["results"]] == ["Algebra"]
    assert [each["title"] for each in api.get(f"{TESTS}?search=ii").json()["results"]] == ["Algebra II"]
    assert [each["title"] for each in api.get(f"{TESTS}?archived=true").json()["results"]] == ["Geometry"]


# --- Invitations ------------------------------------------------------------------------------------------


def test_students_are_invited_and_their_links_open_the_test(api: APIClient, pool: QuestionPool) -> None:
    name = made(api, pool, takers="invited")["name"]
    api.post(f"{TESTS}/{name}/open")
    asked = {"students": [{"student_id": "ada", "name": "Ada", "grade": "9"}, {"student_id": 17}]}
    address = f"{TESTS}/{name}/invitations"
    assert api.post(address, asked).json() == {"new": 2, "known": 0}
    assert api.post(address, asked).json() == {"new": 0, "known": 2}
    rows = api.get(address).json()["results"]
    assert [(row["student_id"], row["student_name"], row["state"]) for row in rows] == [
        ("ada", "Ada", "not_started"),
        ("17", "", "not_started"),
    ]
    token = rows[0]["link"].partition("#invitation=")[2]
    assert client_with(None).post("/api/v1/invitations/start", {"invitation": token}).status_code == 200
    assert api.get(address).json()["results"][0]["state"] == "active"


def test_links_are_taken_back_and_renewed(api: APIClient, pool: QuestionPool) -> None:
    name = made(api, pool)["name"]
    address = f"{TESTS}/{name}/invitations"
    api.post(address, {"students": [{"student_id": "ada"}, {"student_id": "ben"}]})
    before = api.get(address).json()["results"][0]["link"]
    ada = {"student_ids": ["ada"]}
    assert [api.post(f"{address}/revoke", ada).json()["changed"] for _ in range(2)] == [1, 0]
    assert api.get(address).json()["results"][0]["link"] is None
    assert api.post(f"{address}/renew", ada).json() == {"changed": 1}
    assert api.get(address).json()["results"][0]["link"] not in (None, before)
    unknown = api.post(f"{address}/revoke", {"student_ids": ["ben", "cem"]})
    assert pointers(unknown) == ["/student_ids/1"]
    assert Invitation.objects.filter(revoked_at=None).count() == 2


def test_a_list_with_a_fault_invites_nobody(api: APIClient, pool: QuestionPool) -> None:
    address = f"{TESTS}/{made(api, pool)['name']}/invitations"
    rows = [{"student_id": "ada"}, {"student_id": "ben", "email": "no address"}, {"student_id": "ada"}]
    assert pointers(api.post(address, {"students": rows})) == ["/students/1/email", "/students/2/student_id"]
    assert pointers(api.post(address, {"students": []})) == ["/students"]
    assert not Student.objects.exists()


def test_a_link_is_for_whoever_may_invite(api: APIClient, pool: QuestionPool) -> None:
    address = f"{TESTS}/{made(api, pool)['name']}/invitations"
    api.post(address, {"students": [{"student_id": "ada"}]})
    reader = client_with(f"Token {make_token(['view_invitation'])}")
    assert reader.get(address).json()["results"][0]["link"] is None
    assert reader.post(address, {"students": [{"student_id": "ben"}]}).status_code == 403
