"""When a test ends: the three end criteria, their limits, and a pool that runs out."""

from statistics import NormalDist

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import (
    Start,
    answer_questions,
    is_even,
    submit,
    take_test,
)
from sessions_app.models import TestSession
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool

PHI = NormalDist().cdf


def test_it_ends_cleanly_when_the_pool_is_exhausted(api: APIClient, start: Start) -> None:
    make_pool(questions=3)
    reply = answer_questions(api, start(end_criteria={"type": "fixed_length", "max_questions": 20}), 3)
    assert (reply["status"], reply["total_questions"]) == ("completed", 3)
    assert reply["test_summary"]["end_reason"] == "exhausted"
    assert TestSession.objects.get().status == "completed"


def test_it_gives_a_fixed_length_test_its_length(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start(end_criteria={"type": "fixed_length", "max_questions": 7})
    assert answer_questions(api, started, 6)["status"] == "continue"
    waiting = TestSession.objects.get().current_position
    reply = submit(api, started, f"q{waiting}", 0).json()
    assert (reply["status"], reply["total_questions"]) == ("completed", 7)


@pytest.mark.parametrize("threshold", [0.6, 0.45])
def test_it_stops_when_the_standard_error_is_small_enough(
    api: APIClient, start: Start, threshold: float
) -> None:
    make_pool(questions=60)
    criteria = {
        "type": "precision",
        "precision_threshold": threshold,
        "min_questions": 1,
        "max_questions": 50,
    }
    started = start(end_criteria=criteria)
    replies = take_test(api, started, is_right=is_even)
    errors = [reply["ability"]["standard_error"][0] for reply in replies]
    assert replies[-1]["test_summary"]["end_reason"] == "precision"
    assert errors[-1] <= threshold
    assert all(error > threshold for error in errors[:-1])


def test_it_waits_for_every_concept_to_be_precise(api: APIClient, start: Start) -> None:
    make_pool(questions=60, concepts=2)
    criteria = {"type": "precision", "precision_threshold": 0.7, "min_questions": 1, "max_questions": 50}
    started = start(end_criteria=criteria)
    replies = take_test(api, started, is_right=is_even)
    assert replies[-1]["test_summary"]["end_reason"] == "precision"
    errors = [max(reply["ability"]["standard_error"]) for reply in replies]
    assert errors[-1] <= 0.7
    assert all(error > 0.7 for error in errors[:-1])


@pytest.mark.parametrize("cut", [-0.5, 0.5])
def test_it_stops_when_one_side_of_the_cut_is_likely_enough(api: APIClient, start: Start, cut: float) -> None:
    """The posterior is nearly normal; its own probability may differ a little from the normal one."""
    make_pool(questions=60)
    criteria = {
        "type": "classification",
        "classification_threshold": 0.9,
        "cut_scores": cut,
        "min_questions": 1,
        "max_questions": 50,
    }
    started = start(end_criteria=criteria)
    replies, certainty = take_test(api, started, is_right=lambda answered: answered % 4 != 1), []
    for reply in replies:
        above = PHI((reply["ability"]["theta"][0] - cut) / reply["ability"]["standard_error"][0])
        certainty.append(max(above, 1 - above))
    assert replies[-1]["test_summary"]["end_reason"] == "classification"
    assert certainty[-1] > 0.88
    assert all(sure < 0.92 for sure in certainty[:-1])


def test_it_takes_several_cut_scores(api: APIClient, start: Start, pool: QuestionPool) -> None:
    criteria = {"type": "classification", "cut_scores": [-1, 1], "min_questions": 1, "max_questions": 30}
    several = start(student_id="several", end_criteria=criteria)
    one = start(student_id="one", end_criteria={**criteria, "cut_scores": -1})
    lengths = {name: len(take_test(api, begun)) for name, begun in (("several", several), ("one", one))}
    assert lengths["one"] < lengths["several"]


def test_it_asks_the_minimum_before_it_may_stop(api: APIClient, start: Start, pool: QuestionPool) -> None:
    criteria = {"type": "precision", "precision_threshold": 10, "min_questions": 4, "max_questions": 9}
    reply = answer_questions(api, start(end_criteria=criteria), 4)
    assert (reply["status"], reply["total_questions"]) == ("completed", 4)
    assert reply["test_summary"]["end_reason"] == "precision"


def test_it_asks_five_by_default_before_it_may_stop(api: APIClient, start: Start, pool: QuestionPool) -> None:
    reply = answer_questions(api, start(end_criteria={"type": "precision", "precision_threshold": 10}), 5)
    assert (reply["status"], reply["total_questions"]) == ("completed", 5)
