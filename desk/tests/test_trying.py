"""A test tried as a student: the questions that a session would ask, and no trace of it."""

import html
import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from desk.rights import CHANGE_TESTS
from desk.tests.conftest import somebody
from sessions_app.models import NamedTest
from sessions_app.preparing.rehearsal import rehearse
from sessions_app.sitting import lifecycle, submission
from sessions_app.sitting.access import Caller
from sessions_app.sitting.submission import Submission
from sessions_app.tests.factories import make_named_test, make_pool, right_answer

pytestmark = pytest.mark.django_db
RULES = {"max_questions": 6, "min_questions": 3, "stop": [{"name": "precision", "standard_error": 0.6}]}


def rows() -> dict[str, int]:
    """How many rows each of our tables has."""
    models = apps.get_app_config("sessions_app").get_models()
    return {model._meta.db_table: model._base_manager.count() for model in models}


@pytest.mark.parametrize("fields", [{}, {"rules": RULES, "shuffle_options": True}])
def test_it_asks_what_a_session_would_ask(fields: dict[str, Any]) -> None:
    test, seed, caller = make_named_test(make_pool(24), **fields), 7, Caller()
    standing = lifecycle.start(
        lifecycle.TestRequest(student_id="s", test=test.name), caller, seed=seed, now=timezone.now()
    )
    given: list[int] = []
    while standing.next_question is not None:
        rehearsed = rehearse(test, seed, given)
        assert rehearsed.question == standing.next_question
        answer = len(given) % 4
        sent = Submission(standing.session_id, standing.next_question.id, answer)
        student = Caller(session_id=standing.session_id)
        standing = submission.submit(sent, student, now=timezone.now())
        given.append(answer)
    over = rehearse(test, seed, given)
    assert (over.question, over.answered) == (None, standing.answered)
    assert over.told is not None


def test_it_leaves_no_trace() -> None:
    teacher, test = somebody(*CHANGE_TESTS.any_of), make_named_test(make_pool(8), result_kind="thanks")
    before, address, answers = rows(), f"/desk/tests/{test.pk}/try", list[int]()
    page = teacher.get(address).content.decode()
    assert "Nothing is stored" in page
    seed = re.findall(r'data-seed="(\d+)"', page)[0]
    part = page
    while shown := html.unescape(re.findall(r'data-shown="([^"]*)"', part)[0]):
        answers.append(right_answer(json.loads(shown)["id"]))
        sent = {"answers": json.dumps(answers), "seed": seed}
        part = teacher.post(address, sent, headers={"HX-Request": "true"}).content.decode()
    assert len(answers) == 5
    assert "The test is over" in part
    assert "Students read thanks only" in part
    assert rows() == before


@pytest.mark.parametrize(
    "answers", ["[99]", '["no such option"]', "[[]]", "{", '[{"RESPONSE": 4}]', "[0, 99]"]
)
def test_what_no_student_could_send_is_asked_again(answers: str) -> None:
    teacher, test = somebody(*CHANGE_TESTS.any_of), make_named_test(make_pool(8))
    sent = {"answers": answers, "seed": "7"}
    reply = teacher.post(f"/desk/tests/{test.pk}/try", sent, headers={"HX-Request": "true"})
    assert reply.status_code == 200
    assert re.findall(r'data-shown="([^"]+)"', reply.content.decode())


def test_points_are_told_at_the_end() -> None:
    test = make_named_test(make_pool(4), rules={"selection": "linear", "max_questions": 3})
    told = rehearse(test, 1, [0, 1, 2]).told
    assert told is not None
    assert told.headline.startswith("3 of 3 right")
    assert NamedTest.objects.get().sessions.count() == 0
