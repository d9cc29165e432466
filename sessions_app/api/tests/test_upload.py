"""POST /api/questions/upload."""

from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from sessions_app.conftest import pointers
from sessions_app.tests.factories import pool_document, question
from testing_engine.models import PoolRevision, Question, QuestionPool, RevisionQuestion

ADDRESS = "/api/questions/upload"


def test_it_returns_every_field_of_the_contract(api: APIClient) -> None:
    response = api.post(ADDRESS, pool_document(questions=3))
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"message", "count", "question_pool_id"}
    assert (body["message"], body["count"]) == ("Uploaded 3 questions.", 3)
    assert QuestionPool.objects.get().pk == UUID(body["question_pool_id"])


def test_it_stores_the_questions_as_they_are(api: APIClient) -> None:
    row = {
        "id": "alg-017",
        "content": "Solve 3x − 7 = 11. 😀",
        "options": ["x = 4/3", "x = 6", "x = −6"],
        "correct_answer": "x = 6",
        "concepts": [0, 0.5],
        "difficulty": -0.8,
        "discrimination": 1.2,
        "guessing": 0.2,
        "slipping": 0.05,
    }
    document = {"name": "Grade 9", "concept_names": ["Math", "Algebra"], "questions": [row]}
    assert api.post(ADDRESS, document).json()["message"] == "Uploaded 1 question."
    stored = Question.objects.get()
    assert (stored.external_id, stored.content, stored.options) == (row["id"], row["content"], row["options"])
    assert stored.option_scores == [0, 1, 0]
    assert stored.concepts == [0.0, 0.5]
    assert (stored.difficulty, stored.discrimination, stored.guessing) == (-0.8, 1.2, 0.2)
    assert stored.upper_asymptote == pytest.approx(0.95)
    pool = QuestionPool.objects.get()
    assert (pool.name, pool.concept_names, pool.concept_count) == ("Grade 9", ["Math", "Algebra"], 2)


def test_it_fills_in_the_defaults(api: APIClient) -> None:
    row = {"id": "q", "content": "?", "options": ["a", "b"], "correct_answer": "a", "concepts": [1]}
    api.post(ADDRESS, {"questions": [row]})
    stored = Question.objects.get()
    assert (stored.difficulty, stored.discrimination, stored.guessing, stored.upper_asymptote) == (0, 1, 0, 1)
    assert QuestionPool.objects.get().concept_names == []


def test_it_publishes_the_first_revision(api: APIClient) -> None:
    api.post(ADDRESS, pool_document(questions=3))
    revision = PoolRevision.objects.get()
    assert (revision.number, revision.question_count, len(revision.content_hash)) == (1, 3, 64)
    assert QuestionPool.objects.get().current_revision == revision
    ids = RevisionQuestion.objects.order_by("position").values_list("question__external_id", flat=True)
    assert list(ids) == ["q0", "q1", "q2"]


def test_it_gives_equal_pools_equal_hashes(api: APIClient) -> None:
    for document in (pool_document(), pool_document(name="Other"), pool_document(questions=39)):
        api.post(ADDRESS, document)
    one, other, shorter = PoolRevision.objects.order_by("pk").values_list("content_hash", flat=True)
    assert one == other != shorter


def test_it_lets_two_pools_hold_the_same_ids(api: APIClient) -> None:
    for _ in range(2):
        assert api.post(ADDRESS, pool_document(questions=3)).status_code == 200
    assert Question.objects.filter(external_id="q0").count() == 2


def test_it_takes_scores_for_each_option_of_a_rating_scale(api: APIClient) -> None:
    row = question(0, [1], model="GRM", thresholds=[-1, 0, 1], guessing=0, option_scores=[3, 2, 1, 0])
    del row["correct_answer"]
    assert api.post(ADDRESS, {"questions": [row]}).status_code == 200
    assert Question.objects.get().option_scores == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("1PL", {"discrimination": 1.0, "guessing": 0.0}),
        ("2PL", {}),
        ("3PL", {"guessing": 0.25}),
        ("4PL", {"guessing": 0.25, "upper_asymptote": 0.95}),
        ("GRM", {"guessing": 0, "thresholds": [-1, 0, 1], "correct_answer": None}),
        ("GPCM", {"guessing": 0, "thresholds": [1, 0, -1], "correct_answer": None}),
        ("PCM", {"discrimination": 1, "guessing": 0, "thresholds": [-1, 0, 1], "correct_answer": None}),
        ("RSM", {"discrimination": 1, "guessing": 0, "thresholds": [-1, 0, 1], "correct_answer": None}),
        (
            "NRM",
            {
                "guessing": 0,
                "category_slopes": [0, 1, 2, 3],
                "category_intercepts": [0, 0, 0, 0],
                "correct_answer": None,
            },
        ),
    ],
)
def test_it_takes_every_model_of_the_engine(api: APIClient, model: str, parameters: dict[str, Any]) -> None:
    rows = [question(i, [1], model=model, **parameters) for i in range(3)]
    uploaded = api.post(ADDRESS, {"questions": rows, "concept_names": ["Math"]})
    assert uploaded.status_code == 200, uploaded.json()
    started = api.post("/api/test/start", {"student_id": "s1", "end_criteria": {"max_questions": 3}}).json()
    body = {"session_id": started["session_id"], "question_id": started["next_question"]["id"], "response": 1}
    assert api.post("/api/test/submit", body).json()["status"] == "continue"


def test_it_takes_an_id_that_is_a_number(api: APIClient) -> None:
    document = pool_document(questions=3)
    document["questions"][1]["id"] = 17
    assert api.post(ADDRESS, document).status_code == 200
    assert Question.objects.filter(external_id="17").exists()


@pytest.mark.parametrize(
    "question_id", ["a/b", "ä ö", "%2e", "q?x=1#y", "../..", "Frage 1: «…»", "x" * 200, "0"]
)
def test_it_takes_any_text_as_an_id(api: APIClient, question_id: str) -> None:
    """And the question can be asked, answered and read by it."""
    api.post(ADDRESS, {"questions": [question(0, [1], id=question_id)], "concept_names": ["Math"]})
    started = api.post("/api/test/start", {"student_id": "s1", "end_criteria": {"max_questions": 1}}).json()
    assert started["next_question"]["id"] == question_id
    body = {"session_id": started["session_id"], "question_id": question_id, "response": 0}
    assert api.post("/api/test/submit", body).json()["status"] == "completed"


@pytest.mark.parametrize("question_id", [" padded ", "\ttab", "line\n", " "])
def test_it_takes_no_id_that_cannot_be_sent_back(api: APIClient, question_id: str) -> None:
    """Either such an id is refused here, or the question can be answered by it."""
    uploaded = api.post(ADDRESS, {"questions": [question(0, [1], id=question_id)], "concept_names": ["Math"]})
    if uploaded.status_code == 400:
        assert pointers(uploaded) == ["/questions/0/id"]
        return
    started = api.post("/api/test/start", {"student_id": "s1", "end_criteria": {"max_questions": 1}}).json()
    body = {"session_id": started["session_id"], "question_id": started["next_question"]["id"], "response": 0}
    assert api.post("/api/test/submit", body).json()["status"] == "completed"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": None}, "/questions/1/id"),
        ({"id": ""}, "/questions/1/id"),
        ({"id": "x" * 201}, "/questions/1/id"),
        ({"id": ["q"]}, "/questions/1/id"),
        ({"id": True}, "/questions/1/id"),
        ({"id": 1.5}, "/questions/1/id"),
        ({"id": "q0"}, "/questions/1/id"),
        ({"content": None}, "/questions/1/content"),
        ({"content": "  "}, "/questions/1/content"),
        ({"content": 5}, "/questions/1/content"),
        ({"options": None}, "/questions/1/options"),
        ({"options": []}, "/questions/1/options"),
        ({"options": ["only"]}, "/questions/1/options"),
        ({"options": "abcd"}, "/questions/1/options"),
        ({"options": [1, 2]}, "/questions/1/options"),
        ({"options": ["same", "same"], "correct_answer": "same"}, "/questions/1/options"),
        ({"options": [f"o{i}" for i in range(51)]}, "/questions/1/options"),
        ({"correct_answer": "none of them"}, "/questions/1/correct_answer"),
        ({"correct_answer": None}, "/questions/1/correct_answer"),
        ({"correct_answer": 1}, "/questions/1/correct_answer"),
        ({"correct_answer": ["option b of 1"]}, "/questions/1/correct_answer"),
        ({"concepts": None}, "/questions/1/concepts"),
        ({"concepts": []}, "/questions/1/concepts"),
        ({"concepts": 1}, "/questions/1/concepts"),
        ({"concepts": [1, 0, 0]}, "/questions/1/concepts"),
        ({"concepts": [0, 0]}, "/questions/1/concepts"),
        ({"concepts": [1, -1]}, "/questions/1/concepts"),
        ({"concepts": [1, "1"]}, "/questions/1/concepts/1"),
        ({"concepts": [1, True]}, "/questions/1/concepts/1"),
        ({"concepts": [1.0] * 11}, "/questions/1/concepts"),
        ({"difficulty": "hard"}, "/questions/1/difficulty"),
        ({"difficulty": [0]}, "/questions/1/difficulty"),
        ({"difficulty": 10**400}, "/questions/1/difficulty"),
        ({"discrimination": 0}, "/questions/1/discrimination"),
        ({"discrimination": -1}, "/questions/1/discrimination"),
        ({"guessing": 1}, "/questions/1/guessing"),
        ({"guessing": -0.1}, "/questions/1/guessing"),
        ({"upper_asymptote": 0.1}, "/questions/1/upper_asymptote"),
        ({"upper_asymptote": 1.1}, "/questions/1/upper_asymptote"),
        ({"slipping": 2}, "/questions/1/upper_asymptote"),
        ({"slipping": "much"}, "/questions/1/slipping"),
        ({"model": "5PL"}, "/questions/1/model"),
        ({"model": {}}, None),
        ({"model": ["2PL"]}, "/questions/1/model"),
        ({"model": "GRM", "guessing": 0}, "/questions/1/thresholds"),
        ({"thresholds": [0]}, "/questions/1/thresholds"),
        ({"thresholds": {}}, None),
        ({"model": "GRM", "guessing": 0, "thresholds": [1, 0]}, "/questions/1/thresholds"),
        ({"option_scores": [0, 1]}, "/questions/1/option_scores"),
        ({"option_scores": [0, 1, 0, "0"]}, "/questions/1/option_scores"),
        ({"option_scores": [0, 0, 0, 0]}, "/questions/1/option_scores"),
        ({"option_scores": [0, 1, 2, 3]}, "/questions/1/option_scores"),
        ({"option_scores": 10**400}, "/questions/1/option_scores"),
    ],
)
def test_it_names_what_is_wrong_and_stores_nothing(
    api: APIClient, change: dict[str, Any], pointer: str | None
) -> None:
    document = pool_document(questions=3, concepts=2)
    document["questions"][1] |= change
    response = api.post(ADDRESS, document)
    if pointer is None:  # an empty value where the field may be left out: as if it had been
        assert response.status_code in (200, 400)
        return
    assert pointers(response) == [pointer]
    assert response.json()["code"] == "invalid"
    assert not QuestionPool.objects.exists()
    assert not Question.objects.exists()


def test_it_names_the_question_by_its_id_too(api: APIClient) -> None:
    document = pool_document(questions=3)
    document["questions"][2]["difficulty"] = "hard"
    (error,) = api.post(ADDRESS, document).json()["errors"]
    assert error["pointer"] == "/questions/2/difficulty"
    assert "q2" in error["detail"]


def test_it_lists_everything_that_is_wrong(api: APIClient) -> None:
    document = pool_document(questions=4, concepts=2, name=5)
    document["questions"][0]["discrimination"] = "a"
    document["questions"][2]["options"] = []
    document["questions"][3] = "no object"
    assert set(pointers(api.post(ADDRESS, document))) == {
        "/name",
        "/questions/0/discrimination",
        "/questions/2/options",
        "/questions/3",
    }


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({}, "/questions"),
        ({"questions": []}, "/questions"),
        ({"questions": {}}, "/questions"),
        ({"questions": None}, "/questions"),
        (pool_document(questions=2, name="x" * 201), "/name"),
        (pool_document(questions=2, name=["x"]), "/name"),
        (pool_document(questions=2, concept_names="Math"), "/concept_names"),
        (pool_document(questions=2, concept_names=[1]), "/concept_names/0"),
        (pool_document(questions=2, concept_names=[""]), "/concept_names/0"),
        (pool_document(questions=2, concept_names=["x" * 101]), "/concept_names/0"),
        (pool_document(questions=2, concepts=2, concept_names=["A", "A"]), "/concept_names"),
    ],
)
def test_it_checks_the_pool_around_the_questions(
    api: APIClient, document: dict[str, Any], pointer: str
) -> None:
    assert pointers(api.post(ADDRESS, document)) == [pointer]
    assert not QuestionPool.objects.exists()


def test_it_measures_the_names_against_every_row(api: APIClient) -> None:
    document = pool_document(questions=2, concepts=1, concept_names=["Math", "Algebra"])
    assert pointers(api.post(ADDRESS, document)) == ["/questions/0/concepts", "/questions/1/concepts"]


@pytest.mark.parametrize(
    "extreme",
    [
        {"difficulty": 1e308},
        {"difficulty": -1e308, "discrimination": 1e308},
        {"discrimination": 1e308},
        {"discrimination": 1e-300},
        {"concepts": [1e308, 1e308]},
        {"concepts": [1e-320, 0]},
        {"guessing": 1 - 1e-16, "upper_asymptote": 1.0},
        {"guessing": 1e-320},
        {"difficulty": 5e4, "discrimination": 5e4},
    ],
)
def test_it_takes_no_parameters_that_it_cannot_compute_with(api: APIClient, extreme: dict[str, Any]) -> None:
    """Refused by name, or the test runs with finite numbers: never a question that breaks its tests."""
    rows = [question(i, [1, 1]) | extreme for i in range(3)]
    uploaded = api.post(ADDRESS, {"questions": rows, "concept_names": ["Math", "Algebra"]})
    if uploaded.status_code == 400:
        assert pointers(uploaded)
        return
    body: dict[str, Any] = {"student_id": "s1", "end_criteria": {"max_questions": 3}}
    reply = api.post("/api/test/start", body).json()
    session_id = reply["session_id"]
    for option in (0, 1, None):
        answer = {"session_id": session_id, "question_id": reply["next_question"]["id"], "response": option}
        response = api.post("/api/test/submit", answer)
        assert response.status_code == 200, response.json()
        reply = response.json()
    assert all(0 <= value <= 1 for value in reply["final_proficiency"])
    assert all(error > 0 for error in reply["ability"]["standard_error"])


def test_it_takes_pools_beyond_the_size_of_other_bodies(api: APIClient) -> None:
    document = pool_document(questions=300)
    for row in document["questions"]:
        row["content"] = "long " * 100
    assert api.post(ADDRESS, document).json()["count"] == 300


def test_it_refuses_a_body_that_is_too_large(api: APIClient, settings: LazySettings) -> None:
    settings.POOL_UPLOAD_MAX_BYTES = 1000
    response = api.post(ADDRESS, pool_document(questions=30))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert not QuestionPool.objects.exists()


def test_it_never_repeats_the_key_in_an_error(api: APIClient) -> None:
    document = pool_document(questions=1)
    document["questions"][0] |= {"correct_answer": "the secret key", "difficulty": "x"}
    assert b"the secret key" not in api.post(ADDRESS, document).content
