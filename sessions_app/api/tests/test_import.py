"""POST /api/pools/import, with our own formats; the others are tried beside their readers."""

import json
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, pointers
from sessions_app.tests.factories import make_pool, pool_file, question
from testing_engine.interchange import readers
from testing_engine.interchange.imported import ImportedPool, ImportedQuestion, Upload
from testing_engine.models import Question, QuestionImage, QuestionPool

ADDRESS = "/api/pools/import"
CSV = (
    "id;content;options;correct_answer;concept:Math\n"
    "q1;1 + 1?;1|2|3;2;1\n"
    "q2;2 + 2?;3|4;5;1\n"
    "q1;3 + 3?;6|7;6;1\n"
    "q4;4 + 4?;8|9;8;1\n"
)


def send(api: APIClient, file: Any, key: str | None = None, **fields: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(ADDRESS, {"file": file, **fields}, format="multipart", headers=headers)


def csv_file(text: str = CSV) -> SimpleUploadedFile:
    return SimpleUploadedFile("Grade 9.csv", text.encode())


def test_it_takes_what_is_good_and_reports_every_question(api: APIClient) -> None:
    reply = send(api, csv_file())
    assert reply.status_code == 200
    body = reply.json()
    pool = QuestionPool.objects.get()
    assert body == {
        "question_pool_id": str(pool.pk),
        "name": "Grade 9",
        "revision": 1,
        "format": "csv",
        "taken": 2,
        "refused": 2,
        "report": [
            {"source": "line 2", "id": "q1", "outcome": "taken", "reasons": []},
            {
                "source": "line 3",
                "id": "q2",
                "outcome": "refused",
                "reasons": ["correct_answer: The correct answer is none of the options."],
            },
            {
                "source": "line 4",
                "id": "q1",
                "outcome": "refused",
                "reasons": ["id: 'q1' was used before, at line 2."],
            },
            {"source": "line 5", "id": "q4", "outcome": "taken", "reasons": []},
        ],
    }
    assert list(Question.objects.order_by("pk").values_list("external_id", flat=True)) == ["q1", "q4"]


def test_a_dry_run_reports_the_same_and_stores_nothing(api: APIClient) -> None:
    dry = send(api, csv_file(), dry_run="true").json()
    assert QuestionPool.objects.count() == Question.objects.count() == 0
    wet = send(api, csv_file()).json()
    assert dry == {**wet, "question_pool_id": None, "revision": None}


def test_a_pool_by_upload_and_by_import_has_the_same_hash(api: APIClient) -> None:
    imported = send(api, pool_file(), name="Mine").json()
    api.post("/api/questions/upload", json.load(pool_file()))
    hashes = {api.get(f"/api/pools/{pk}").json()["content_hash"] for pk in _pool_ids()}
    assert (imported["name"], imported["format"], len(hashes)) == ("Mine", "json", 1)


def _pool_ids() -> list[UUID]:
    return list(QuestionPool.objects.values_list("pk", flat=True))


def test_the_same_key_is_the_same_pool(api: APIClient) -> None:
    first = send(api, csv_file(), key="k1").json()
    assert send(api, csv_file(), key="k1").json() == first
    assert send(api, csv_file(), key="k2").json()["question_pool_id"] != first["question_pool_id"]
    other = send(api, csv_file(CSV.replace("8;1\n", "9;1\n")), key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert send(api, csv_file(), key="k1", name="Another").status_code == 409
    assert QuestionPool.objects.count() == 2


@pytest.mark.parametrize(
    "given",
    [["Math", "Algebra"], ['["Math", "Algebra"]'], ["Math, Algebra"]],
    ids=["fields", "JSON", "commas"],
)
def test_concept_names_and_areas(api: APIClient, given: list[str]) -> None:
    rows = [question(i, []) | {"area": area} for i, area in enumerate(["Algebra", "Math", "Biology"])]
    body = send(api, pool_file(questions=rows, concept_names=[]), concept_names=given).json()
    assert [line["outcome"] for line in body["report"]] == ["taken", "taken", "refused"]
    assert body["report"][2]["reasons"] == [
        "concepts: The file does not say which of the concepts it measures."
    ]
    assert QuestionPool.objects.get().concept_names == ["Math", "Algebra"]
    assert [q.concepts for q in Question.objects.order_by("external_id")] == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"file": ""}, "/file"),
        ({"format": "h5p"}, "/format"),
        ({"name": "two\nlines"}, "/name"),
        ({"dry_run": "perhaps"}, "/dry_run"),
        ({"dry_run": ["true", "false"]}, "/dry_run"),
        ({"concept_names": ["A", "A"]}, "/concept_names"),
        ({"file": SimpleUploadedFile("a.csv", b"id;content\nq1\n")}, "/file"),
        ({"file": SimpleUploadedFile("a.json", b"{")}, "/file"),
        ({"file": SimpleUploadedFile("a.exe", b"MZ")}, "/file"),
        ({"file": SimpleUploadedFile("a.json", b"[]")}, "/file"),
    ],
)
def test_what_is_wrong_as_a_whole_is_named_and_changes_nothing(
    api: APIClient, fields: dict[str, Any], pointer: str
) -> None:
    reply = send(api, **{"file": csv_file(), **fields})
    assert reply.status_code == 400
    assert pointers(reply) == [pointer]
    assert not QuestionPool.objects.exists()


def test_a_file_of_which_nothing_can_be_taken_makes_no_pool(api: APIClient) -> None:
    body = send(api, csv_file("".join(CSV.splitlines(keepends=True)[i] for i in (0, 2)))).json()
    assert (body["question_pool_id"], body["taken"], body["refused"]) == (None, 0, 1)
    assert not QuestionPool.objects.exists()


def test_a_file_that_is_too_large(api: APIClient, settings: LazySettings) -> None:
    settings.IMPORT_MAX_BYTES = 20
    assert pointers(send(api, csv_file())) == ["/file"]
    reply = send(api, csv_file(CSV + "\n" * 70_000))
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


def picture(colour: str = "red") -> bytes:
    made = BytesIO()
    Image.new("RGB", (4, 4), colour).save(made, "PNG")
    return made.getvalue()


def test_pictures_are_stored_with_the_questions_that_show_them(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def row(name: str, *media: str) -> ImportedQuestion:
        shown = " ".join(f"![p](media:{each})" for each in media)
        return ImportedQuestion(name, name, question(0, [1.0]) | {"id": name, "content": f"Look: {shown}"})

    questions = [row("good", "a.png"), row("half", "b.png", "bad.png"), row("gone", "c.png")]
    media = {"a.png": picture(), "b.png": picture("blue"), "bad.png": b"GIF89a?"}

    def read(_: Upload) -> ImportedPool:
        return ImportedPool("json", "P", questions, media=media)

    monkeypatch.setitem(readers.READERS, "json", read)
    body = send(api, pool_file()).json()
    assert [line["reasons"] for line in body["report"]] == [
        [],
        ["The picture bad.png: This is no PNG, JPEG, GIF or WebP picture."],
        ["The picture c.png is not in the file."],
    ]
    stored = QuestionImage.objects.get()  # none of a question that is refused
    assert Question.objects.get().content == f"Look: ![p](/images/{stored.sha256}.png)"


def test_many_scores_are_put_together_and_the_report_says_so(api: APIClient) -> None:
    choices = [{"id": f"C{i}", "content": f"Choice {i}"} for i in range(9)]
    row = {
        "id": "q1",
        "content": "Which?",
        "concepts": [1],
        "interactions": [{"type": "choice", "response": "R", "choices": choices, "max_choices": 0}],
        "key": {"R": {"mapping": {f"C{i}": 1 for i in range(9)}}},
    }
    body = send(api, pool_file(questions=[row], concept_names=["Math"])).json()
    assert body["report"][0]["outcome"] == "taken_with_loss"
    assert "more different scores" in body["report"][0]["reasons"][0]
    stored = Question.objects.get()
    assert (stored.model, len(stored.thresholds)) == ("GPCM", 5)


def test_a_body_that_breaks_off_is_no_file(api: APIClient) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\n" + CSV.encode()
    )
    whole = form + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    half: dict[str, Any] = {"wsgi.input": BytesIO(form), "CONTENT_LENGTH": str(len(whole))}
    reply = api.generic("POST", ADDRESS, form.decode(), content_type=kind, **half)
    assert (reply.status_code, reply.json()["code"]) == (400, "incomplete_body")
    assert not QuestionPool.objects.exists()
    assert api.generic("POST", ADDRESS, whole.decode(), content_type=kind).status_code == 200


def test_the_template_is_a_file_that_can_be_imported(api: APIClient) -> None:
    reply = api.get("/api/pools/template", {"format": "csv"})
    assert reply.headers["Content-Disposition"] == 'attachment; filename="questions.csv"'
    body = send(api, SimpleUploadedFile("questions.csv", reply.content)).json()
    assert (body["format"], body["taken"], body["refused"]) == ("csv", 3, 0)
    assert api.get("/api/pools/template").content.startswith(b"PK")
    assert pointers(api.get("/api/pools/template", {"format": "ods"})) == ["/format"]


def test_questions_come_into_a_pool_that_is_there_once_for_a_key(api: APIClient) -> None:
    pool = make_pool(3)  # q0, q1, q2
    into = {"question_pool_id": str(pool.pk)}
    dry = send(api, csv_file(), dry_run="true", **into).json()
    assert (dry["question_pool_id"], dry["taken"], dry["refused"]) == (None, 1, 3)
    first = send(api, csv_file(), key="k1", **into).json()
    assert first["report"] == dry["report"]
    assert first["report"][0]["reasons"] == ["id: The pool has a question called 'q1' already."]
    assert (first["question_pool_id"], first["name"], first["revision"]) == (str(pool.pk), pool.name, 2)
    assert send(api, csv_file(), key="k1", **into).json() == first
    again = send(api, csv_file(), **into).json()  # without a key it is another import
    assert (again["question_pool_id"], again["taken"]) == (None, 0)
    assert send(api, csv_file(CSV + "q5;5?;8|9;8;1\n"), key="k1", **into).status_code == 409
    pool.refresh_from_db()
    assert pool.current_revision is not None
    assert (pool.current_revision.number, pool.current_revision.question_count) == (2, 4)


def test_what_a_pool_that_is_there_has_itself_is_not_said_again(api: APIClient) -> None:
    into = {"question_pool_id": str(make_pool(2).pk)}
    assert pointers(send(api, csv_file(), name="Another", **into)) == ["/name"]
    assert pointers(send(api, csv_file(), concept_names="A", **into)) == ["/concept_names"]
    assert pointers(send(api, csv_file(), question_pool_id="Math")) == ["/question_pool_id"]
    for key in (None, "k1"):
        assert pointers(send(api, csv_file(), key, question_pool_id=str(uuid4()))) == ["/question_pool_id"]
