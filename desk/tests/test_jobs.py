"""Files that a worker makes, at the desk and from the admin: asked for, looked at, taken."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from desk.tests.conftest import somebody
from organisations.models import Organisation
from sessions_app.models import LongJob
from sessions_app.sitting.named_tests import named_test
from sessions_app.tests.factories import make_named_test, make_pool
from sessions_app.waiting import running
from testing_engine.models import QuestionPool

HTMX = {"HX-Request": "true"}
RIGHTS = ("testing_engine.export_pools", "testing_engine.view_questionpool")


def read(client: Client, address: str, **options: Any) -> str:
    reply = client.get(address, **options)
    assert reply.status_code == 200
    return reply.content.decode()


@pytest.fixture
def large(db: None, settings: LazySettings) -> QuestionPool:
    settings.QUESTIONS_AT_ONCE = 2
    return make_pool(3, name="Fractions")


def asked(client: Client, pool: QuestionPool) -> str:
    """The address of a job's page."""
    reply = client.post(f"/desk/questions/{pool.pk}/export/prepare", {"format": "csv"})
    assert reply.status_code == 302
    return str(reply["Location"])


def test_a_large_pool_is_taken_along_by_a_worker(large: QuestionPool, settings: LazySettings) -> None:
    client = somebody(*RIGHTS)
    address = f"/desk/questions/{large.pk}/export?format=csv"
    assert "Make the file" in read(client, address)
    page = asked(client, large)
    assert "waits for a worker" in read(client, page)
    assert "waits for a worker" in read(client, "/desk/files/")
    assert "hx-get" in read(client, page, headers=HTMX)
    assert client.get(f"{page}/file")["Location"] == page  # nothing to take yet
    running.run(LongJob.objects.get().pk)
    assert client.get(page, headers=HTMX)["HX-Redirect"] == page  # over: the whole page
    assert "Of 3 questions, 0 do not fit" in read(client, page)
    reply = client.get(f"{page}/file")
    assert reply["Content-Disposition"] == 'attachment; filename="fractions.csv"'
    settings.QUESTIONS_AT_ONCE = 3
    at_once = client.get(f"{address}&file=1")
    assert b"".join(reply.streaming_content) == at_once.content  # type: ignore[attr-defined]
    LongJob.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert client.get(f"{page}/file")["Location"] == page
    assert "is not kept any more" in read(client, page)
    assert "wird nicht mehr aufbewahrt" in read(client, f"{page}?language=de")


def test_it_is_cancelled(large: QuestionPool) -> None:
    client = somebody(*RIGHTS)
    page = asked(client, large)
    for _ in range(2):
        assert client.post(f"{page}/cancel")["Location"] == page
    assert "cancelled" in read(client, page)
    LongJob.objects.update(state="failed", cancel_requested=False)
    assert client.post(f"{page}/cancel")["Location"] == page
    assert "It was over already" in read(client, page)


def test_nobody_else_sees_it(large: QuestionPool) -> None:
    page = asked(somebody(*RIGHTS), large)
    stranger = somebody(*RIGHTS)
    assert page not in read(stranger, "/desk/files/")
    for address in (page, f"{page}/file"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"{page}/cancel").status_code == 404


def test_the_audit_chain_is_verified_from_the_admin(
    api: APIClient, start: Callable[..., dict[str, Any]], pool: QuestionPool
) -> None:
    started = start()
    api.post(f"/api/test/end/{started['session_id']}")
    address = "/admin/sessions_app/testsession/verify-audit/"
    sees = "sessions_app.view_testsession"
    auditor = somebody(sees, "sessions_app.view_sessionevent")
    assert somebody(sees).get(address).status_code == 403
    assert "Verify the audit chain" in read(auditor, "/admin/sessions_app/testsession/")
    assert "Verify" in read(auditor, address)
    page = auditor.post(address)["Location"]
    running.run(LongJob.objects.get().pk)
    assert LongJob.objects.get().total == 1
    assert "Checked 1 sessions, 0 answers, 2 events: all as they were written." in read(auditor, page)
    assert "Geprüft: 1 Tests" in read(auditor, f"{page}?language=de")
    reply = auditor.get(f"{page}/file")
    assert b"all as they were written" in b"".join(reply.streaming_content)  # type: ignore[attr-defined]
    assert somebody(sees, "sessions_app.report_results").get(page).status_code == 404
    Organisation.objects.create(slug="other", name="Other")  # it would tell of others' tests
    assert auditor.get(address).status_code == 403
    assert auditor.get(page).status_code == 404


def test_so_many_at_once(large: QuestionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.waiting.queue.MOST_OPEN", 1)
    client = somebody(*RIGHTS)
    page = asked(client, large)
    assert asked(client, large) == page  # the same again
    reply = client.post(f"/desk/questions/{large.pk}/export/prepare", {"format": "json"}, follow=True)
    assert "1 of your files are not made yet" in reply.content.decode()
    unknown = client.post(f"/desk/questions/{large.pk}/export/prepare", {"format": "word"})
    assert unknown["Location"] == f"/desk/questions/{large.pk}/export"


def test_long_results_in_the_admin_are_a_workers(
    api: APIClient, start: Callable[..., dict[str, Any]], settings: LazySettings
) -> None:
    make_named_test(make_pool(), "algebra")
    for student in ("s1", "s2"):
        api.post("/api/test/start", {"student_id": student, "test": "algebra"})
    client = somebody("sessions_app.report_results", "sessions_app.view_namedtest")
    results = f"/admin/sessions_app/namedtest/{named_test('algebra').pk}/results/"
    query = "?status=active&rows=sessions&format=csv"
    at_once = client.get(results + query)
    settings.ROWS_AT_ONCE = 1
    page = read(client, results + query)
    assert "Make the file" in page
    assert '"?status=active"' in page  # back
    assert not LongJob.objects.exists()
    reply = client.post(results + query)
    assert reply["Location"] == f"/desk/files/{LongJob.objects.get().pk}"
    running.run(LongJob.objects.get().pk)
    file = client.get(f"{reply['Location']}/file")
    assert file["Content-Disposition"] == at_once["Content-Disposition"]
    content = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert content == b"".join(at_once.streaming_content)  # type: ignore[attr-defined]
    assert b"s1" in content
    over = client.post(f"{results}?status=completed&rows=sessions&format=csv")
    assert over.streaming  # nothing of this is long


TABLE = "item,a,b\nq0,1.5,0\nq1,1.5,1\nq2,1.5,2\n"
READ = {"source": "plain", "choice-plain-model": "2PL", "choice-plain-scaling": "1", "id_column": "item"}
READ["choice-plain-sign"] = "difficulty"


def test_a_large_revision_is_made_by_a_worker(large: QuestionPool) -> None:
    client = somebody("testing_engine.author_pools", "testing_engine.change_question")
    address = f"/desk/questions/{large.pk}/parameters"
    look = client.post(address, {"table": TABLE, "do": "look", **READ})
    told = {"seen": look.context["seen"], "revision": 1, "do": "publish"}
    page = client.post(address, {"table": TABLE, **READ, **told})["Location"]
    assert client.post(address, {"table": TABLE, **READ, **told})["Location"] == page  # sent twice
    assert "waits for a worker" in read(client, page)
    LongJob.objects.update(state="running", stage="simulating", progress=0.25)
    part = read(client, page, headers=HTMX)
    assert "students are simulated" in part
    assert 'value="25"' in part
    LongJob.objects.update(state="queued", stage="", progress=0)
    running.run(LongJob.objects.get().pk)
    assert "3 questions are changed, with revision 2." in read(client, page)
    assert f"/desk/questions/{large.pk}/" in read(client, page)
    assert "3 Fragen sind geändert, mit Revision 2." in read(client, f"{page}?language=de")
    change = {"everything": "on", "revision": "2", "change": "area", "name": "Numbers", "language": "en"}
    page = client.post(f"/desk/questions/{large.pk}/table/change?language=en", change)["Location"]
    running.run(LongJob.objects.get(kind="change").pk)
    assert "with revision 3." in read(client, page)
    stale = client.post(f"/desk/questions/{large.pk}/table/change", {**change, "name": "Others"})["Location"]
    running.run(LongJob.objects.get(state="queued").pk)
    assert "Somebody changed the pool meanwhile." in read(client, stale)
    assert "Jemand hat den Pool inzwischen geändert." in read(client, f"{stale}?language=de")


def test_a_large_pool_is_copied_by_a_worker(large: QuestionPool) -> None:
    client = somebody("testing_engine.author_pools")
    fields = {"copy_id": str(uuid.uuid4()), "name": "Fractions II"}
    pages = [client.post(f"/desk/questions/{large.pk}/copy", fields)["Location"] for _ in range(2)]
    job = LongJob.objects.get()
    assert pages == [f"/desk/files/{job.pk}"] * 2
    assert f"/desk/questions/{large.pk}/" not in read(client, pages[0], headers=HTMX)
    for _ in range(2):  # the second is of a worker that died before it could say that it is done
        running.run(job.pk)
        copy = QuestionPool.objects.get(name="Fractions II")
        LongJob.objects.update(state="queued")
    running.run(job.pk)
    assert (str(copy.pk), copy.made_by_id) == (fields["copy_id"], job.by_id)
    assert f"/desk/questions/{copy.pk}/" in read(client, pages[0])
    assert "Was Sie hier ändern" in read(client, f"{pages[0]}?language=de")
