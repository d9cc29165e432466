"""What a pool's requirements stop at the desk goes on with a reason, with all that was typed."""

import re

import pytest
from django.test import Client

from desk.tests.conftest import somebody
from desk.tests.test_parameters import CHOICES, TABLE
from sessions_app.measurement import gate
from sessions_app.models import GateCheck, LongJob
from sessions_app.tasks import do_long_job
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool
from testing_engine.pools import current_questions

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def gated(db: None) -> QuestionPool:
    pool = make_pool(4)
    gate.require(pool, {"standard_error": 0.05, "students": 50}, None)
    return pool


def test_archiving_and_a_change_of_many_ask_for_a_reason(gated: QuestionPool) -> None:
    author = somebody("testing_engine.author_pools", "testing_engine.change_question")
    pk = current_questions(gated)[1].pk
    archive = f"/desk/questions/{gated.pk}/q/{pk}/archive"
    many = f"/desk/questions/{gated.pk}/table/change"
    change = {"change": "area", "name": "sums & more", "id": ["q0", "q2"], "revision": "2"}
    for number, (address, fields) in enumerate(((archive, {}), (many, change)), start=2):
        refused = author.post(address, fields)
        told = refused.content.decode()
        assert refused.status_code == 409
        assert "The mean standard error is" in told
        assert "Publish it for this reason" in told
        kept = {(name, value) for name, value in HIDDEN.findall(told) if name != "csrfmiddlewaretoken"}
        assert ("name", "sums &amp; more") in kept or not fields
        assert {("id", "q0"), ("id", "q2")} <= kept or not fields
        german = author.post(f"{address}?language=de", fields).content.decode()
        assert "Aus diesem Grund veröffentlichen" in german
        author.post(f"{address}?language=en", fields)
        assert author.post(address, {**fields, "override_reason": "Too easy."}).status_code == 302
        gated.refresh_from_db()
        assert gated.current_revision is not None
        assert gated.current_revision.number == number
    checks = GateCheck.objects.all()
    assert [(each.override_reason, each.by is not None) for each in checks] == [("Too easy.", True)] * 2
    assert "Change of questions" in author.get(f"/desk/questions/{gated.pk}/simulate").content.decode()


def test_a_part_of_a_page_keeps_the_form_around_it(author: Client, gated: QuestionPool) -> None:
    page = f"/desk/questions/{gated.pk}/parameters"
    table, htmx = {"table": TABLE, **CHOICES}, {"HX-Request": "true"}
    looked = author.post(page, {**table, "do": "look"}, headers=htmx)
    seen = {"seen": looked.context["seen"], "revision": 1, "do": "publish"}
    refused = author.post(page, {**table, **seen}, headers=htmx).content.decode()
    assert "Publish it for this reason" in refused
    assert "<form" not in refused
    again = {**dict(HIDDEN.findall(refused)), **table, "override_reason": "Known before."}
    author.post(page, again, headers=htmx)
    assert GateCheck.objects.get().override_reason == "Known before."


def test_where_a_look_takes_long_a_worker_looks_and_what_was_sent_is_kept(
    gated: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "AT_ONCE", 0.0)
    author = somebody("testing_engine.author_pools", "testing_engine.change_question")
    archive = f"/desk/questions/{gated.pk}/q/{current_questions(gated)[1].pk}/archive"
    for _ in range(2):
        waits = author.post(archive, {"note": "a & b"})
        told = waits.content.decode()
        assert waits.status_code == 409
        assert "is being simulated" in told
        assert ("note", "a &amp; b") in HIDDEN.findall(told)
    assert "Es wird simuliert" in author.post(f"{archive}?language=de").content.decode()
    job = LongJob.objects.get()
    progress = f"/desk/files/{job.pk}?look=1"
    assert progress in told
    htmx = {"HX-Request": "true"}
    assert "hx-get" in author.get(f"{progress}&language=en", headers=htmx).content.decode()
    gated.refresh_from_db()
    assert gated.current_revision is not None
    assert gated.current_revision.number == 1
    do_long_job(str(job.pk))
    over = author.get(progress, headers=htmx).content.decode()
    assert "It is simulated: go on." in over
    assert "hx-get" not in over
    assert "Publish it for this reason" in author.post(archive).content.decode()
    assert author.post(archive, {"override_reason": "Too easy."}).status_code == 302
    assert GateCheck.objects.get().override_reason == "Too easy."
    assert LongJob.objects.count() == 1
