"""A pool's page says what has no parameters, and what to do next."""

import pytest
from django.test import Client

from sessions_app.api.tests.test_without_parameters import bare
from sessions_app.conftest import answer_questions, client_with
from sessions_app.measurement.importing import import_responses
from sessions_app.reporting import pool_readiness
from sessions_app.reporting.pool_readiness import readiness_of
from sessions_app.tests.factories import make_pool, make_token, question
from testing_engine.interchange.imported import Upload


def take(answers: int) -> None:
    """A student gives so many answers, and ends the test."""
    api = client_with(f"Token {make_token()}")
    started = api.post("/api/test/start", {"student_id": "s1"}).json()
    answer_questions(api, started, answers)
    assert api.post(f"/api/test/end/{started['session_id']}").status_code == 200


def test_a_pool_without_parameters_wants_answers(author: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool([bare(i) for i in range(3)])
    take(2)
    found = readiness_of(pool)
    assert (found.counting, sorted(found.answers), found.ready) == (0, [0, 1, 1], 0)
    page = author.get(f"/desk/questions/{pool.pk}/").content.decode()
    assert "3 not calibrated" in page
    assert "No question of this pool has parameters" in page
    assert "Next: collect 250 answers to each of them" in page
    assert "adaptive" not in page.lower().partition('id="readiness"')[2].partition("</section>")[0]
    take(3)
    monkeypatch.setattr(pool_readiness, "WANTED_ANSWERS", 1)
    assert readiness_of(pool).advice[-1] == "Each has 1 answers or more: calibrate them."


def test_imported_answers_count(author: Client) -> None:
    """Of this pool's questions as they are, and of no other pool's."""
    pool, other = (make_pool([bare(i) for i in range(3)]) for _ in range(2))
    for each, file in ((pool, b"person,q0,q1\n1,1,0\n2,1,\n"), (other, b"person,q2\n1,1\n")):
        import_responses(each, Upload("answers.csv", file))
    assert readiness_of(pool).answers == (2, 1, 0)


def test_a_mixed_pool_may_try_questions_out(author: Client) -> None:
    pool = make_pool([question(0, [1.0]), bare(1)])
    page = author.get(f"/desk/questions/{pool.pk}/", headers={"Accept-Language": "de"}).content.decode()
    assert "1 im Einsatz, 1 nicht kalibriert" in page
    assert "als Pilotfragen erproben" in page
    whole = make_pool()
    assert "readiness" not in author.get(f"/desk/questions/{whole.pk}/").content.decode()
