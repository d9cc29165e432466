"""Pools at the desk: list, new, copy, archive."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from desk.tests.conftest import somebody
from sessions_app.conftest import answer_questions, client_with
from sessions_app.tests.factories import make_pool, make_token
from testing_engine import pools
from testing_engine.authoring import contents, shelf
from testing_engine.importing import import_pool
from testing_engine.interchange.imported import Upload
from testing_engine.models import Question, QuestionPool


def test_it_says_what_to_do_while_there_is_nothing(author: Client) -> None:
    assert "There is no pool yet" in author.get("/desk/questions/").content.decode()


def test_a_new_pool_sent_twice_is_one(author: Client) -> None:
    page = author.get("/desk/questions/new")
    fields = {
        "pool_id": str(page.context["form"]["pool_id"].value()),
        "name": " Grade  9 ",
        "concept_names": "A\n\nB\nA",
    }
    first, second = (author.post("/desk/questions/new", fields) for _ in range(2))
    assert first["Location"] == second["Location"]
    pool = QuestionPool.objects.get()
    assert (pool.name, pool.concept_names, pool.concept_count) == ("Grade 9", ["A", "B"], 2)
    assert "no questions yet" in author.get("/desk/questions/").content.decode()
    api = client_with(f"Token {make_token()}")
    assert api.get(f"/api/pools/{pool.pk}").status_code == 404  # nothing to draw from yet
    assert (
        author.post(
            f"/desk/questions/{pool.pk}/copy", {"copy_id": str(uuid.uuid4()), "name": "C"}
        ).status_code
        == 302
    )


def test_what_a_pool_measures_need_not_be_said(author: Client) -> None:
    author.post("/desk/questions/new", {"pool_id": str(uuid.uuid4()), "name": "Grade 9", "concept_names": ""})
    assert QuestionPool.objects.get().concept_names == ["Grade 9"]


def test_what_is_wrong_stands_at_the_field_and_keeps_what_was_typed(author: Client) -> None:
    fields = {"pool_id": str(uuid.uuid4()), "name": "a\u200bb", "concept_names": "Fractions\nDecimals"}
    page = author.post("/desk/questions/new", fields)
    assert page.context["form"].errors.keys() == {"name"}
    assert "Fractions\nDecimals" in page.content.decode()
    assert not QuestionPool.objects.exists()


def test_the_list_is_searched_and_paged(author: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "PAGE", 2)
    for number in range(5):
        shelf.new_pool(uuid.uuid4(), f"Pool {number}", ("A",))
    seen, after = [], ""
    while True:
        page = shelf.find_pools(after=after)
        seen += [card.name for card in page.cards]
        if not (after := page.following):
            break
    assert seen == [f"Pool {number}" for number in (4, 3, 2, 1, 0)]
    assert [card.name for card in shelf.find_pools("ool 3").cards] == ["Pool 3"]
    part = author.get("/desk/questions/?search=ool+3", headers={"HX-Request": "true"}).content.decode()
    assert "Pool 3" in part
    assert "<html" not in part
    assert shelf.find_pools(after="x_y").cards


def test_a_copy_has_the_same_questions_and_is_its_own(author: Client) -> None:
    pool = make_pool(3)
    fields = {"copy_id": str(uuid.uuid4()), "name": "Copy"}
    for _ in range(2):
        reply = author.post(f"/desk/questions/{pool.pk}/copy", fields)
    copy = QuestionPool.objects.get(name="Copy")
    assert reply["Location"] == f"/desk/questions/{copy.pk}/"
    assert copy.current_revision is not None
    assert pool.current_revision is not None
    assert copy.current_revision.content_hash == pool.current_revision.content_hash
    assert not {q.pk for q in pools.current_questions(copy)} & {q.pk for q in pools.current_questions(pool)}
    assert Question.objects.filter(pool=pool).count() == 3


def test_an_archived_pool_is_not_offered_and_comes_back(author: Client) -> None:
    older, newer = make_pool(3, name="Older"), make_pool(3, name="Newer")
    pools.choose_default(newer)
    api = client_with(f"Token {make_token()}")
    for _ in range(2):
        author.post(f"/desk/questions/{newer.pk}/archive")
    assert [card.name for card in shelf.find_pools().cards] == ["Older"]
    assert [card.name for card in shelf.find_pools(archived=True).cards] == ["Newer"]
    assert [pool["name"] for pool in api.get("/api/pools").json()["results"]] == ["Older"]
    assert pools.offered().first() == older
    named = {"student_id": "s", "question_pool_id": str(newer.pk)}
    assert api.post("/api/test/start", named).status_code == 200  # what names it goes on
    assert "in the archive" in author.get(f"/desk/questions/{newer.pk}/").content.decode()
    author.post(f"/desk/questions/{newer.pk}/restore")
    assert {card.name for card in shelf.find_pools().cards} == {"Older", "Newer"}


def test_it_leaves_as_a_file_that_comes_back(author: Client) -> None:
    pool = make_pool(3, name="Élan 7")
    address = f"/desk/questions/{pool.pk}/export"
    assert author.get(address).status_code == 403  # who writes questions need not see every key
    author = somebody("testing_engine.author_pools", "testing_engine.export_pools")
    page = author.get(address, {"format": "csv"})
    assert {name: len(found) for name, found in page.context["told"].items()} == {
        "left_out": 0,
        "with_loss": 0,
        "whole": 3,
    }
    file = author.get(address, {"format": "json", "file": "1"})
    assert file["Content-Disposition"] == 'attachment; filename="elan-7.json"'
    again = import_pool(Upload("elan-7.json", file.content)).pool
    assert again is not None
    assert again.current_revision is not None
    assert pool.current_revision is not None
    assert again.current_revision.content_hash == pool.current_revision.content_hash
    assert author.get(address, {"format": "nothing"}).status_code == 200


def test_it_is_renamed(author: Client) -> None:
    pool = make_pool(2)
    author.post(f"/desk/questions/{pool.pk}/settings", {"name": "Other"})
    assert QuestionPool.objects.get().name == "Other"
    assert author.post(f"/desk/questions/{pool.pk}/settings", {"name": ""}).context["rename"].errors


def test_times_of_quick_guesses_are_found(author: Client) -> None:
    pool = make_pool(2)
    page, address = (f"/desk/questions/{pool.pk}/{name}" for name in ("settings", "thresholds"))
    form = {"name": "normative", "percent": "15", "least": "1", "most": "10"}
    assert "recorded a time" in author.post(address, form).content.decode()
    api = client_with(f"Token {make_token()}")
    body = {"student_id": "s1", "question_pool_id": str(pool.pk), "rules": {"max_questions": 2}}
    answer_questions(api, api.post("/api/test/start", body).json(), 2)
    assert author.post(address, {**form, "most": "0.5"}).context["thresholds"].errors.keys() == {"most"}
    assert author.post(address, form)["Location"] == page
    shown = author.get(page)
    assert shown.context["kept"].answers == 2
    assert shown.context["thresholds"]["percent"].value() == 15
    assert "No question has answers enough" in shown.content.decode()
    assert author.get(address)["Location"] == page


def test_a_long_list_of_questions_asks_the_database_no_more_than_a_short_one(db: None) -> None:
    counts = []
    for pool in (make_pool(2), make_pool(9)):
        with CaptureQueriesContext(connection) as asked:
            contents.find_questions(pool.pk)
        counts.append(len(asked))
    assert counts[0] == counts[1] == 3
