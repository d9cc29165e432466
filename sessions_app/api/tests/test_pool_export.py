"""GET /api/pools/{id}/export and manage.py export_pool: what leaves comes back as it was."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import transaction
from PIL import Image
from rest_framework.test import APIClient

from sessions_app.conftest import client_with
from sessions_app.tests.factories import make_pool, make_token, question
from testing_engine.images import ImageRefused, address_of, keep_image, store_image
from testing_engine.interchange.archives import Archive
from testing_engine.interchange.json_writing import zipped
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import PoolRevision, Question, QuestionImage, QuestionPool
from testing_engine.versions import revise_question

FILL = {"type": "textEntry", "response": "T", "base_type": "float"}
PICK = {
    "type": "choice",
    "response": "R",
    "max_choices": 0,
    "choices": [{"id": each, "content": each * 2, "fixed": each == "C"} for each in "ABC"],
}
WITH_INTERACTIONS = {
    "id": "mixed",
    "content": "Water freezes at [[T]] °C.",
    "concepts": [1, 0.5],
    "passage": "About *water*: $5, `x`.",
    "interactions": [FILL, PICK],
    "key": {"T": {"number": 0, "tolerance": 0.5}, "R": {"mapping": {"A": 1, "B": 0.5, "C": -1}}},
    "categories": [0, 1, 2],
    "model": "GPCM",
    "thresholds": [-0.1, 0.7],
}
SCALE = question(
    7,
    [0, 0.3],
    options=["=never", "-5", "'+'", "often\n@all"],
    correct_answer=None,
    option_scores=[0, 1, 1, 2],
    model="GRM",
    guessing=0,
    thresholds=[-1.1, 1 / 3],
    area="=1+1",
    enemy_groups=["a", "b;=c"],
    question_set="s",
)
PLAIN = [question(1, [1, 0], fixed_options=[3], content="=cmd|' /C calc'!A0"), question(2, [0.1, 2]), SCALE]


def drawing(kind: str = "PNG") -> str:
    """A stored picture's address."""
    file = io.BytesIO()
    Image.effect_mandelbrot((40, 30), (-2, -1, 1, 1), 20).save(file, kind)
    return address_of(store_image(file.getvalue()))


def revision(pool_id: Any) -> PoolRevision:
    return PoolRevision.objects.get(pool_id=pool_id)


def brought_in(api: APIClient, content: bytes, name: str, **fields: Any) -> Mapping[str, Any]:
    upload = {"file": SimpleUploadedFile(name, content), **fields}
    body: Mapping[str, Any] = api.post("/api/pools/import", upload, format="multipart").json()
    return body


@dataclass
class Elsewhere:
    """What another service exported: nothing of it is stored here."""

    content: bytes
    pool: QuestionPool
    content_hash: str
    pictures: Mapping[str, bytes]


def elsewhere(api: APIClient, rows: Callable[[], list[dict[str, Any]]], **fields: Any) -> Elsewhere:
    with transaction.atomic():
        pool = make_pool(rows(), concepts=2, **fields)
        address = f"/api/pools/{pool.pk}/export"
        reply = api.get(address)
        assert reply.status_code == 200
        assert reply["Questions-Not-Whole"] == "0"
        suffix = "zip" if QuestionImage.objects.exists() else "json"
        assert reply["Content-Disposition"] == f'attachment; filename="{pool.pk}-1.{suffix}"'
        assert api.get(address).content == reply.content
        found = Elsewhere(reply.content, pool, revision(pool.pk).content_hash, pictures())
        transaction.set_rollback(True)
    return found


def pictures() -> Mapping[str, bytes]:
    return {image.sha256: bytes(image.content) for image in QuestionImage.objects.all()}


def with_pictures() -> list[dict[str, Any]]:
    shown = f"![A set]({drawing()}) ![again]({drawing('JPEG')})"
    return [question(9, [1, 0], content=shown), {**question(10, [1, 0]), "passage": shown}, *PLAIN]


@pytest.mark.parametrize("rows", [lambda: [*PLAIN, WITH_INTERACTIONS], with_pictures])
def test_json_comes_back_as_the_same_revision(
    api: APIClient, db: None, rows: Callable[[], list[dict[str, Any]]]
) -> None:
    out = elsewhere(api, rows, scale="Grade 9")
    assert not pictures()
    body = brought_in(api, out.content, "out")
    assert (body["format"], body["refused"]) == ("json", 0), body
    assert revision(body["question_pool_id"]).content_hash == out.content_hash
    made = QuestionPool.objects.get(pk=body["question_pool_id"])
    assert (made.name, made.concept_names, made.scale.name) == (
        out.pool.name,
        out.pool.concept_names,
        "Grade 9",
    )
    assert pictures() == out.pictures


def test_a_picture_that_is_not_what_its_address_says_refuses_its_question(api: APIClient, db: None) -> None:
    out = Archive(elsewhere(api, with_pictures).content)
    files = {name: out.read(name) for name in out.names}
    broken = next(name for name in files if name.endswith("jpg"))
    body = brought_in(api, zipped({**files, broken: files[broken] + b"<script>"}), "out.zip")
    assert (body["taken"], body["refused"]) == (3, 2)
    assert "Its content is not the one" in body["report"][0]["reasons"][0]
    assert not pictures()

    more = files[broken] + b"<script>"  # under an address of its own, but no picture of ours
    address = f"/images/{hashlib.sha256(more).hexdigest()}.jpg"
    with pytest.raises(ImageRefused, match="not made by a service like this"):
        keep_image(more, address)


def test_a_table_comes_back_as_the_same_revision(api: APIClient, db: None) -> None:
    pool = make_pool(PLAIN, concepts=2)
    reply = api.get(f"/api/pools/{pool.pk}/export", {"format": "csv"})
    assert reply["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"), newline="")))
    assert rows[0]["content"] == "'=cmd|' /C calc'!A0"  # no spreadsheet runs it
    assert rows[2]["options"] == "'=never|'-5|''+'|often\n'@all"
    assert [row["guarded"] for row in rows] == ["yes", "", "yes"]
    body = brought_in(api, reply.content, "out.csv")
    assert body["refused"] == 0, body
    assert revision(body["question_pool_id"]).content_hash == revision(pool.pk).content_hash


def test_a_table_names_what_it_cannot_carry(api: APIClient, db: None, tmp_path: Path) -> None:
    bar = question(3, [1, 0], options=["a|b", "c "], correct_answer="c ")
    shown = question(4, [1, 0], content=f"![A set]({drawing()})")
    pool = make_pool([*PLAIN, WITH_INTERACTIONS, bar, shown], concepts=2)
    address = f"/api/pools/{pool.pk}/export"
    refused = api.get(address, {"format": "csv"})
    assert (refused.status_code, refused.json()["code"]) == (409, "export_not_whole")
    assert "2 of 6 questions do not fit this format: mixed, q3." in refused.json()["detail"]
    body = api.get(address, {"format": "csv", "report": "true"}).json()
    assert (body["whole"], body["with_loss"], body["left_out"]) == (3, 1, 2)
    outcomes = {line["id"]: line["reasons"] for line in body["report"] if line["outcome"] != "whole"}
    assert list(outcomes) == ["mixed", "q3", "q4"]
    assert len(outcomes["q3"]) == 2
    incomplete = api.get(address, {"format": "csv", "incomplete": "true"})
    assert incomplete["Questions-Not-Whole"] == "1"
    assert brought_in(api, incomplete.content, "out.csv")["taken"] == 4

    file, said = tmp_path / "out.csv", StringIO()
    with pytest.raises(CommandError, match="2 questions do not fit"):
        call_command("export_pool", pool.pk, format="csv", output=file, stdout=said)
    assert not file.exists()
    call_command("export_pool", pool.pk, format="csv", output=file, incomplete=True, stdout=said)
    assert file.read_bytes() == incomplete.content
    assert "left_out  mixed\n" in said.getvalue()
    assert "4 questions, 1 of them not whole; 2 are left out." in said.getvalue()


def test_an_older_revision_leaves_as_it_was(api: APIClient, db: None) -> None:
    pool = make_pool(2)
    (changed,) = parse_pool({"questions": [question(1, [1], difficulty=3)]}).questions
    revise_question(pool, changed)
    address = f"/api/pools/{pool.pk}/export"
    old, new = (api.get(address, {"revision": number}).json()["questions"][1] for number in (1, 2))
    assert (old["difficulty"], new["difficulty"]) != (3, old["difficulty"])
    assert new["difficulty"] == 3
    assert api.get(address).json()["questions"][1] == new
    assert api.get(address, {"revision": 3}).status_code == 404


def test_who_may_author_does_not_get_the_key(api: APIClient, pool: QuestionPool) -> None:
    author = client_with(f"Token {make_token(['author_pools'])}")
    assert author.get(f"/api/pools/{pool.pk}/export").status_code == 403
    assert author.get(f"/api/pools/{pool.pk}/export", {"report": "true"}).status_code == 403
    assert api.get(f"/api/pools/{pool.pk}/export", {"format": "xml"}).status_code == 400
    assert "option_scores" in json.loads(api.get(f"/api/pools/{pool.pk}/export").content)["questions"][0]
    assert Question.objects.count() == 40
