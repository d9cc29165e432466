"""Nothing that a client sends is a 500; every refusal names what is wrong, and changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, Start, browser_of, pointers
from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.sitting import lifecycle
from sessions_app.tests.factories import make_pool
from testing_engine.models import Question, QuestionPool, TestPlan

MODELS = (QuestionPool, Question, TestPlan, Student, TestSession, TestResponse, StudentProficiency)
POSTS = ("/api/questions/upload", "/api/test/start", "/api/test/submit", "/api/sessions/cleanup")
SURROGATE, NUL = "\ud800", "a\x00b"


def post_raw(client: APIClient, address: str, body: bytes) -> Reply:
    return client.generic("POST", address, body, content_type="application/json")  # type: ignore[arg-type]


def post_json(client: APIClient, address: str, document: Any) -> Reply:
    """Through Python's own lenient writer, which also writes NaN and lone surrogates."""
    return post_raw(client, address, json.dumps(document).encode())


def snapshot() -> Any:
    """Every row and every Redis value, without the counters of the rate limit: a state has one in it, too."""
    rows = [list(model._default_manager.order_by("pk").values()) for model in MODELS]
    redis = get_redis_connection("default")
    kept = sorted(key for key in redis.keys("*") if not key.startswith(b"rate:"))
    values = {key: redis.get(key) for key in kept}
    return rows, {key: v[:2] + v[6:] if key.startswith(b"session:") else v for key, v in values.items()}


@pytest.fixture
def started(api: APIClient, start: Start) -> dict[str, Any]:
    make_pool(questions=8, concepts=2)
    return start()


@pytest.fixture
def unchanged(started: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A running test that the test must leave as it was."""
    before = snapshot()
    yield started
    assert snapshot() == before


# --- Bodies that are no JSON objects --------------------------------------------------------------------

MALFORMED = {
    "half": b'{"student_id": ',
    "no JSON": b"student_id=s1",
    "single quotes": b"{'student_id': 's1'}",
    "trailing comma": b'{"student_id": "s1",}',
    "two values": b"{} {}",
    "list": b"[]",
    "list of objects": b'[{"student_id": "s1"}]',
    "text": b'"text"',
    "number": b"17",
    "null": b"null",
    "true": b"true",
    "NaN": b'{"student_id": NaN}',
    "Infinity": b'{"student_id": Infinity}',
    "-Infinity": b'{"student_id": -Infinity}',
    "not UTF-8": b'{"student_id": "\xff\xfe"}',
    "UTF-16": '{"student_id": "s1"}'.encode("utf-16"),
    "deep list": b'{"student_id": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep object": b'{"a":' * 8_000 + b"1" + b"}" * 8_000,
    "a number of 5000 digits": b'{"student_id": ' + b"9" * 5000 + b"}",
    "NUL bytes": b"\x00\x00\x00",
    "control character": b'{"student_id": "a\nb"}',
    "a byte order mark alone": b"\xef\xbb\xbf",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_it_refuses_what_is_no_json_object(api: APIClient, unchanged: dict[str, Any], body: bytes) -> None:
    for address in (*POSTS, f"/api/test/end/{unchanged['session_id']}"):
        response = post_raw(api, address, body)
        assert response.status_code == 400, address
        problem = response.json()
        assert problem["code"] == "parse_error"
        assert problem["detail"]
        assert response["Content-Type"] == "application/problem+json"


TWICE = {  # body → the fields that it gives twice
    b'{"student_id": "s1", "student_id": "s2"}': ["/student_id"],
    b'{"minutes": 1, "inactivity_minutes": 5, "inactivity_minutes": 5, "minutes": 2}': [
        "/minutes",
        "/inactivity_minutes",
    ],
    b'{"end_criteria": [{"a/b~": 1, "a/b~": [{"c": 1, "c": 2}]}]}': [
        "/end_criteria/0/a~1b~0",
        "/end_criteria/0/a~1b~0/0/c",
    ],
    b'{"a": ' + b"[" * 900 + b'{"b": 1, "b": 2}' + b"]" * 900 + b"}": ["/a" + "/0" * 900 + "/b"],
}


@pytest.mark.parametrize("body", TWICE, ids=range(len(TWICE)))
def test_it_refuses_a_field_that_comes_twice(api: APIClient, unchanged: dict[str, Any], body: bytes) -> None:
    for address in (*POSTS, f"/api/test/end/{unchanged['session_id']}"):
        response = post_raw(api, address, body)
        assert response.status_code == 400, address
        if response.json()["code"] == "invalid":  # else it is nested too deep for this thread's stack
            assert pointers(response) == TWICE[body]


def test_it_refuses_a_parameter_that_comes_twice(api: APIClient, unchanged: dict[str, Any]) -> None:
    status = f"/api/test/status/{unchanged['session_id']}"
    for address, name in (
        (f"{status}?student_id=s2&student_id=s1", "/student_id"),
        (f"{status}?render=x&render=html", "/render"),
        ("/api/sessions?status=expired&status=active", "/status"),
    ):
        response = api.get(address)
        assert (response.status_code, pointers(response)) == (400, [name])


def test_it_refuses_a_body_that_is_too_large(
    api: APIClient, unchanged: dict[str, Any], settings: LazySettings
) -> None:
    padding = "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    for address in ("/api/test/start", "/api/test/submit", "/api/sessions/cleanup"):
        response = post_json(api, address, {"student_id": padding})
        assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    end = f"/api/test/end/{unchanged['session_id']}"
    assert post_json(browser_of(unchanged), end, {"student_id": padding}).status_code == 413


def test_it_does_not_read_the_body_of_a_stranger(unchanged: dict[str, Any]) -> None:
    assert post_raw(APIClient(), "/api/questions/upload", b"[" * 1000).status_code == 401


# --- Fields ---------------------------------------------------------------------------------------------

START = {"student_id": "s1"}
BAD_START = [
    ({"student_id": None}, "/student_id"),
    ({"student_id": ""}, "/student_id"),
    ({"student_id": "  "}, "/student_id"),
    ({"student_id": True}, "/student_id"),
    ({"student_id": ["s1"]}, "/student_id"),
    ({"student_id": {"id": "s1"}}, "/student_id"),
    ({"student_id": "x" * 201}, "/student_id"),
    ({"student_id": NUL}, "/student_id"),
    ({"student_id": SURROGATE}, "/student_id"),
    ({"question_pool_id": "17"}, "/question_pool_id"),
    ({"question_pool_id": ""}, "/question_pool_id"),
    ({"question_pool_id": []}, "/question_pool_id"),
    ({"question_pool_id": -1}, "/question_pool_id"),
    ({"question_pool_id": 10**300}, "/question_pool_id"),
    ({"concept_names": "Math"}, "/concept_names"),
    ({"concept_names": {"Math": 1}}, "/concept_names"),
    ({"concept_names": ["Math"]}, "/concept_names"),
    ({"concept_names": ["Math", "Math"]}, "/concept_names"),
    ({"concept_names": ["A", "B", "C"]}, "/concept_names"),
    ({"concept_names": [str(i) for i in range(11)]}, "/concept_names"),
    ({"concept_names": ["Math", ""]}, "/concept_names/1"),
    ({"concept_names": ["Math", None]}, "/concept_names/1"),
    ({"concept_names": ["Math", []]}, "/concept_names/1"),
    ({"concept_names": ["Math", NUL]}, "/concept_names/1"),
    ({"concept_names": [SURROGATE, "Math"]}, "/concept_names/0"),
    ({"concept_names": ["Math", "x" * 101]}, "/concept_names/1"),
    ({"end_criteria": []}, "/end_criteria"),
    ({"end_criteria": "precision"}, "/end_criteria"),
    ({"end_criteria": {"type": "luck"}}, "/end_criteria/type"),
    ({"end_criteria": {"type": ["precision"]}}, "/end_criteria/type"),
    ({"end_criteria": {"type": {}}}, "/end_criteria/type"),
    ({"end_criteria": {"max_questions": 0}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"max_questions": -5}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"max_questions": 10**400}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"max_questions": 2.5}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"max_questions": "many"}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"max_questions": [5]}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"max_questions": True}}, "/end_criteria/max_questions"),
    ({"end_criteria": {"min_questions": 0}}, "/end_criteria/min_questions"),
    ({"end_criteria": {"min_questions": 6, "max_questions": 5}}, "/end_criteria/min_questions"),
    ({"end_criteria": {"min_questions": 21}}, "/end_criteria/min_questions"),
    ({"end_criteria": {"precision_threshold": 0}}, "/end_criteria/precision_threshold"),
    ({"end_criteria": {"precision_threshold": -0.3}}, "/end_criteria/precision_threshold"),
    ({"end_criteria": {"precision_threshold": "NaN"}}, "/end_criteria/precision_threshold"),
    ({"end_criteria": {"precision_threshold": 10**400}}, "/end_criteria/precision_threshold"),
    ({"end_criteria": {"precision_threshold": []}}, "/end_criteria/precision_threshold"),
    ({"end_criteria": {"precision_threshold": True}}, "/end_criteria/precision_threshold"),
    ({"end_criteria": {"classification_threshold": 0.4}}, "/end_criteria/classification_threshold"),
    ({"end_criteria": {"classification_threshold": 1}}, "/end_criteria/classification_threshold"),
    ({"end_criteria": {"cut_scores": "high"}}, "/end_criteria/cut_scores"),
    ({"end_criteria": {"cut_scores": []}}, "/end_criteria/cut_scores"),
    ({"end_criteria": {"cut_scores": [0, "1"]}}, "/end_criteria/cut_scores"),
    ({"end_criteria": {"cut_scores": 10**400}}, "/end_criteria/cut_scores"),
    ({"end_criteria": {"cut_scores": {"0": 0}}}, "/end_criteria/cut_scores"),
    ({"rules": []}, "/rules"),
    ({"rules": {"luck": 1}}, "/rules/luck"),
    ({"rules": {"a/b~c": 1}}, "/rules/a~1b~0c"),
    ({"rules": {"max_questions": 0}}, "/rules/max_questions"),
    ({"rules": {"max_questions": 10**400}}, "/rules/max_questions"),
    ({"rules": {"max_questions": "20"}}, "/rules/max_questions"),
    ({"rules": {"min_questions": 9, "max_questions": 5}}, "/rules/min_questions"),
    ({"rules": {"stop": {}}}, "/rules/stop"),
    ({"rules": {"stop": [{"name": "luck"}]}}, "/rules/stop/0/name"),
    ({"rules": {"stop": [{"name": ["precision"]}]}}, "/rules/stop/0/name"),
    ({"rules": {"stop": [{"name": "precision", "standard_error": 0}]}}, "/rules/stop/0/standard_error"),
    ({"rules": {"stop": [{"name": "precision", "standard_error": 10**400}]}}, "/rules/stop/0/standard_error"),
    ({"rules": {"ability": {"name": "WLE"}}}, "/rules/ability"),  # one dimension only, the pool has two
    ({"rules": {"ability": "EAP"}}, "/rules/ability"),
    ({"rules": {"strategy": {"name": "best", "luck": 1}}}, "/rules/strategy/luck"),
]


@pytest.mark.parametrize(("change", "pointer"), BAD_START)
def test_it_names_the_bad_field_of_a_start(
    api: APIClient, unchanged: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    response = post_json(api, "/api/test/start", START | change)
    assert pointers(response) == [pointer]
    (error,) = response.json()["errors"]
    assert set(error) == {"pointer", "detail", "code"}
    assert error["detail"]


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ('"student_id": 1e999', "/student_id"),
        ('"student_id": "s1", "concept_names": [1e999, "B"]', "/concept_names/0"),
        (
            '"student_id": "s1", "end_criteria": {"precision_threshold": 1e999}',
            "/end_criteria/precision_threshold",
        ),
        ('"student_id": "s1", "end_criteria": {"max_questions": 1e999}', "/end_criteria/max_questions"),
        ('"student_id": "s1", "end_criteria": {"cut_scores": [-1e999]}', "/end_criteria/cut_scores"),
        ('"student_id": "s1", "rules": {"max_questions": 1e999}', "/rules/max_questions"),
    ],
)
def test_it_takes_no_number_that_overflows(
    api: APIClient, unchanged: dict[str, Any], field: str, pointer: str
) -> None:
    response = post_raw(api, "/api/test/start", b"{%s}" % field.encode())
    assert response.status_code == 400, response.json()
    if response.json()["code"] != "parse_error":  # where the number is not refused as such
        assert pointers(response) == [pointer]


BAD_SUBMIT = [
    ({"session_id": None}, "/session_id"),
    ({"session_id": "17"}, "/session_id"),
    ({"session_id": []}, "/session_id"),
    ({"session_id": 10**300}, "/session_id"),
    ({"question_id": None}, "/question_id"),
    ({"question_id": ""}, "/question_id"),
    ({"question_id": []}, "/question_id"),
    ({"question_id": True}, "/question_id"),
    ({"question_id": "x" * 201}, "/question_id"),
    ({"question_id": NUL}, "/question_id"),
    ({"question_id": SURROGATE}, "/question_id"),
    ({"response": True}, "/response"),
    ({"response": False}, "/response"),
    ({"response": 1.0}, "/response"),
    ({"response": []}, "/response"),
    ({"response": {"option": 1}}, "/response/option"),
    ({"response": -1}, "/response"),
    ({"response": 4}, "/response"),
    ({"response": 10**400}, "/response"),
    ({"response": -(10**400)}, "/response"),
    ({"response": NUL}, "/response"),
    ({"response": SURROGATE}, "/response"),
    ({"response": "x" * 60_000}, "/response"),
    ({"student_id": []}, "/student_id"),
    ({"student_id": ""}, "/student_id"),
    ({"student_id": NUL}, "/student_id"),
    ({"student_id": SURROGATE}, "/student_id"),
    ({"response_time_ms": -1}, "/response_time_ms"),
    ({"response_time_ms": 2**31}, "/response_time_ms"),
    ({"response_time_ms": 1.5}, "/response_time_ms"),
    ({"response_time_ms": "soon"}, "/response_time_ms"),
    ({"response_time_ms": []}, "/response_time_ms"),
    ({"response_time_ms": True}, "/response_time_ms"),
]


@pytest.mark.parametrize("is_hot", [True, False])
@pytest.mark.parametrize(("change", "pointer"), BAD_SUBMIT)
def test_it_names_the_bad_field_of_a_submission(
    api: APIClient, started: dict[str, Any], change: dict[str, Any], pointer: str, is_hot: bool
) -> None:
    if not is_hot:
        get_redis_connection("default").flushdb()
    before = snapshot()
    answer = {
        "session_id": started["session_id"],
        "question_id": started["next_question"]["id"],
        "response": 0,
    }
    assert pointers(post_json(api, "/api/test/submit", answer | change)) == [pointer]
    (rows, values), (rows_before, values_before) = snapshot(), before
    assert rows == rows_before
    if is_hot:
        assert values == values_before
    assert not any(key.startswith(b"lock:") for key in values)


@pytest.mark.parametrize("missing", ["session_id", "question_id", "response"])
def test_it_names_the_missing_field_of_a_submission(
    api: APIClient, unchanged: dict[str, Any], missing: str
) -> None:
    answer = {"session_id": unchanged["session_id"], "question_id": "q0", "response": 0}
    del answer[missing]
    response = api.post("/api/test/submit", answer)
    assert pointers(response) == [f"/{missing}"]
    assert response.json()["errors"][0]["code"] == "required"


def test_it_names_every_bad_field_at_once(api: APIClient, unchanged: dict[str, Any]) -> None:
    response = api.post("/api/test/submit", {"session_id": 1.5, "response": [], "response_time_ms": -1})
    assert sorted(pointers(response)) == ["/question_id", "/response", "/response_time_ms", "/session_id"]


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "ümlaut", "tab\t"])
@pytest.mark.parametrize("address", ["/api/test/start", "/api/test/submit"])
def test_it_refuses_a_bad_idempotency_key(
    api: APIClient, unchanged: dict[str, Any], key: str, address: str
) -> None:
    answer = {
        "session_id": unchanged["session_id"],
        "question_id": unchanged["next_question"]["id"],
        "response": 0,
    }
    response = api.post(address, START | answer, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")


@pytest.mark.parametrize("minutes", [0, -1, 10**400, 525_601, "soon", None, [], {}, 1.5, True, "NaN", 1e300])
def test_it_names_the_bad_field_of_a_cleanup(api: APIClient, unchanged: dict[str, Any], minutes: Any) -> None:
    response = post_json(api, "/api/sessions/cleanup", {"inactivity_minutes": minutes})
    assert pointers(response) == ["/inactivity_minutes"]


@pytest.mark.parametrize("student_id", ["", [], NUL, SURROGATE, "x" * 201, True])
def test_it_names_the_bad_field_of_an_end(api: APIClient, unchanged: dict[str, Any], student_id: Any) -> None:
    response = post_json(api, f"/api/test/end/{unchanged['session_id']}", {"student_id": student_id})
    assert pointers(response) == ["/student_id"]


@pytest.mark.parametrize("text", [NUL, SURROGATE])
@pytest.mark.parametrize(
    "pointer",
    ["/name", "/concept_names/0", "/questions/0/id", "/questions/0/content", "/questions/0/options"],
)
def test_it_takes_no_text_that_cannot_be_stored(
    api: APIClient, unchanged: dict[str, Any], pointer: str, text: str
) -> None:
    row: dict[str, Any] = {
        "id": "q",
        "content": "?",
        "options": ["a", "b"],
        "correct_answer": "a",
        "concepts": [1],
    }
    document: dict[str, Any] = {"name": "A pool", "concept_names": ["Math"], "questions": [row]}
    match pointer.split("/")[1:]:
        case ["name"]:
            document["name"] = text
        case ["concept_names", _]:
            document["concept_names"] = [text]
        case [_, _, "options"]:
            row["options"] = ["a", text]
        case [_, _, field]:
            row[field] = text
    assert pointers(post_json(api, "/api/questions/upload", document)) == [pointer]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
def test_it_reads_json_whatever_it_is_called(api: APIClient, start: Start, content_type: str) -> None:
    """`curl -d` calls everything a form."""
    make_pool(questions=8)
    response = api.generic("POST", "/api/test/start", '{"student_id": "s1"}', content_type=content_type)
    assert response.status_code == 200


def test_it_never_shows_a_stack_trace(
    db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    """A bug of ours is a 500 that says nothing of the inside."""
    make_pool(questions=8)
    started = start()

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(lifecycle, "status", broken)
    browser = browser_of(started)
    browser.raise_request_exception = False
    response = browser.get(f"/api/test/status/{started['session_id']}")
    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "detail", "code"}
    assert b"the inside" not in response.content
