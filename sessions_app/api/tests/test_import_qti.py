"""A QTI package from the file to a student's answer: by the API, and on the command line."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from sessions_app.api.tests.test_import import ADDRESS, picture
from testing_engine.interchange.qti.tests.samples import CHOICES, MAP, MATCH, declared, item, mapped, package
from testing_engine.interchange.qti.tests.test_templates import SUM
from testing_engine.models import Question, QuestionImage, QuestionPool

PICTURE = '<p><img src="dot.png" alt="A dot"/></p>'
PARTS = declared(["A", "C"], cardinality="multiple", inside=mapped({"A": 1, "C": 1, "B": -1}, lowerBound="0"))
FILES: dict[str, str | bytes] = {
    "one.xml": item(declared("B"), PICTURE + CHOICES.format(most=1), MATCH, identifier="one"),
    "two.xml": item(PARTS, CHOICES.format(most=0), MAP, identifier="two"),
    "essay.xml": item(
        declared(base_type="string"),
        '<extendedTextInteraction responseIdentifier="RESPONSE"/>',
        MATCH,
        identifier="essay",
    ),
    "dot.png": picture(),
}


def test_a_package_becomes_a_test_that_scores_as_the_file_says(api: APIClient) -> None:
    upload = SimpleUploadedFile("exam.zip", package(FILES))
    body = api.post(ADDRESS, {"file": upload}, format="multipart").json()
    assert (body["format"], body["name"], body["taken"], body["refused"]) == ("qti", "exam", 2, 1)
    (refused,) = [line for line in body["report"] if line["outcome"] == "refused"]
    assert (refused["source"], refused["id"]) == ("essay.xml", "essay")
    assert refused["reasons"] == ["Line 4: extendedTextInteraction: a person must score it."]
    one, two = Question.objects.order_by("external_id")
    assert one.content == f"![A dot](/images/{QuestionImage.objects.get().sha256}.png)"
    assert (one.model, two.model) == ("2PL", "GPCM")

    request = {"student_id": "s1", "question_pool_id": body["question_pool_id"]}
    started = api.post("/api/test/start", request).json()
    assert started["next_question"], started
    asked = started["next_question"]
    assert "scoring" not in asked
    for _ in range(2):
        response = {"one": {"RESPONSE": "B"}, "two": {"RESPONSE": ["C", "A"]}}[asked["id"]]
        answer = {"session_id": started["session_id"], "question_id": asked["id"], "response": response}
        reply = api.post("/api/test/submit", answer).json()
        if not (asked := reply.get("next_question")):
            break
    responses = api.get(f"/api/sessions/{started['session_id']}/responses").json()["results"]
    assert {row["question_id"]: row["score"] for row in responses} == {"one": 1, "two": 2}


def test_the_command_prints_the_report(db: None, tmp_path: Path) -> None:
    file = tmp_path / "exam.zip"
    file.write_bytes(package(FILES))
    said = StringIO()
    call_command("import_pool", file, dry_run=True, stdout=said)
    assert "refused         essay.xml  essay\n" in said.getvalue()
    assert "qti: 2 taken, 1 refused." in said.getvalue()
    assert not QuestionPool.objects.exists()
    call_command("import_pool", file, name="Final", stdout=said)
    assert QuestionPool.objects.get().name == "Final"


def test_the_command_fails_where_nothing_can_be_taken(db: None, tmp_path: Path) -> None:
    file = tmp_path / "essay.xml"
    file.write_text(str(FILES["essay.xml"]))
    with pytest.raises(CommandError, match="no question could be taken"):
        call_command("import_pool", file, stdout=StringIO())
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_pool", file, format="json", stdout=StringIO())


def test_variants_of_a_template_are_a_pool_of_enemies(api: APIClient) -> None:
    def send(**fields: object) -> list[str]:
        file = SimpleUploadedFile("sum.xml", SUM.encode())
        body = api.post(ADDRESS, {"file": file, **fields}, format="multipart").json()
        return [line["id"] for line in body["report"] if line["outcome"] == "taken_with_loss"]

    assert send(variants=3, seed=7) == ["sum-1", "sum-2", "sum-3"]
    assert list(Question.objects.values_list("enemy_groups", flat=True)) == [["sum"]] * 3
    drawn = Question.objects.get(external_id="sum-1").content
    assert send(variants=1, seed=7) == ["sum-1"]
    assert Question.objects.filter(external_id="sum-1", content=drawn).count() == 2
    refused = api.post(
        ADDRESS, {"file": SimpleUploadedFile("a.xml", b"<a/>"), "variants": 51}, format="multipart"
    )
    assert refused.status_code == 400
