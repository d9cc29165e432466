"""Questions with interactions: uploaded, shown, answered, refused, repeated, replayed."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import browser_of, submit
from sessions_app.models import TestResponse, TestSession
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.tests.factories import pool_document, question

pytestmark = pytest.mark.django_db


def choices(*ids: str) -> list[dict[str, Any]]:
    return [{"id": each, "content": f"Choice {each}"} for each in ids]


# Of each type: what is asked, its key, an answer with full score, one with none, one of the wrong shape.
TYPES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], Any, Any, Any]] = {
    "choice": (
        [{"type": "choice", "response": "RESPONSE", "choices": choices("A", "B", "C")}],
        {"RESPONSE": {"correct": "B"}},
        {"RESPONSE": "B"},
        {"RESPONSE": ["A"]},
        {"RESPONSE": "Z"},
    ),
    "several": (
        [
            {
                "type": "choice",
                "response": "RESPONSE",
                "choices": choices("A", "B", "C", "D"),
                "max_choices": 0,
            }
        ],
        {"RESPONSE": {"mapping": {"A": 1, "C": 1, "B": -1, "D": -1}}},
        {"RESPONSE": ["C", "A"]},
        {"RESPONSE": ["B"]},
        {"RESPONSE": ["A", "A"]},
    ),
    "inlineChoice": (
        [{"type": "inlineChoice", "response": "RESPONSE", "choices": choices("A", "B")}],
        {"RESPONSE": {"correct": "A"}},
        {"RESPONSE": "A"},
        {"RESPONSE": "B"},
        {"RESPONSE": ["A", "B"]},
    ),
    "text": (
        [{"type": "textEntry", "response": "RESPONSE"}],
        {"RESPONSE": {"texts": {"Größe": 1}}},
        {"RESPONSE": " GRÖSSE "},
        {"RESPONSE": "Maß"},
        {"RESPONSE": ["a", "b"]},
    ),
    "number": (
        [{"type": "textEntry", "response": "RESPONSE", "base_type": "float"}],
        {"RESPONSE": {"number": 9.81, "tolerance": 0.01}},
        {"RESPONSE": "9,82"},
        {"RESPONSE": 9},
        {"RESPONSE": "nine"},
    ),
    "order": (
        [{"type": "order", "response": "RESPONSE", "choices": choices("A", "B", "C")}],
        {"RESPONSE": {"correct": ["C", "A", "B"]}},
        {"RESPONSE": ["C", "A", "B"]},
        {"RESPONSE": ["A", "B", "C"]},
        {"RESPONSE": ["A"]},
    ),
    "match": (
        [
            {
                "type": "match",
                "response": "RESPONSE",
                "sources": choices("A", "B"),
                "targets": choices("X", "Y"),
            }
        ],
        {"RESPONSE": {"mapping": {"A X": 1, "B Y": 1}}},
        {"RESPONSE": ["B Y", "A X"]},
        {"RESPONSE": ["A Y"]},
        {"RESPONSE": ["A"]},
    ),
    "associate": (
        [{"type": "associate", "response": "RESPONSE", "choices": choices("A", "B", "C", "D")}],
        {"RESPONSE": {"correct": ["A B", "C D"]}},
        {"RESPONSE": ["D C", "B A"]},
        {"RESPONSE": ["A C"]},
        {"RESPONSE": ["A B", "B A"]},
    ),
    "gapMatch": (
        [
            {
                "type": "gapMatch",
                "response": "RESPONSE",
                "choices": choices("A", "B"),
                "gaps": [{"id": "G"}, {"id": "H"}],
            }
        ],
        {"RESPONSE": {"correct": ["A G", "B H"]}},
        {"RESPONSE": ["A G", "B H"]},
        {"RESPONSE": []},
        {"RESPONSE": ["A G", "B G"]},
    ),
    "hottext": (
        [{"type": "hottext", "response": "RESPONSE", "choices": choices("A", "B"), "max_choices": 1}],
        {"RESPONSE": {"correct": "A"}},
        {"RESPONSE": ["A"]},
        {"RESPONSE": None},
        {"RESPONSE": ["A", "B"]},
    ),
    "slider": (
        [{"type": "slider", "response": "RESPONSE", "lower": 0, "upper": 100, "step": 5}],
        {"RESPONSE": {"number": 50, "tolerance": 5}},
        {"RESPONSE": 55},
        {"RESPONSE": "10"},
        {"RESPONSE": 7},
    ),
    "mixed": (
        [
            {"type": "choice", "response": "WHY", "choices": choices("A", "B")},
            {"type": "textEntry", "response": "HOW/MANY", "base_type": "integer"},
        ],
        {"WHY": {"correct": "A"}, "HOW/MANY": {"number": 12}},
        {"WHY": "A", "HOW/MANY": "12"},
        {"WHY": "B", "HOW/MANY": 13},
        {"WHY": "A", "HOW/MANY": "twelve"},
    ),
}


def row(kind: str, index: int = 0) -> dict[str, Any]:
    interactions, key, *_ = TYPES[kind]
    return {
        "id": f"{kind}-{index}",
        "content": "What [[RESPONSE]]?",
        "passage": "A long text.",
        "interactions": interactions,
        "key": key,
        "concepts": [1],
    }


def started(api: APIClient, kind: str, questions: int = 1) -> dict[str, Any]:
    document = pool_document([row(kind, index) for index in range(questions)], concept_names=["Math"])
    uploaded = api.post("/api/questions/upload", document)
    assert uploaded.status_code == 200, uploaded.json()
    body = {
        "student_id": "s1",
        "question_pool_id": uploaded.json()["question_pool_id"],
        "end_criteria": {"type": "fixed_length", "max_questions": questions, "min_questions": 1},
    }
    reply = api.post("/api/test/start?render=html", body)
    assert reply.status_code == 200, reply.json()
    return dict(reply.json())


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_shown_without_its_key(api: APIClient, kind: str) -> None:
    begun = started(api, kind)
    shown = begun["next_question"]
    asked = TYPES[kind][0]
    assert [each["type"] for each in shown["interactions"]] == [each["type"] for each in asked]
    assert shown["passage"] == "A long text."
    assert shown["options"] == (["Choice A", "Choice B", "Choice C"] if kind == "choice" else [])
    assert ('data-response="RESPONSE"' in shown["content_html"]) == (kind != "mixed")
    assert "mapping" not in str(begun)
    assert "scoring" not in str(begun)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("is_right", [True, False])
def test_it_is_scored_stored_repeated_and_replayed(api: APIClient, kind: str, is_right: bool) -> None:
    begun = started(api, kind, questions=2)
    answer = TYPES[kind][2 if is_right else 3]
    replies = []
    for _ in range(2):
        shown = api.get(f"/api/test/status/{begun['session_id']}").json()["next_question"]
        first = submit(browser_of(begun), begun, shown["id"], answer, key=f"k-{shown['id']}")
        assert first.status_code == 200, first.json()
        again = submit(browser_of(begun), begun, shown["id"], answer, key=f"k-{shown['id']}")
        assert again.json() == first.json()
        replies.append(first.json())
    assert replies[-1]["accuracy"] == is_right
    session = TestSession.objects.get(pk=begun["session_id"])
    assert replay(session.pk).differences == ()
    assert verify().breaks == []
    for response in session.responses.all():
        assert (response.score > 0) == is_right
        assert response.answer is None


@pytest.mark.parametrize("kind", TYPES)
def test_a_wrong_shape_names_the_variable_and_changes_nothing(api: APIClient, kind: str) -> None:
    begun = started(api, kind)
    variable = list(TYPES[kind][4])[-1]
    refused = submit(browser_of(begun), begun, begun["next_question"]["id"], TYPES[kind][4])
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/response/" + variable.replace("/", "~1")
    assert not TestResponse.objects.exists()


def test_one_choice_is_answered_by_index_text_or_identifier(api: APIClient) -> None:
    begun = started(api, "choice", questions=3)
    for answer in (1, "Choice B", {"RESPONSE": ["B"]}):
        shown = api.get(f"/api/test/status/{begun['session_id']}").json()["next_question"]
        assert submit(api, begun, shown["id"], answer).status_code == 200
    assert [each.response for each in TestResponse.objects.all()] == [{"RESPONSE": "B"}] * 3


@pytest.mark.parametrize(("answer", "stored"), [({"RESPONSE": "C"}, 2), ({"RESPONSE": ["C"]}, 2), ({}, None)])
def test_a_question_of_options_takes_identifiers_too(
    api: APIClient, answer: dict[str, Any], stored: int | None
) -> None:
    uploaded = api.post("/api/questions/upload", pool_document([question(0, [1.0])])).json()
    begun = api.post(
        "/api/test/start", {"student_id": "s", "question_pool_id": uploaded["question_pool_id"]}
    ).json()
    asked = begun["next_question"]["interactions"]
    assert [each["id"] for each in asked[0]["choices"]] == ["A", "B", "C", "D"]
    assert [each["content"] for each in asked[0]["choices"]] == begun["next_question"]["options"]
    assert submit(api, begun, "q0", answer).status_code == 200
    response = TestResponse.objects.get()
    assert (response.answer, response.response) == (stored, None)


@pytest.mark.parametrize("answer", [1, "A"])
def test_an_index_answers_one_choice_only(api: APIClient, answer: object) -> None:
    begun = started(api, "mixed")
    refused = submit(api, begun, begun["next_question"]["id"], answer)
    assert refused.status_code == 400
    assert "WHY, HOW/MANY" in refused.json()["errors"][0]["detail"]


def test_partial_credit_becomes_categories(api: APIClient) -> None:
    begun = started(api, "match")
    submit(api, begun, "match-0", {"RESPONSE": ["A X"]})
    response = TestResponse.objects.get()
    assert (response.score, response.is_correct, response.question.model) == (1, False, "GPCM")


def test_another_answer_with_the_same_key_is_refused(api: APIClient) -> None:
    begun = started(api, "several", questions=2)
    shown = begun["next_question"]["id"]
    submit(api, begun, shown, {"RESPONSE": ["A"]}, key="k")
    refused = submit(api, begun, shown, {"RESPONSE": ["B"]}, key="k")
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"options": ["a", "b"]}, "/questions/0/options"),
        ({"key": None}, "/questions/0/key"),
        ({"key": {"RESPONSE": {"correct": "Z"}}}, "/questions/0/key/score"),
        ({"key": {"R": {"correct": "A"}}}, "/questions/0/key/RESPONSE"),
        ({"interactions": [{"type": "essay"}]}, "/questions/0/interactions"),
        ({"interactions": []}, "/questions/0/interactions"),
        ({"model": "GRM", "thresholds": [-1, 1]}, "/questions/0/model"),
        ({"passage": 7}, "/questions/0/passage"),
    ],
)
def test_what_cannot_be_is_refused_at_upload(api: APIClient, change: dict[str, Any], pointer: str) -> None:
    document = pool_document([{**row("choice"), **change}], concept_names=["Math"])
    refused = api.post("/api/questions/upload", document)
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
