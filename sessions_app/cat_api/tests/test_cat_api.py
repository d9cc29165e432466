"""The protocol from outside: clients as they are known to be, retries, outages, forgeries."""

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from rest_framework.test import APIClient

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.administration import supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Reply, client_with
from sessions_app.models import CatStage, TestResponse, TestSession
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting import submission
from sessions_app.tests.factories import make_token
from testing_engine.models import Question, QuestionPool

BASE = "/ims/cat/v1p0/sections"
ITEMS = [{"id": f"i-{n}", "a": 1.0 + n % 3 / 4, "b": (n - 6) / 3} for n in range(12)]


def section_of(configuration: dict[str, Any], **others: Any) -> dict[str, Any]:
    text = base64.b64encode(json.dumps(configuration).encode()).decode()
    return {"sectionConfiguration": text, **others}


def of_items(items: list[dict[str, Any]] = ITEMS, most: int = 5, **others: Any) -> dict[str, Any]:
    return section_of({"version": 1, "pool": {"items": items}, "rules": {"max_questions": most}, **others})


def begun(
    api: APIClient, section: dict[str, Any], body: dict[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    made = api.post(BASE, section)
    assert made.status_code == 201, made.json()
    address = f"{BASE}/{made.json()['sectionIdentifier']}/sessions"
    session = api.post(address, body or {})
    assert session.status_code == 201, session.json()
    return f"{address}/{session.json()['sessionIdentifier']}", session.json()


def result(item: str, score: object, **fields: Any) -> dict[str, Any]:
    variable = {
        "identifier": "SCORE",
        "cardinality": "single",
        "baseType": "float",
        "value": [{"value": score}],
    }
    return {
        "identifier": item,
        "datestamp": "2026-11-26T10:00:00Z",
        "sessionStatus": "final",
        "outcomeVariables": [variable],
        **fields,
    }


def post(api: APIClient, address: str, state: object, *results: dict[str, Any]) -> Reply:
    return api.post(
        f"{address}/results", {"assessmentResult": {"itemResult": list(results)}, "sessionState": state}
    )


def outcomes(reply: dict[str, Any]) -> dict[str, str]:
    variables = reply["assessmentResult"]["testResult"]["outcomeVariables"]
    return {each["identifier"]: each["value"][0]["value"] for each in variables}


def items_in(reply: dict[str, Any]) -> list[str]:
    return reply["nextItems"]["itemIdentifiers"]  # type: ignore[no-any-return]


def description(reply: Reply, status: int = 422, code: str = "invaliddata") -> str:
    told = reply.json()
    assert reply.status_code == status, told
    assert told["imsx_codeMajor"] == "failure"
    (minor,) = told["imsx_codeMinor"]["imsx_codeMinorField"]
    assert minor == {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": code}
    return told["imsx_description"]  # type: ignore[no-any-return]


def is_sound(session_id: str) -> bool:
    """Replayed to the last bit, and its chain whole."""
    found = replay(UUID(session_id))
    assert found.is_identical, found.differences
    return not verify().breaks


def test_a_whole_section(api: APIClient) -> None:
    address, reply = begun(api, of_items())
    assert len(items_in(reply)) == 4  # the question and three ahead
    right = {f"i-{n}": n % 2 for n in range(12)}
    answered = 0
    while items_in(reply):
        assert reply["nextItems"]["stageLength"] == 1
        item = items_in(reply)[0]
        taken = post(api, address, reply["sessionState"], result(item, right[item]))
        assert taken.status_code == 201, taken.json()
        reply, answered = taken.json(), answered + 1
        assert outcomes(reply)["NUM_ITEMS"] == str(answered)
    assert answered == 5
    assert reply["nextItems"] == {"itemIdentifiers": [], "stageLength": 0}
    assert outcomes(reply)["STOP_REASON"]
    session = TestSession.objects.get()
    assert session.status == "completed"
    assert float(outcomes(reply)["THETA"]) == session.theta[0]
    assert float(outcomes(reply)["THETA_SE"]) == session.standard_error[0]
    assert is_sound(str(session.pk))


def test_results_of_an_outage_come_together_and_replay(api: APIClient) -> None:
    """The client went on with what lay ahead; its results are stored in the order of the stage."""
    address, reply = begun(api, of_items())
    first, second, third, _ = items_in(reply)
    taken = post(api, address, reply["sessionState"], result(second, 0), result(first, 1), result(third, "1"))
    assert outcomes(taken.json())["NUM_ITEMS"] == "3"
    stored = TestResponse.objects.order_by("position")
    assert [each.question.external_id for each in stored] == [first, second, third]
    assert [each.score for each in stored] == [1, 0, 1]
    assert [each.response for each in stored] == [{"$points": "1.0"}, {"$points": "0.0"}, {"$points": "1.0"}]
    assert is_sound(address.rsplit("/", 1)[1])


def test_all_results_of_an_outage_are_kept_beyond_the_stop(api: APIClient) -> None:
    rules = {"max_questions": 9, "min_questions": 2, "stop": [{"name": "precision", "standard_error": 0.9}]}
    content = section_of({"pool": {"items": ITEMS}, "rules": rules, "lookahead": 3})
    address, reply = begun(api, content)
    taken = post(api, address, reply["sessionState"], *(result(item, 1) for item in items_in(reply)))
    assert items_in(taken.json()) == []
    assert outcomes(taken.json())["NUM_ITEMS"] == "4"
    assert is_sound(address.rsplit("/", 1)[1])


def test_a_retry_gets_the_same_reply(api: APIClient) -> None:
    address, reply = begun(api, of_items())
    item, state = items_in(reply)[0], reply["sessionState"]
    once, again = (post(api, address, state, result(item, 1)).json() for _ in range(2))
    assert once == again
    without_state = post(api, address, None, result(item, 1)).json()
    assert without_state == once
    assert "another score" in description(post(api, address, once["sessionState"], result(item, 0)))
    assert "newest" in description(post(api, address, state, result(item, 0)))
    assert TestResponse.objects.count() == 1
    late = post(api, address, once["sessionState"], result(item, 1), result(items_in(once)[0], 0))
    assert outcomes(late.json())["NUM_ITEMS"] == "2"  # the whole test so far may come along
    assert post(api, address, state, result(item, 1)).status_code == 422


def test_a_paused_session_hands_out_no_items(api: APIClient) -> None:
    rules = {"max_questions": 5, "pauses": {"times": 1, "minutes": 10}}
    address, reply = begun(api, section_of({"version": 1, "pool": {"items": ITEMS}, "rules": rules}))
    answer = (reply["sessionState"], result(items_in(reply)[0], 1))
    assert post(api, address, *answer).status_code == 201
    ids = [TestSession.objects.get().pk]
    supervision.one(supervision.pause(ids, Supervisor()))
    assert "paused" in description(post(api, address, *answer))  # a retry gets none either
    supervision.one(supervision.go_on(ids, Supervisor()))
    assert items_in(post(api, address, *answer).json())


def test_a_request_that_broke_off_is_finished(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address, reply = begun(api, of_items())
    results = [result(item, 1) for item in items_in(reply)[:3]]
    real, calls = submission.submit, []

    def dies(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return real(*args, **kwargs)

    monkeypatch.setattr(submission, "submit", dies)
    with pytest.raises(RuntimeError):
        post(api, address, reply["sessionState"], *results)
    assert TestResponse.objects.count() == 1
    assert replay(TestSession.objects.get().pk).is_identical  # in the middle, too
    taken = post(api, address, reply["sessionState"], *results)
    assert outcomes(taken.json())["NUM_ITEMS"] == "3"
    assert is_sound(address.rsplit("/", 1)[1])


def test_stages_that_were_changed_are_seen(api: APIClient) -> None:
    address, reply = begun(api, of_items())
    post(api, address, reply["sessionState"], *(result(item, 1) for item in items_in(reply)[:2]))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE cat_stages DISABLE TRIGGER USER")
        cursor.execute("UPDATE cat_stages SET items = items[1:1] || ARRAY[11] || items[2:2] WHERE number = 0")
    found = replay(UUID(address.rsplit("/", 1)[1]))
    assert "stage 0" in {each.field for each in found.differences}


def test_a_section_is_made_once(api: APIClient) -> None:
    content = {**of_items(), "qtiMetadata": {"interactionType": ["choiceInteraction"]}}
    made = [api.post(BASE, content).json()["sectionIdentifier"] for _ in range(2)]
    assert made[0] == made[1]
    address = f"{BASE}/{made[0]}"
    found = api.get(address).json()
    assert found["section"] == content
    assert found["items"] == {"itemIdentifiers": [item["id"] for item in ITEMS]}
    stranger = client_with(f"Token {make_token()}")
    assert "no such section" in description(stranger.get(address), 404, "unknownobject")
    assert [api.delete(address).status_code for _ in range(2)] == [204, 204]
    assert api.get(address).status_code == 404
    assert api.post(f"{address}/sessions", {}).status_code == 404
    assert api.post(BASE, content).json()["sectionIdentifier"] != made[0]


def test_a_session_begins_once_and_ends(api: APIClient) -> None:
    address, _ = begun(api, of_items())
    sittings = address.rsplit("/", 1)[0]
    key = {"Idempotency-Key": "once"}
    twice = [api.post(sittings, {"priorData": []}, headers=key).json() for _ in range(2)]
    assert twice[0] == twice[1]
    one = f"{sittings}/{twice[0]['sessionIdentifier']}"
    assert [api.delete(one).status_code for _ in range(2)] == [204, 204]
    assert TestSession.objects.get(pk=twice[0]["sessionIdentifier"]).status == "ended"
    over = post(api, one, twice[0]["sessionState"], result(items_in(twice[0])[0], 1))
    assert "over" in description(over)
    assert api.delete(f"{sittings}/{TestSession.objects.first().pk}x").status_code == 404  # type: ignore[union-attr]
    assert (
        api.post(sittings, {"priorData": [{"key": "priorMu", "value": "1"}]}, headers=key).status_code == 422
    )


def test_what_the_client_knows_of_the_student(api: APIClient) -> None:
    prior = [{"key": "priorMu", "value": "-0.5"}, {"key": "priorSigma", "value": "0.8"}]
    begun(api, of_items(), {"priorData": [*prior, {"key": "studentId", "value": "ada"}]})
    session = TestSession.objects.select_related("student").get()
    assert (session.prior_mean, session.prior_sd) == ([-0.5], [0.8])
    assert session.student.external_id == "ada"


def test_a_pool_of_this_service(api: APIClient, pool: QuestionPool) -> None:
    revision = pool.current_revision
    assert revision is not None
    content = section_of({"pool": {"id": str(pool.pk), "revision": 1}, "rules": {"max_questions": 3}})
    address, reply = begun(api, content)
    while items_in(reply):
        reply = post(api, address, reply["sessionState"], result(items_in(reply)[0], 2)).json()
        if "imsx_codeMajor" in reply:
            break
    assert "2 is no score of this question: there are 0, 1" in reply["imsx_description"]
    assert TestSession.objects.get().revision_id == revision.pk


def test_a_client_shaped_like_tao(api: APIClient) -> None:
    """Capitals, numbers, `""` for nothing, a list of sessions that is empty, several results at once."""
    content = {**of_items(), "qtiMetadata": "", "qtiUsagedata": ""}
    address, reply = begun(api, content, {"priorData": [{"key": "initialEstimatedAbility", "value": "0.0"}]})
    variable = {"identifier": "SCORE", "cardinality": 0, "baseType": "FLOAT", "value": 1}
    results = [
        {
            "identifier": item,
            "datestamp": "2026-11-26T10:00:00+0000",
            "sessionStatus": "FINAL",
            "outcomeVariables": [variable],
        }
        for item in items_in(reply)[:2]
    ]
    body = {
        "assessmentResult": {"context": {"sourcedId": None, "sessionIdentifiers": []}, "itemResult": results},
        "sessionState": reply["sessionState"],
    }
    taken = api.post(f"{address}/results", body).json()
    assert taken["sessionState"]
    assert outcomes(taken)["NUM_ITEMS"] == "2"
    test_result = taken["assessmentResult"]["testResult"]
    assert test_result["identifier"]
    assert test_result["datestamp"]
    assert all(value["baseType"] for each in test_result["outcomeVariables"] for value in each["value"])


def test_a_client_shaped_like_cito(api: APIClient) -> None:
    """Nulls everywhere, texts for numbers, the score as a share, attempts of which the last counts."""
    content = of_items(lookahead=0)
    address, reply = begun(api, content, {"demographics": None, "personalNeedsAndPreferences": None})
    (item,) = items_in(reply)
    score = {"identifier": "SCORE", "cardinality": "single", "baseType": "float", "value": [{"value": "4"}]}
    variables = [score | {"normalMaximum": 4}, {"identifier": "DURATION", "value": [{"value": "12"}]}]
    attempts = [
        result(item, 0, datestamp="2026-11-26T09:00:00.0000001Z"),
        result(item, 0, sessionStatus="pendingSubmission", outcomeVariables=None),
        result(
            item,
            0,
            datestamp="2026-11-26T09:30:00.1234567Z",
            outcomeVariables=variables,
            candidateComment=None,
        ),
    ]
    assert outcomes(post(api, address, reply["sessionState"], *attempts).json())["NUM_ITEMS"] == "1"
    assert TestResponse.objects.get().score == 1


USAGE = """<usageData xmlns="http://www.imsglobal.org/xsd/imsqti_usagedata_v2p1">{}</usageData>"""
STATISTIC = (
    """<ordinaryStatistic name="{}"><targetObject identifier="{}"/><value>{}</value></ordinaryStatistic>"""
)


def usage(*statistics: tuple[str, str, float]) -> str:
    body = "".join(STATISTIC.format(*each) for each in statistics)
    return base64.b64encode(USAGE.format(body).encode()).decode()


def test_parameters_from_usage_data(api: APIClient) -> None:
    items = [{"id": f"q{n}"} for n in range(4)]
    given = usage(
        *(("A-Param", f"q{n}", 1.0) for n in range(4)), *(("B-Parm", f"q{n}", n / 2) for n in range(4))
    )
    configuration = {"pool": {"items": items}, "rules": {"max_questions": 2}, "scaling": 1.702}
    begun(api, section_of(configuration, qtiUsagedata=given))
    question = Question.objects.get(external_id="q3")
    assert (question.discrimination, question.difficulty) == (1.702, 1.5)
    silent = section_of({**configuration, "scaling": None}, qtiUsagedata=given)
    assert "scaling: must be 1, 1.7 or 1.702" in description(api.post(BASE, silent))
    items[0]["b"] = 2.0  # type: ignore[assignment]
    other = section_of({**configuration, "pool": {"items": items}}, qtiUsagedata=given)
    assert "is 2.0 here and 0 in qtiUsagedata" in description(api.post(BASE, other))
    entity = base64.b64encode(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>').decode()
    assert api.post(BASE, section_of({**configuration}, qtiUsagedata=entity)).status_code in (201, 422)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "sectionConfiguration: must be Base64"),
        ({"sectionConfiguration": "§"}, "is not Base64"),
        ({"sectionConfiguration": "e30="}, 'pool: must be {"id": …} or {"items": […]}'),
        (section_of({"version": 2, "pool": {"id": "x"}, "speed": 1}), "version: must be 1"),
        (section_of({"pool": {"id": "x"}}), "must be the id of a pool"),
        (section_of({"pool": {"items": [{"id": "a", "b": "x"}]}}), "items/0/difficulty"),
        (of_items([{"id": "a", "bb": 1}, {"id": "b"}]), "mean nothing here: bb"),
        (of_items(lookahead=99), "lookahead: must be a whole number from 0 to 20"),
        (of_items(most=0), "rules/max_questions"),
        ({**of_items(), "more": 1}, "more: is unknown"),
    ],
)
def test_a_section_that_is_wrong_is_told_where(api: APIClient, content: dict[str, Any], told: str) -> None:
    assert told in description(api.post(BASE, content))
    assert not QuestionPool.objects.exists()


def test_results_that_are_wrong_change_nothing(api: APIClient) -> None:
    address, reply = begun(api, of_items())
    state, first = reply["sessionState"], items_in(reply)[0]
    other = next(str(item["id"]) for item in ITEMS if item["id"] not in items_in(reply))
    wrong = {
        "was not handed out": [result(other, 1)],
        "is no item of this section": [result("nothing", 1)],
        "which came first": [result(items_in(reply)[1], 1)],
        "no outcome variable SCORE": [result(first, 1, outcomeVariables=[])],
        "'much' is no number": [result(first, "much")],
        "0.5 is no score of this question": [result(first, 0.5)],
    }
    for told, results in wrong.items():
        assert told in description(post(api, address, state, *results))
    assert "changed" in description(post(api, address, state[:-1], result(first, 1)))
    another, begun_there = begun(api, of_items())
    assert "another session" in description(post(api, another, state, result(items_in(begun_there)[0], 1)))
    assert post(api, address, state).json()["nextItems"] == reply["nextItems"]  # nothing new: the same stage
    assert TestResponse.objects.count() == 0
    assert CatStage.objects.count() == 2


def test_who_may(api: APIClient) -> None:
    nobody = client_with(None).post(BASE, of_items())
    description(nobody, 401, "unauthorisedrequest")
    assert nobody["WWW-Authenticate"]
    reader = client_with(f"Token {make_token(['report_results'])}")
    description(reader.post(BASE, of_items()), 403, "forbidden")
    deliverer = client_with(f"Token {make_token(['deliver_tests'])}")
    assert "permission 'author'" in description(deliverer.post(BASE, of_items()))


def test_a_client_of_another_organisation_finds_nothing(api: APIClient, pool: QuestionPool) -> None:
    address, reply = begun(api, of_items())
    with acting_for(Organisation.objects.create(slug="other", name="Other").pk):
        stranger = client_with(f"Token {make_token()}")
    section = address.rsplit("/sessions", 1)[0]
    assert api.get(section).status_code == 200
    assert stranger.get(section).status_code == 404
    for there in (section, address):
        assert stranger.delete(there).status_code == 404
    assert stranger.post(f"{section}/sessions", {}).status_code == 404
    item = items_in(reply)[0]
    assert post(stranger, address, reply["sessionState"], result(item, 1)).status_code == 404
    of_pool = [section_of({"version": 1, "pool": {"id": str(pk)}}) for pk in (pool.pk, UUID(int=7))]
    told = [description(stranger.post(BASE, content)) for content in of_pool]
    assert told[0] == told[1]
    assert api.get(section).status_code == 200
    assert TestSession.objects.get().questions_answered == 0
