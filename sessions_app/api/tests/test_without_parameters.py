"""Pools and questions without parameters: points and percent, and nothing that rests on an ability."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, browser_of, pointers, submit
from sessions_app.models import StudentProficiency, TestResponse, TestSession
from sessions_app.reporting import result_rows
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting import hot_state
from sessions_app.tests.factories import make_named_test, make_pool, pool_document, question
from testing_engine.models import QuestionPool
from testing_engine.pools import revise_fields
from testing_engine.psychometrics.components import EDITION
from testing_engine.revisions import load_plan, load_revision

PARAMETERS = ("difficulty", "discrimination", "guessing")


def bare(index: int, **fields: Any) -> dict[str, Any]:
    """A question without any parameter."""
    row = question(index, [1.0], **fields)
    return {name: value for name, value in row.items() if name not in PARAMETERS or name in fields}


def scale_question(index: int) -> dict[str, Any]:
    """Three steps of agreement, without parameters."""
    row = {"id": f"s{index}", "content": f"I like {index}.", "options": ["no", "so so", "yes"]}
    return {**row, "option_scores": [0, 1, 2], "concepts": [1]}


def partial_question() -> dict[str, Any]:
    choices = [{"id": letter, "content": f"choice {letter}"} for letter in "ABC"]
    asked = {"type": "choice", "response": "R", "choices": choices, "max_choices": 0}
    key = {"R": {"mapping": {"A": 2, "B": 1}}}
    return {"id": "p", "content": "Which?", "concepts": [1], "interactions": [asked], "key": key}


@pytest.fixture
def bare_pool(db: None) -> QuestionPool:
    return make_pool([bare(i) for i in range(8)])


def is_sound(session_id: str) -> bool:
    """Replays to the last bit, with its audit chain whole."""
    found = replay(UUID(session_id), candidates=3)
    assert found.is_identical, found.differences
    broken = verify().breaks
    assert not broken, broken
    return True


def exported(api: APIClient, rows: str) -> list[dict[str, Any]]:
    reply: Any = api.get(f"/api/tests/algebra/results?rows={rows}")
    found: list[dict[str, Any]] = json.loads(b"".join(reply.streaming_content))["rows"]
    return found


def test_upload_says_what_has_no_parameters(api: APIClient) -> None:
    rows = [bare(0), bare(1, difficulty=0.5), bare(2, state="retired"), scale_question(3), partial_question()]
    uploaded = api.post("/api/questions/upload", pool_document(rows))
    assert uploaded.status_code == 200, uploaded.json()
    assert uploaded.json()["not_calibrated"] == 3
    assert "3 of them have no parameters" in uploaded.json()["message"]
    address = f"/api/pools/{uploaded.json()['question_pool_id']}"
    states = {"operational": 1, "provisional": 0, "not_calibrated": 3, "retired": 1}
    assert api.get(address).json()["states"] == states
    shown = {row["id"]: row for row in api.get(f"{address}/questions").json()["results"]}
    assert shown["q0"]["state"] == "not_calibrated"
    assert shown["q0"]["difficulty"] is shown["s3"]["thresholds"] is None
    assert (shown["q1"]["state"], shown["q1"]["difficulty"], shown["q1"]["discrimination"]) == (
        "operational",
        0.5,
        1,
    )
    assert (shown["s3"]["model"], shown["p"]["model"]) == ("GPCM", "GPCM")
    again = [{**row, "correct_answer": row["options"][0]} for row in (shown["q0"], shown["q1"], shown["q2"])]
    assert api.post("/api/questions/upload", pool_document(again)).json()["not_calibrated"] == 1


@pytest.mark.parametrize(
    ("state", "wrong"), [("operational", True), ("provisional", True), ("ready", True), ("retired", False)]
)
def test_a_state_must_fit_the_parameters(api: APIClient, state: str, wrong: bool) -> None:
    reply = api.post("/api/questions/upload", pool_document([bare(0, state=state)]))
    assert (pointers(reply) if wrong else reply.status_code) == (["/questions/0/state"] if wrong else 200)


def test_a_state_is_part_of_what_is_frozen(db: None) -> None:
    rows = [question(0, [1.0]), question(1, [1.0])]
    hashes = {
        make_pool(changed).current_revision.content_hash  # type: ignore[union-attr]
        for changed in (
            rows,
            [rows[0], {**rows[1], "state": "operational"}],
            [rows[0], {**rows[1], "state": "retired"}],
        )
    }
    assert len(hashes) == 2


def test_an_old_client_takes_a_test_of_such_a_pool(bare_pool: QuestionPool, api: APIClient) -> None:
    """What the contract names is there; of what would need an ability, nothing."""
    started = api.post("/api/test/start", {"student_id": "s1"}).json()
    assert started["initial_proficiency"] == []
    assert started["ability"] is None
    assert started["concept_names"] == ["Math"]
    assert started["next_question"]["id"] == "q0"
    browser = browser_of(started)
    reply = submit(browser, started, "q0", 0, key="k").json()
    assert reply["current_proficiency"] == []
    assert reply["ability"] is None
    assert submit(browser, started, "q0", 0, key="k").json() == reply
    assert submit(browser, started, "q0", 1).status_code == 409
    hot_state.forget([UUID(started["session_id"])])
    status = browser.get(f"/api/test/status/{started['session_id']}").json()
    assert (status["ability"], status["questions_answered"], status["max_questions"]) == (None, 1, 8)
    wrong = submit(browser, started, "q1", 0).json()
    done = answer_questions(browser, started, 6, question=wrong["next_question"])
    assert (done["status"], done["final_proficiency"], done["ability"], done["overall"]) == (
        "completed",
        [],
        None,
        None,
    )
    assert done["score"] == {"questions": 8, "right": 7, "points": 7, "most_points": 8, "percent": 87.5}
    assert done["accuracy"] == 0.875
    assert (done["test_summary"]["end_reason"], done["test_summary"]["concepts"]) == ("exhausted", [])
    assert done["test_summary"]["learning_gain"] is None
    told = browser.get(f"/api/test/result/{started['session_id']}").json()
    assert told["report"]["headline"] == "7 of 8 right (88 %)"
    assert (told["path"], told["report"]["whole"], told["report"]["concepts"]) == ([], None, [])
    assert (told["report"]["kind"], told["report"]["levels"]) == ("points", [])
    said = json.dumps(told)
    assert not any(word in said for word in ("adaptive", "comparison", "θ"))
    assert api.post(f"/api/test/end/{started['session_id']}").json()["score"] == done["score"]
    assert not StudentProficiency.objects.exists()
    assert is_sound(started["session_id"])
    told = StringIO()
    call_command("replay_session", started["session_id"], explain=True, stdout=told)
    assert "chosen by the rule “linear”. Left:" in told.getvalue()
    assert "θ" not in told.getvalue()


def test_reports_of_the_student_go_on(bare_pool: QuestionPool, api: APIClient, start: Start) -> None:
    started = start(question_pool_id=str(bare_pool.pk))
    answer_questions(api, started, 5)
    make_pool()
    answer_questions(api, start(), 5)
    history = api.get("/api/student/s1/history").json()["test_sessions"]
    assert [row["learning_gain"] is None for row in history] == [False, True]
    progress = api.get("/api/student/s1/progress").json()["progress_data"]
    assert [len(row["proficiency"]) for row in progress["progress_timeline"]] == [0, 1]
    assert len(progress["concept_progress"]["Math"]["timeline"]) == 1
    assert [row["ability"] is None for row in api.get("/api/sessions").json()["results"]] == [False, True]
    listed = api.get(f"/api/sessions/{started['session_id']}/responses").json()["results"]
    assert {row["ability_after"] for row in listed} == {None}
    assert is_sound(started["session_id"])


def test_who_leaves_early_has_points_of_the_whole_test(bare_pool: QuestionPool, api: APIClient) -> None:
    body = {"student_id": "s1", "rules": {"max_questions": 6, "selection": "random"}}
    started = api.post("/api/test/start", body).json()
    answer_questions(api, started, 3)
    done = api.post(f"/api/test/end/{started['session_id']}").json()
    assert done["score"] == {"questions": 6, "right": 3, "points": 3, "most_points": 6, "percent": 50}
    told = api.get(f"/api/test/result/{started['session_id']}").json()["report"]
    assert told["lines"] == ["3 of 6 questions were not reached; they earned nothing."]
    assert is_sound(started["session_id"])


def test_partial_credit_and_rating_scales_have_points(db: None, api: APIClient) -> None:
    make_pool([partial_question(), bare(1)])
    started = api.post("/api/test/start", {"student_id": "s1"}).json()
    reply = submit(api, started, "p", {"R": ["A"]}).json()
    done = answer_questions(api, started, 1, question=reply["next_question"])
    assert done["score"] == {"questions": 2, "right": 1, "points": 3, "most_points": 4, "percent": 75}
    told = api.get(f"/api/test/result/{started['session_id']}").json()["report"]
    assert [told["headline"], *told["lines"]] == ["3 of 4 points (75 %)", "Wholly right: 1 of 2 questions."]
    make_pool([scale_question(0), scale_question(1)])
    started = api.post("/api/test/start", {"student_id": "s1"}).json()
    submit(api, started, "s0", None)
    done = submit(api, started, "s1", 1).json()
    assert done["score"] == {"questions": 2, "right": None, "points": 1, "most_points": 2, "percent": 50}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"end_criteria": {"type": "precision"}}, "/end_criteria/type"),
        ({"end_criteria": {"cut_scores": [0.5], "type": "classification"}}, "/end_criteria/type"),
        ({"end_criteria": {"precision_threshold": 0.4}}, "/end_criteria/type"),
        ({"rules": {"stop": [{"name": "precision"}]}}, "/rules/stop/0"),
        ({"rules": {"criterion": {"name": "MFI"}}}, "/rules/criterion"),
        ({"rules": {"selection": "adaptive"}}, "/rules/selection"),
    ],
)
def test_what_needs_an_ability_is_refused(
    bare_pool: QuestionPool, api: APIClient, body: dict[str, Any], pointer: str
) -> None:
    reply = api.post("/api/test/start", {"student_id": "s1", **body})
    assert pointers(reply) == [pointer]
    assert not TestSession.objects.exists()


def test_a_length_is_all_that_old_end_criteria_need(bare_pool: QuestionPool, start: Start) -> None:
    assert start(end_criteria={"max_questions": 3})["initial_proficiency"] == []
    assert TestSession.objects.get().plan.rules == {
        "selection": "random",
        "max_questions": 3,
        "edition": EDITION,
    }


def test_a_named_test_finds_its_default(bare_pool: QuestionPool, api: APIClient, start: Start) -> None:
    test = make_named_test(
        bare_pool, vary_first_questions=True, shuffle_options=True, rules={"max_questions": 8}
    )
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    assert started["test"]["result_kind"] == "points"
    assert (
        load_revision(TestSession.objects.get().revision_id).bank.n_items == started["questions_answered"] + 8
    )
    test.result_kind, test.result_cuts = "levels", [0.0]
    test.save()
    assert pointers(api.post("/api/test/start", {"student_id": "s2", "test": "algebra"})) == [
        "/test",
        "/test",
    ]


def test_exports_have_points_and_no_ability(bare_pool: QuestionPool, api: APIClient) -> None:
    make_named_test(bare_pool, rules={"max_questions": 3, "selection": "linear"})
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    answer_questions(api, started, 3)
    (row,) = exported(api, "sessions")
    assert (row["points"], row["most_points"], row["percent"]) == (3, 3, 100)
    assert not [name for name in row if name.startswith(("theta", "proficiency", "level"))]
    assert row["overall_theta"] is row["overall_level"] is row["score"] is None
    sessions = TestSession.objects.all()
    assert "adaptive" not in "".join(result_rows.export(sessions, "answers", "csv")).lower()


def test_a_mixed_pool_adapts_without_what_has_no_parameters(api: APIClient, start: Start) -> None:
    make_pool([question(i, [1.0]) if i % 2 else bare(i) for i in range(24)])
    started = start(end_criteria={"type": "fixed_length", "max_questions": 20})
    done = answer_questions(api, started, 12)
    assert done["test_summary"]["end_reason"] == "exhausted"
    asked = TestResponse.objects.values_list("question__state", flat=True)
    assert set(asked) == {"operational"}
    assert is_sound(started["session_id"])


PILOTED = {"max_questions": 12, "pilots": {"count": 2, "after": [3, 7], "quota": 2}}


@pytest.fixture
def piloted(db: None) -> QuestionPool:
    return make_pool([*(question(i, [1.0]) for i in range(20)), *(bare(i) for i in range(20, 23))])


def test_pilots_count_in_nothing(piloted: QuestionPool, api: APIClient, start: Start) -> None:
    make_named_test(piloted, rules=PILOTED)
    started = start(test="algebra", end_criteria=None)
    reply: dict[str, Any] = started
    for number in range(14):
        is_pilot = int(reply["next_question"]["id"][1:]) >= 20
        assert is_pilot == (number in (3, 8))
        if number == 5:
            hot_state.forget([UUID(started["session_id"])])
        reply = answer_questions(api, started, 1, is_right=not is_pilot, question=reply["next_question"])
        if number == 4:
            status = api.get(f"/api/test/status/{started['session_id']}").json()
            assert (status["questions_answered"], status["max_questions"]) == (5, 14)
    assert (reply["total_questions"], reply["accuracy"]) == (14, round(12 / 14, 6))  # as the student counts
    assert reply["test_summary"]["correct_responses"] == 12
    session = TestSession.objects.get()
    answers = list(session.responses.all())
    assert [answer.position for answer in answers if answer.is_pilot] == [4, 9]
    assert answers[3].theta == answers[2].theta
    assert (session.questions_answered, session.pilots_answered, session.correct_responses) == (14, 2, 12)
    result = api.get(f"/api/test/result/{started['session_id']}").json()
    assert [point["questions_answered"] for point in result["path"]] == list(range(15))
    assert {name: result[name] for name in ("total_questions", "accuracy", "test_summary")} == {
        name: reply[name] for name in ("total_questions", "accuracy", "test_summary")
    }
    assert "pilot" not in json.dumps(result)
    (row,) = exported(api, "sessions")
    assert (row["questions_answered"], row["pilots_answered"]) == (12, 2)
    rows = exported(api, "answers")
    assert [row["position"] for row in rows if row["is_pilot"]] == [4, 9]
    explained = replay(session.pk, candidates=3)
    assert [step.why.chosen_by for step in explained.steps if step.why].count("pilot") == 2
    assert is_sound(started["session_id"])


def test_a_right_answer_to_a_pilot_is_one_to_the_student(
    piloted: QuestionPool, api: APIClient, start: Start
) -> None:
    """The same from the hot state, from the rows and by `end`; the report counts what counts."""
    make_named_test(piloted, rules=PILOTED)
    ended, completed = (start(student_id=student, test="algebra", end_criteria=None) for student in "ab")
    answer_questions(api, ended, 6)
    shorter = api.post(f"/api/test/end/{ended['session_id']}").json()
    assert (shorter["total_questions"], shorter["accuracy"]) == (6, 1)
    reply = answer_questions(api, completed, 14)
    assert (reply["total_questions"], reply["accuracy"]) == (14, 1)
    assert reply["test_summary"]["correct_responses"] == 14
    again = api.get(f"/api/test/result/{completed['session_id']}").json()
    assert {name: again[name] for name in reply} == reply
    row = next(row for row in exported(api, "sessions") if row["session_id"] == completed["session_id"])
    assert (row["questions_answered"], row["pilots_answered"]) == (12, 2)


def test_a_pilot_with_enough_answers_comes_no_more(
    piloted: QuestionPool, api: APIClient, start: Start
) -> None:
    rules = {**PILOTED, "pilots": {**PILOTED["pilots"], "quota": 1}}  # type: ignore[dict-item]
    make_named_test(piloted, rules=rules)
    counts = []
    for student in ("a", "b", "c"):
        started = api.post("/api/test/start", {"student_id": student, "test": "algebra"}).json()
        reply = started
        while reply["status"] in ("started", "continue"):
            reply = answer_questions(api, started, 1, question=reply["next_question"])
        session = TestSession.objects.get(pk=started["session_id"])
        counts.append((session.questions_answered, session.pilots_answered))
        assert is_sound(started["session_id"])
    assert counts == [(14, 2), (13, 1), (12, 0)]
    asked = TestResponse.objects.filter(is_pilot=True).values_list("question", flat=True)
    assert len(asked) == len(set(asked)) == 3


def frozen_answers(started: dict[str, Any]) -> dict[int, int]:
    session = TestSession.objects.get(pk=started["session_id"])
    pilots = load_plan(session.plan_id).rules.pilots
    assert pilots is not None
    return dict(zip(pilots.items or (), pilots.answers, strict=True))


def test_a_pilot_with_a_hundred_answers_goes_to_those_who_tell_most(api: APIClient, db: None) -> None:
    """Answers to a version with other parameters count, those to another text do not."""
    rows = [question(i, [1.0]) for i in range(20)]
    rows += [bare(i, difficulty=i - 21.5, state="not_calibrated") for i in range(20, 23)]
    pool = make_pool(rows)
    make_named_test(pool, rules={**PILOTED, "pilots": {"count": 2, "after": [3, 7]}})
    started = api.post("/api/test/start", {"student_id": "a", "test": "algebra"}).json()
    answer_questions(api, started, 14)
    session = TestSession.objects.get()
    tried = list(session.responses.filter(is_pilot=True).order_by("position"))
    names = [response.question.external_id for response in tried]
    copies = []
    for _ in range(130):
        session.pk = uuid4()
        session.save(force_insert=True)
        copies += [TestResponse(**values_of(each) | {"session_id": session.pk}) for each in tried]
    TestResponse.objects.bulk_create(copies)

    revise_fields(pool, 1, {names[0]: {"difficulty": -1.25}})
    started = api.post("/api/test/start", {"student_id": "b", "test": "algebra"}).json()
    assert frozen_answers(started) == {i: 125 if f"q{i}" in names else 0 for i in range(20, 23)}
    answer_questions(api, started, 14)
    replayed = replay(UUID(started["session_id"]), candidates=3)
    assert replayed.is_identical
    ways = [step.why.criterion for step in replayed.steps if step.why and step.why.chosen_by == "pilot"]
    assert len(ways) == 2
    assert "D-optimal" in ways  # two of the three are known

    revise_fields(pool, 2, {names[1]: {"content": "Something else?"}})
    started = api.post("/api/test/start", {"student_id": "c", "test": "algebra"}).json()
    assert frozen_answers(started) == {i: 125 if f"q{i}" == names[0] else 0 for i in range(20, 23)}


def values_of(response: TestResponse) -> dict[str, Any]:
    fields = [field.attname for field in TestResponse._meta.concrete_fields if not field.primary_key]
    return {name: getattr(response, name) for name in fields}


@pytest.mark.parametrize("column", ["is_pilot", "pilots_answered"])
def test_tampering_with_a_pilot_shows(
    piloted: QuestionPool, start: Start, api: APIClient, column: str
) -> None:
    started = start(rules=PILOTED, end_criteria=None)
    answer_questions(api, started, 5)
    change = {
        "is_pilot": "UPDATE test_responses SET is_pilot = NOT is_pilot WHERE position = 4",
        "pilots_answered": "UPDATE test_sessions SET pilots_answered = 0",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(change[column])
    assert [broken.where for broken in verify().breaks] == [f"session {started['session_id']}"]
    differing = {difference.field for difference in replay(UUID(started["session_id"])).differences}
    assert column in differing


def test_time_is_up_in_a_linear_test(bare_pool: QuestionPool, api: APIClient) -> None:
    make_named_test(bare_pool, rules={"max_questions": 8}, time_limit_minutes=1)
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    answer_questions(api, started, 2)
    TestSession.objects.update(deadline=timezone.now() - timedelta(hours=1))
    assert submit(api, started, "q2", 0).status_code == 409
    done = api.post(f"/api/test/end/{started['session_id']}").json()
    assert (done["test_summary"]["end_reason"], done["score"]["percent"]) == ("time limit", 25)
