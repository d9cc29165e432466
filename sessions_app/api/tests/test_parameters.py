"""POST /api/pools/ID/parameters, and the same by `manage.py import_parameters`."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, connection, connections, transaction
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, Start, answer_questions, client_with, pointers
from sessions_app.review.surroundings import changed_parameter_sources
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import ParameterSource, PoolRevision, Question, QuestionPool
from testing_engine.pools import newest_question
from testing_engine.revisions import load_revision

TABLE = "item,a,b,c\nq0,1.2,-0.5,0.2\nq1,0.8,1.5,0\nq77,1,0,0\n"
READ = {"source": "plain", "choices": {"scaling": "1.7"}}


def send(api: APIClient, pool: QuestionPool, **fields: Any) -> Reply:
    return api.post(f"/api/pools/{pool.pk}/parameters", {"table": TABLE, **fields})


@pytest.fixture
def small(db: None) -> QuestionPool:
    return make_pool(4)


def test_a_look_lists_candidates_both_sides_and_three_curves(api: APIClient, small: QuestionPool) -> None:
    body = send(api, small, dry_run=True).json()
    assert [candidate["source"] for candidate in body["candidates"]] == ["plain"]
    assert (body["to_say"], body["curves"], body["published"]) == (["scaling"], [], False)
    body = send(api, small, dry_run=True, **READ).json()
    assert (body["revision"], body["matched"], body["changed"], body["id_column"]) == (1, 2, 2, "item")
    assert body["not_in_pool"] == [
        {"line": 4, "id": "q77", "message": "The pool has no question of that id."}
    ]
    assert body["not_in_table"] == ["q2", "q3"]
    assert [curves["id"] for curves in body["curves"]] == ["q0", "q1"]
    middle = len(body["theta"]) // 2
    before, after = (body["curves"][0][name][1][middle] for name in ("before", "after"))
    bank = load_revision(small.current_revision_id or 0).bank
    assert before == pytest.approx(bank.probabilities([0.0])[0, 1], abs=1e-12)
    assert after == pytest.approx(0.2 + 0.8 / (1 + 2.718281828459045 ** (-1.7 * 1.2 * 0.5)), abs=1e-12)
    assert PoolRevision.objects.count() == 1


def test_it_publishes_a_revision_and_keeps_where_it_came_from(
    api: APIClient, small: QuestionPool, start: Start
) -> None:
    started = start(question_pool_id=str(small.pk), end_criteria={"type": "fixed_length", "max_questions": 3})
    body = send(api, small, revision=1, **READ).json()
    assert (body["revision"], body["published"], body["changed"]) == (2, True, 2)
    source = ParameterSource.objects.get()
    assert (source.table_sha256, source.changed) == (body["table_sha256"], 2)
    assert source.choices == {
        "source": "plain",
        "id_column": "item",
        "choices": {"model": "3PL", "scaling": "1.7", "sign": "difficulty"},
    }
    small.refresh_from_db()
    question = newest_question(small, "q0")
    assert question is not None
    old = Question.objects.get(pool=small, external_id="q0", version=1)
    assert (question.discrimination, question.difficulty, question.guessing) == (1.7 * 1.2, -0.5, 0.2)
    assert (question.version, question.content, question.option_scores) == (2, old.content, old.option_scores)
    answer_questions(api, started, 3)  # a running test keeps its revision


def test_repeating_is_safe_and_another_table_at_once_is_refused(api: APIClient, small: QuestionPool) -> None:
    first = send(api, small, revision=1, **READ).json()
    assert send(api, small, revision=1, **READ).json()["revision"] == first["revision"] == 2
    other = {"source": "plain", "choices": {"scaling": "1"}}
    refused = send(api, small, revision=1, **other)
    assert (refused.status_code, refused.json()["code"]) == (409, "pool_was_revised")
    assert refused.json()["revision"] == 2
    same = send(api, small, revision=2, **READ).json()
    assert (same["revision"], same["published"], same["changed"]) == (2, False, 0)
    assert PoolRevision.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_published() -> None:
    pool, token = make_pool(4), make_token()

    def publish(scaling: str) -> int:
        fields = {"source": "plain", "choices": {"scaling": scaling}, "revision": 1}
        try:
            return int(send(client_with(f"Token {token}"), pool, **fields).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as executor:
        replies = list(executor.map(publish, ("1", "1.7")))
    assert sorted(replies) == [200, 409]
    assert PoolRevision.objects.filter(pool=pool).count() == 2


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"table": "hello"}, ["/table"]),
        ({"table": "id,weight\nq0,3\n"}, ["/table"]),
        ({"table": "id,a,b,c,d\nq0,1,0,0,1\n"}, ["/source"]),
        ({}, ["/source", "/choices/scaling"]),
        ({"source": "TAM"}, ["/source"]),
        ({"source": "plain", "choices": {"scaling": "2"}}, ["/choices/scaling"]),
        ({"source": "plain", "choices": {"scaling": "1", "D": "1"}}, ["/choices/D"]),
        ({**READ, "id_column": "name"}, ["/id_column"]),
        ({**READ, "table": "item,a,b\nx,1,0\n"}, ["/id_column"]),
        ({**READ, "table": "item,a,b\nq0,-1,0\nq1,1,0\n"}, ["/table"]),
        ({**READ, "choices": "scaling"}, ["/choices"]),
        ({"revision": None, **READ}, ["/revision"]),
    ],
)
def test_what_is_not_confirmed_or_cannot_be_changes_nothing(
    api: APIClient, small: QuestionPool, fields: dict[str, Any], where: list[str]
) -> None:
    body = {name: value for name, value in {"revision": 1, **fields}.items() if value is not None}
    assert pointers(send(api, small, **body)) == where
    assert PoolRevision.objects.count() == 1


def test_a_file_in_a_form(api: APIClient, small: QuestionPool) -> None:
    content = TABLE.replace(",", ";").replace(".", ",").encode()
    file, again = (SimpleUploadedFile("table.csv", content) for _ in range(2))
    fields = {"source": "plain", "choices": '{"scaling": "1.7"}', "revision": "1"}
    address = f"/api/pools/{small.pk}/parameters"
    reply = api.post(address, {"file": file, **fields}, format="multipart")
    assert reply.json()["published"] is True
    both = api.post(address, {"table": TABLE, "file": again, **fields}, format="multipart")
    assert pointers(both) == ["/table"]


def test_the_database_keeps_sources_as_they_are(api: APIClient, small: QuestionPool) -> None:
    send(api, small, revision=1, **READ)
    assert list(changed_parameter_sources()) == []
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        ParameterSource.objects.update(changed=9)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE parameter_sources DISABLE TRIGGER parameter_sources_never_change")
        cursor.execute("UPDATE parameter_sources SET choices = '{}'")
    assert [found.where for found in changed_parameter_sources()] == [f"pool {small.pk}, revision 2"]


def test_the_command_looks_and_publishes(tmp_path: Path, small: QuestionPool) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    out = StringIO()
    call_command("import_parameters", str(small.pk), str(path), stdout=out)
    assert "scaling: 1 | 1.7 | 1.702, must be said" in out.getvalue()
    assert "Nothing was published." in out.getvalue()
    with pytest.raises(CommandError, match="scaling must be said"):
        call_command("import_parameters", str(small.pk), str(path), source="plain", stdout=out)
    choice = {"source": "plain", "choice": ["scaling=1"]}
    call_command("import_parameters", str(small.pk), str(path), **choice, stdout=out)
    assert "Revision 2: 2 questions have other parameters." in out.getvalue()
    assert "Not in the pool (1):\n  q77" in out.getvalue()
    with pytest.raises(CommandError, match="There is no pool"):
        call_command("import_parameters", "x", str(path))
