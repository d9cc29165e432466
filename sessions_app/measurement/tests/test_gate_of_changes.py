"""The gate on every way to a revision: what a test measures with is looked at, and nothing else."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.administration import pool_imports
from sessions_app.measurement import changes, gate
from sessions_app.models import GateCheck, Simulation
from sessions_app.refusals import GateRefused
from sessions_app.tests.factories import make_pool, pool_document, question
from testing_engine import approval, versions
from testing_engine.authoring import bulk
from testing_engine.importing import Wishes
from testing_engine.interchange.imported import Upload
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import QuestionDraft, current_questions, revise_fields
from testing_engine.revisions import item_parameters

CANNOT_HOLD = {"standard_error": 0.05, "students": 50}
TABLE = "item,a,b,c\nq0,1.2,-0.5,0.2\n"


@pytest.fixture
def gated(db: None) -> QuestionPool:
    """A pool that cannot hold what it requires, so that whatever is looked at is refused."""
    pool = make_pool([*(question(i, [1.0]) for i in range(5)), question(5, [1.0], state="not_calibrated")])
    gate.require(pool, CANNOT_HOLD, None)
    return pool


def newest(pool: QuestionPool) -> QuestionPool:
    return QuestionPool.objects.select_related("current_revision").get(pk=pool.pk)


def draft_of(row: Question, **changed: Any) -> QuestionDraft:
    fields = {
        "external_id": row.external_id,
        "content": row.content,
        "options": tuple(row.options),
        "option_scores": tuple(row.option_scores),
        "parameters": item_parameters(row),
    }
    return QuestionDraft(**{**fields, **changed})


def unseen(pool: QuestionPool) -> QuestionDraft:
    """A question that nobody has calibrated."""
    return draft_of(current_questions(pool)[5], external_id="new")


COSTS_NOTHING: dict[str, Callable[[QuestionPool], Any]] = {
    "other words and another key": lambda pool: versions.revise_question(
        pool, draft_of(current_questions(pool)[0], content="Or?", option_scores=(0, 0, 0, 1))
    ),
    "a question without parameters": lambda pool: versions.add_question(pool, unseen(pool)),
    "such a one archived": lambda pool: versions.archive_question(pool, "q5"),
}
IS_LOOKED_AT: dict[str, Callable[[QuestionPool], Any]] = {
    "parameters": lambda pool: revise_fields(pool, 1, {"q1": {"difficulty": 2.0}}),
    "a state": lambda pool: revise_fields(pool, 1, {"q1": {"state": "retired"}}),
    "a question with parameters": lambda pool: versions.add_question(
        pool, draft_of(current_questions(pool)[0], external_id="new")
    ),
    "one archived": lambda pool: versions.archive_question(pool, "q1"),
    "areas of many": lambda pool: bulk.change_many(pool.pk, 1, ["q1", "q2"], "area", "sums"),
}


@pytest.mark.parametrize("name", COSTS_NOTHING)
def test_what_no_test_measures_with_goes_through(gated: QuestionPool, name: str) -> None:
    COSTS_NOTHING[name](gated)
    assert newest(gated).current_revision.number == 2  # type: ignore[union-attr]
    assert not GateCheck.objects.exists()


@pytest.mark.parametrize("name", IS_LOOKED_AT)
def test_what_a_test_measures_with_is_looked_at(gated: QuestionPool, name: str) -> None:
    before = Question.objects.count()
    with pytest.raises(GateRefused, match="The mean standard error is 0"):
        IS_LOOKED_AT[name](gated)
    assert newest(gated).current_revision == gated.current_revision
    assert (Question.objects.count(), GateCheck.objects.count()) == (before, 0)
    with approval.in_the_name_of(None, " It is a pilot. "):
        IS_LOOKED_AT[name](gated)
    check = GateCheck.objects.get()
    assert check.made == newest(gated).current_revision
    assert (check.revision, check.override_reason) == (gated.current_revision, "It is a pilot.")
    assert approval.hand() == approval.Hand()


def test_what_holds_goes_through_and_is_recorded(gated: QuestionPool) -> None:
    gate.require(gated, {"standard_error": 2.0, "students": 50}, None)
    IS_LOOKED_AT["parameters"](gated)
    check = GateCheck.objects.get()
    assert (check.shortfalls, check.override_reason, check.found["numbers"]["students"]) == ([], "", 50)
    gate.require(gated, {"no_errors": True}, None)  # which says nothing of questions
    revise_fields(newest(gated), 2, {"q1": {"difficulty": 1.0}})
    gate.require(gated, {}, None)
    revise_fields(newest(gated), 3, {"q1": {"difficulty": 0.5}})
    assert GateCheck.objects.count() == 1
    assert not Simulation.objects.exists()


def test_without_a_question_that_counts_nothing_can_be_measured(gated: QuestionPool) -> None:
    with pytest.raises(GateRefused, match="The rules cannot be simulated"):
        revise_fields(gated, 1, {f"q{i}": {"state": "retired"} for i in range(5)})


def test_over_the_api(api: APIClient, gated: QuestionPool) -> None:
    address = f"/api/pools/{gated.pk}/parameters"
    body = {"table": TABLE, "source": "plain", "choices": {"scaling": "1.7"}, "revision": 1}
    refused = api.post(address, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_refused")
    assert api.post(address, {**body, "override_reason": "Known before."}).status_code == 200
    check = GateCheck.objects.get()
    assert (check.override_reason, check.by is not None) == ("Known before.", True)

    def imported(key: str | None, number: int = 7, **fields: Any) -> Any:
        file = SimpleUploadedFile("more.json", content_of(number))
        headers = {} if key is None else {"Idempotency-Key": key}
        form = {"file": file, "question_pool_id": str(gated.pk), **fields}
        return api.post("/api/pools/import", form, format="multipart", headers=headers)

    assert (imported(None).status_code, imported(None).json()["code"]) == (409, "gate_refused")
    keyed = imported("one")
    assert (keyed.status_code, keyed.json()["errors"][0]["pointer"]) == (400, "/override_reason")
    assert imported("two", override_reason="More of the same.").status_code == 200
    asked = imported("three", 8, in_background=True).json()["import_id"]
    pool_imports.run(asked)
    assert api.get(f"/api/pools/imports/{asked}").json()["state"] == "failed"
    assert GateCheck.objects.count() == 2
    upload, wishes = Upload("more.json", content_of(8)), Wishes(into=gated.pk, dry_run=True)
    looked = pool_imports.ask(upload, wishes, check.by_id, keeps_file=True)
    pool_imports.run(looked)
    for reason, state in (("", "failed"), ("", "failed"), ("Enough of them.", "done")):
        taken = pool_imports.take(str(looked), check.by_id or 0, reason)
        pool_imports.run(taken)
        assert pool_imports.progress(str(taken), check.by_id).state == state
    assert GateCheck.objects.latest("created_at").override_reason == "Enough of them."


def content_of(number: int) -> bytes:
    """A file of one question with parameters."""
    return json.dumps(pool_document([question(number, [1.0])])).encode()


def test_by_command(gated: QuestionPool, tmp_path: Path) -> None:
    table, more = tmp_path / "parameters.csv", tmp_path / "more.json"
    table.write_text(TABLE)
    more.write_bytes(content_of(7))
    commands: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (("import_parameters", str(gated.pk), str(table)), {"source": "plain", "choice": ["scaling=1.7"]}),
        (("import_pool", str(more)), {"into": gated.pk}),
    ]
    for command, options in commands:
        with pytest.raises(CommandError, match="requirements are not met"):
            call_command(*command, stdout=io.StringIO(), **options)
        call_command(*command, stdout=io.StringIO(), override="An experiment.", **options)
    assert newest(gated).current_revision.number == 3  # type: ignore[union-attr]
    assert GateCheck.objects.filter(override_reason="An experiment.").count() == 2


def test_in_the_admin_it_is_said(client: Client, gated: QuestionPool) -> None:
    client.force_login(User.objects.create_superuser("root"))
    row = current_questions(gated)[0]
    address = f"/admin/testing_engine/question/{row.pk}/change/"
    form = client.get(address).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    page = client.post(address, {**data, "difficulty": "2.5"}, follow=True)
    assert "Nothing was published. The pool" in page.content.decode()
    assert newest(gated).current_revision == gated.current_revision


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ([1, 2, 3, 4], [1, 2, 9, 4], ([3], [9])),
        ([1, 2, 3], [1, 2, 3, 9], ([], [9])),
        ([1, 2, 3], [1, 3], ([2], [])),
        ([1, 2, 3], [1, 2, 3], ([], [])),
        ([1, 2, 3], [3, 2, 1], ([1, 2, 3], [3, 2, 1])),
        ([1, 2], [1, 2, 1, 2], ([], [1, 2])),
        ([], [1], ([], [1])),
    ],
)
def test_only_what_does_not_stay_is_read(
    before: list[int], after: list[int], between: tuple[list[int], list[int]]
) -> None:
    assert changes.between_what_stays(before, after) == between
