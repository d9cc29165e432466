"""Pictures of large pools: a worker draws them, of this revision alone; small pools have theirs at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from desk.tests.conftest import somebody
from sessions_app import tasks
from sessions_app.conftest import Start, answer_questions
from sessions_app.models import LongJob
from sessions_app.tests.factories import make_pool
from testing_engine import pools
from testing_engine.models import QuestionPool
from testing_engine.pictures import canvas
from testing_engine.pictures import pools as pool_pictures

HTMX = {"HX-Request": "true"}


@pytest.fixture
def large(db: None, settings: LazySettings) -> QuestionPool:
    settings.QUESTIONS_AT_ONCE = 2
    return make_pool(3, name="Fractions")


@pytest.fixture
def client(db: None) -> Client:
    pool_pictures.pool_pictures.cache_clear()  # which would have drawings of another test
    return somebody("testing_engine.view_questionpool", "testing_engine.author_pools")


def read(client: Client, address: str, **options: Any) -> str:
    reply = client.get(address, **options)
    assert reply.status_code == 200
    return reply.content.decode()


def draw() -> None:
    """A worker does all that waits."""
    for job in LongJob.objects.filter(kind="drawings", state="queued"):
        tasks.do_long_job(str(job.pk))


def test_no_request_draws_and_all_see_what_a_worker_drew(
    client: Client, large: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/desk/measure/{large.pk}/"
    with monkeypatch.context() as patched:
        patched.setattr(canvas, "svg_of", None)  # nobody draws here
        said = read(client, address)
        assert "are being drawn" in said
        assert "<svg" not in said
        assert "werden gezeichnet" in read(client, f"{address}?language=de")
        assert "hx-get" in read(client, f"{address}?language=en", headers=HTMX)
        assert client.get(f"{address}?data=questions")["Content-Type"].startswith("text/csv")
    assert sorted(LongJob.objects.values_list("request__language", flat=True)) == ["de", "en"]  # once each
    draw()
    with monkeypatch.context() as patched:
        patched.setattr(canvas, "svg_of", None)
        assert client.get(address, headers=HTMX)["HX-Redirect"] == address
        said = read(client, address)
        assert said.count("<svg") == 4
        assert "Drawn at" in said
        other = somebody("testing_engine.view_questionpool", "testing_engine.author_pools")
        assert read(other, address).count("<svg") == 4
    assert LongJob.objects.count() == 2
    assert "Pictures of a pool" not in read(client, "/desk/files/")  # nobody's


def test_another_revision_is_drawn_anew_and_old_drawings_go(client: Client, large: QuestionPool) -> None:
    address = f"/desk/measure/{large.pk}/"
    read(client, address)
    draw()
    before = read(client, address)
    pools.revise_fields(large, 1, {"q0": {"difficulty": 2.5}})
    assert "<svg" not in read(client, address)
    draw()
    after = read(client, address)
    assert after.count("<svg") == 4
    assert before != after
    LongJob.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert "<svg" not in read(client, address)
    assert LongJob.objects.filter(state="queued").count() == 1


def test_a_pool_that_was_changed_while_it_waits_and_one_that_cannot_be_drawn(
    client: Client, large: QuestionPool
) -> None:
    address = f"/desk/measure/{large.pk}/"
    read(client, address)
    pools.revise_fields(large, 1, {"q0": {"difficulty": 2.5}})
    draw()
    assert LongJob.objects.get().total == 0  # nobody waits for these
    assert "<svg" not in read(client, address)
    LongJob.objects.filter(state="queued").update(state="failed", finished_at=timezone.now())
    assert read(client, address).count("<svg") == 4  # in the request, rather than never
    assert LongJob.objects.count() == 2


def test_a_small_pools_pictures_are_there_at_once(
    client: Client, large: QuestionPool, settings: LazySettings
) -> None:
    settings.QUESTIONS_AT_ONCE = 3
    assert read(client, f"/desk/measure/{large.pk}/").count("<svg") == 4
    assert not LongJob.objects.exists()


def test_exposure_goes_on_while_tests_do(
    client: Client, large: QuestionPool, api: APIClient, start: Start
) -> None:
    rules = {"type": "fixed_length", "max_questions": 1}

    def take() -> None:
        student = f"student {timezone.now().timestamp()}"
        answer_questions(
            api, start(question_pool_id=str(large.pk), student_id=student, end_criteria=rules), 1
        )

    take()
    address = f"/desk/measure/{large.pk}/exposure"
    assert "are being drawn" in read(client, address)
    draw()
    assert "<svg" in read(client, address)
    take()
    assert "<svg" in read(client, address)  # of some minutes ago, as it says
    LongJob.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert "<svg" not in read(client, address)
    assert LongJob.objects.filter(state="queued").count() == 1
