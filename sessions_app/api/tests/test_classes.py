"""Classes over the API: made, filled, given tests, and what came out."""

import io
import zipfile
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.conftest import client_with, pointers
from sessions_app.models import ClassMember, SchoolClass, Student
from sessions_app.tests.factories import ALL_PERMISSIONS, make_named_test, make_pool, make_token

CLASSES = "/api/v1/classes"
TWO = {"students": [{"student_id": "ada", "name": "Ada", "extra_time": 25}, {"name": "Bo"}]}


def made(api: APIClient, **fields: Any) -> str:
    """The address of a new class."""
    reply = api.post(CLASSES, {"name": "9b", **fields})
    assert reply.status_code == 200, reply.json()
    return f"{CLASSES}/{reply.json()['class_id']}"


def names_in(api: APIClient, address: str) -> list[str]:
    return [each["name"] for each in api.get(f"{address}/students").json()["results"]]


def test_a_class_is_made_once_renamed_and_archived(api: APIClient) -> None:
    asked, headers = {"name": "9b", "term": "2026/27"}, {"Idempotency-Key": "k"}
    first = api.post(CLASSES, asked, headers=headers).json()
    assert (first["teachers"], first["students"], first["tests"]) == ([], 0, 0)
    assert api.post(CLASSES, asked, headers=headers).json() == first
    other = api.post(CLASSES, {**asked, "term": "2027/28"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    address = f"{CLASSES}/{first['class_id']}"
    assert api.patch(address, {"name": "10b"}).json() == {**first, "name": "10b"}
    assert api.post(CLASSES, asked, headers=headers).json()["name"] == "10b"  # as it is now
    archived = api.post(f"{address}/archive").json()
    assert archived["archived_at"] == api.post(f"{address}/archive").json()["archived_at"]
    assert api.get(CLASSES).json()["results"] == []
    assert [each["name"] for each in api.get(f"{CLASSES}?archived=true").json()["results"]] == ["10b"]
    assert api.post(f"{address}/restore").json()["archived_at"] is None
    assert api.get(CLASSES).json()["count"] == SchoolClass.objects.count() == 1


def test_the_list_is_searched_and_comes_by_places(api: APIClient) -> None:
    for name, term in (("9a", "2026"), ("9b", "2026"), ("9a", "2027")):
        made(api, name=name, term=term)
    page = api.get(f"{CLASSES}?page_size=2").json()
    assert [(each["name"], each["term"]) for each in page["results"]] == [("9a", "2027"), ("9a", "2026")]
    assert [each["name"] for each in api.get(page["next"]).json()["results"]] == ["9b"]
    assert api.get(f"{CLASSES}?search=9a 2026").json()["count"] == 1


def test_students_come_once_change_and_leave(api: APIClient) -> None:
    address = made(api)
    look = api.post(f"{address}/students", {**TWO, "dry_run": True}).json()
    assert (look["dry_run"], look["counts"]) == (True, {"new": 2})
    assert names_in(api, address) == []
    assert api.post(f"{address}/students", TWO).json()["counts"] == {"new": 2}
    assert api.post(f"{address}/students", TWO).json() == {
        "dry_run": False,
        "counts": {"stays": 2},
        "changes": [],
    }
    ada = api.get(f"{address}/students").json()["results"][0]
    assert (ada["student_id"], ada["extra_time"], ada["email"]) == ("ada", 25, "")
    changed = {"students": [{"student_id": "ada", "grade": "9"}], "whole": True}
    fates = {
        each["name"]: each["fate"] for each in api.post(f"{address}/students", changed).json()["changes"]
    }
    assert fates == {"Ada": "changes", "Bo": "leaves"}
    assert names_in(api, address) == ["Ada"]
    out = {"student_ids": ["ada", "nobody"]}
    assert [api.post(f"{address}/students/remove", out).json()["changed"] for _ in range(2)] == [1, 0]
    assert Student.objects.count() == 2


def test_what_is_wrong_with_students_is_named_and_changes_nothing(api: APIClient) -> None:
    address = made(api)
    wrong: list[dict[str, Any]] = [
        {"student_id": "a", "email": "none"},
        {"student_id": "a"},
        {"name": "Bo"},
        {"name": "bo"},
        {"grade": "9"},
    ]
    places = ["/students/0/email", "/students/1/student_id", "/students/3/name", "/students/4"]
    assert pointers(api.post(f"{address}/students", {"students": wrong})) == places
    much = {"students": [{"student_id": "a", "extra_time": 301}]}
    assert pointers(api.post(f"{address}/students", much)) == ["/students/0/extra_time"]
    refused = api.post(f"{address}/roster", {"table": "name,colour\nAda,red\n"})
    assert (refused.status_code, refused.json()["code"]) == (400, "roster_refused")
    assert pointers(api.post(f"{address}/roster", {})) == ["/table"]
    assert Student.objects.count() == ClassMember.objects.count() == 0


def test_a_table_comes_as_text_or_as_a_file(api: APIClient) -> None:
    address = made(api)
    assert api.post(f"{address}/roster", {"table": "Ada\nBo\n"}).json()["counts"] == {"new": 2}
    file = SimpleUploadedFile("9b.csv", b"Vorname,Nachname,Stufe\nAda,,9\n")
    sent = {"file": file, "whole": "true"}
    report = api.post(f"{address}/roster", sent, format="multipart").json()
    assert report["counts"] == {"changes": 1, "leaves": 1}
    assert [each["line"] for each in report["changes"]] == [2, None]


def test_people_teach_it_all_of_a_list_or_none(api: APIClient) -> None:
    User.objects.create_user("meyer", first_name="Eva", last_name="Meyer", is_staff=True)
    address = made(api)
    assert pointers(api.post(f"{address}/teachers", {"usernames": ["meyer", "nobody"]})) == ["/usernames/1"]
    assert api.get(address).json()["teachers"] == []
    eva = {"username": "meyer", "name": "Eva Meyer"}
    for _ in range(2):
        assert api.post(f"{address}/teachers", {"usernames": ["meyer"]}).json() == {"teachers": [eva]}
    assert api.get(address).json()["teachers"] == [eva]
    assert api.post(f"{address}/teachers/remove", {"usernames": ["meyer"]}).json() == {"teachers": []}


def test_a_class_is_given_a_test_takes_it_and_its_results_are_there(api: APIClient) -> None:
    make_named_test(make_pool(6), "algebra", rules={"max_questions": 1})
    address = made(api)
    api.post(f"{address}/students", TWO)
    given = api.put(f"{address}/tests/algebra", {}).json()
    assert (given["test"], given["begun"], given["names_may_be_chosen"]) == ("algebra", 0, False)
    assert api.put(f"{address}/tests/algebra", {"names_may_be_chosen": True}).json() == {
        **given,
        "names_may_be_chosen": True,
    }
    assert [each["test"] for each in api.get(f"{address}/tests").json()["results"]] == ["algebra"]
    slips = api.get(f"{address}/tests/algebra/slips").json()["results"]
    assert [each["name"] for each in slips] == ["Ada", "Bo"]
    browser = client_with(None)
    joined = browser.post("/api/v1/invitations/join", {"code": slips[0]["code"]}).json()
    assert slips[0]["link"].endswith(f"#invitation={joined['invitation']}")
    started = browser.post("/api/v1/invitations/start", {"invitation": joined["invitation"]}).json()
    student = client_with(f"Session {started['session_token']}")
    answer = {"session_id": started["session_id"], "question_id": started["next_question"]["id"]}
    assert student.post("/api/v1/test/submit", {**answer, "response": 0}).status_code == 200
    rows = api.get(f"{address}/tests/algebra/results").json()["results"]
    assert [(row["name"], row["state"]) for row in rows] == [("Ada", "completed"), ("Bo", "not_started")]
    assert (rows[0]["headline"], rows[1]["headline"]) != (None, None)
    german = api.get(f"{address}/tests/algebra/results", headers={"Accept-Language": "de"}).json()
    assert german["results"][0]["headline"] != rows[0]["headline"]
    new_code = api.post(f"{address}/tests/algebra/code").json()["code"]
    assert browser.post("/api/v1/invitations/join", {"code": slips[1]["code"]}).status_code == 404
    assert new_code != given["code"]
    assert api.delete(f"{address}/tests/algebra").json() == {"changed": 1}
    gone = api.delete(f"{address}/tests/algebra")
    assert (gone.status_code, gone.json()["code"]) == (404, "class_test_not_found")


def test_what_is_in_the_archive_is_given_to_nobody(api: APIClient) -> None:
    make_named_test(make_pool(6), "algebra")
    address = made(api)
    api.post("/api/v1/tests/algebra/archive")
    refused = api.put(f"{address}/tests/algebra", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "test_archived")
    assert api.put(f"{address}/tests/nothing", {}).json()["code"] == "test_not_found"
    assert api.get(f"{CLASSES}/nothing").json()["code"] == "class_not_found"


def test_who_teaches_sees_own_classes_and_who_manages_all(api: APIClient) -> None:
    without = [each for each in ALL_PERMISSIONS if each != "manage_classes"]
    teaching = client_with(f"Token {make_token(without)}")
    others, own = made(api, name="theirs"), made(teaching, name="own")
    assert [each["name"] for each in teaching.get(CLASSES).json()["results"]] == ["own"]
    assert api.get(CLASSES).json()["count"] == 2
    assert teaching.get(own).status_code == 200
    for address in (others, f"{others}/students", f"{others}/tests"):
        assert teaching.get(address).json()["code"] == "class_not_found"
    for act, body in (("students", TWO), ("roster", {"table": "Ada"}), ("teachers", {"usernames": ["x"]})):
        assert teaching.post(f"{others}/{act}", body).json()["code"] == "class_not_found"
    assert teaching.post("/api/v1/rosters", {}, format="multipart").status_code == 403


def test_a_school_comes_into_the_organisation_of_who_brought_it(api: APIClient) -> None:
    files = {
        "manifest.csv": "propertyName,value\noneroster.version,1.1\nfile.orgs,bulk\nfile.classes,bulk\n",
        "orgs.csv": "sourcedId,status\no1,\n",
        "classes.csv": "sourcedId,status,title,schoolSourcedId,termSourcedIds\nc1,,9b,o1,\n",
    }
    other = Organisation.objects.create(slug="other", name="Other")
    with acting_for(other.pk):
        theirs = client_with(f"Token {make_token()}")
    for dry_run, classes in ((True, 0), (False, 1)):
        body = {"file": zipped(files), "dry_run": dry_run}
        report = theirs.post("/api/v1/rosters", body, format="multipart").json()
        assert (report["counts"], SchoolClass.objects.count()) == ({"new_class": 1}, classes)
    assert api.get(CLASSES).json()["count"] == 0
    assert theirs.get(CLASSES).json()["results"][0]["source_id"] == "c1"
    wrong = {**files, "orgs.csv": "sourcedId\no1\n"}
    refused = theirs.post("/api/v1/rosters", {"file": zipped(wrong)}, format="multipart")
    assert (pointers(refused), refused.json()["code"]) == (["/file"], "roster_refused")


def zipped(files: dict[str, str]) -> SimpleUploadedFile:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return SimpleUploadedFile("roster.zip", content.getvalue())
