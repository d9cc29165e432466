"""A patient answers through the protocol; every resource is one by the schemas of HL7."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from rest_framework.test import APIClient

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.administration import supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Reply, client_with
from sessions_app.fhir.received import SESSIONS
from sessions_app.fhir.resources import ADAPTIVE, ORDINAL
from sessions_app.models import NamedTest, TestResponse, TestSession
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.tests.factories import make_named_test, make_token
from testing_engine.models import QuestionPool

BASE = "http://testserver/fhir/Questionnaire"
NEXT = "/fhir/Questionnaire/$next-question"
Resource = dict[str, Any]
T_SCORES = {"result_kind": "scale", "scale_mean": 50, "scale_sd": 10, "allow_dont_know": False}


@pytest.fixture
def bank(pool: QuestionPool) -> str:
    """The canonical address of an adaptive Questionnaire that tells T scores."""
    return f"{BASE}/{make_named_test(pool, 'fatigue', **T_SCORES).name}"


def beginning(canonical: str, **fields: Any) -> Resource:
    contained = {
        "resourceType": "Questionnaire",
        "id": "asked",
        "status": "active",
        "derivedFrom": [canonical],
    }
    return {
        "resourceType": "QuestionnaireResponse",
        "contained": [contained],
        "questionnaire": "#asked",
        "status": "in-progress",
        **fields,
    }


def sent(api: APIClient, resource: Resource, **headers: str) -> Resource:
    reply = api.post(NEXT, resource, headers=headers)
    assert reply.status_code == 200, reply.json()
    return valid(reply.json())


def valid(response: Resource) -> Resource:
    QuestionnaireResponse.model_validate(response)
    return response


def questions(response: Resource) -> list[Resource]:
    return [item for item in response["contained"][0]["item"] if item["type"] == "choice"]


def answered(response: Resource, code: str = "1") -> Resource:
    """As a client sends it back: the last question has an answer."""
    last = questions(response)[-1]
    (chosen,) = (each["valueCoding"] for each in last["answerOption"] if each["valueCoding"]["code"] == code)
    item = {"linkId": last["linkId"], "text": last["text"], "answer": [{"valueCoding": chosen}]}
    return {**response, "item": [*response.get("item", []), item]}


def refused(reply: Reply, status: int, says: str) -> Resource:
    told: Resource = reply.json()
    assert reply.status_code == status, told
    OperationOutcome.model_validate(told)
    assert says in told["issue"][0]["diagnostics"]
    return told["issue"][0]  # type: ignore[no-any-return]


def whole_test(api: APIClient, response: Resource) -> Resource:
    while response["status"] == "in-progress":
        response = sent(api, answered(response))
    return response


def test_a_whole_test_with_scores_at_its_end(api: APIClient, bank: str) -> None:
    first = sent(api, beginning(bank, subject={"reference": "Patient/4711"}))
    assert [len(questions(first)), first["status"], "item" in first] == [1, "in-progress", False]
    done = whole_test(api, first)
    assert (len(questions(done)), done["status"]) == (5, "completed")
    session = TestSession.objects.get()
    assert session.student.external_id == "Patient:4711"
    scores = {item["linkId"]: item["answer"][0] for item in done["item"][5:]}
    assert scores["score"]["valueDecimal"] == round(50 + 10 * session.theta[0], 6)
    assert scores["standard-error"]["valueDecimal"] == round(10 * session.standard_error[0], 6)
    assert all(item["readOnly"] for item in done["contained"][0]["item"][5:])
    assert replay(session.pk).is_identical
    assert not verify().breaks


def test_the_contained_questionnaire_is_one_and_tells_no_key(api: APIClient, bank: str, pool: Any) -> None:
    first = sent(api, beginning(bank))
    contained = first["contained"][0]
    Questionnaire.model_validate(contained)
    assert contained["derivedFrom"] == [bank]
    assert contained["extension"] == [{"url": ADAPTIVE, "valueBoolean": True}]
    codings = [option["valueCoding"] for option in questions(first)[0]["answerOption"]]
    assert [coding["extension"][0] for coding in codings] == [
        {"url": ORDINAL, "valueDecimal": number} for number in (1, 2, 3, 4)
    ]
    make_named_test(pool, "knowledge")
    other = sent(api, beginning(f"{BASE}/knowledge"))
    assert not any("extension" in each["valueCoding"] for each in questions(other)[0]["answerOption"])


def test_in_parameters_and_bare_are_the_same(api: APIClient, bank: str) -> None:
    key = str(uuid4())
    bare = sent(api, beginning(bank), **{"Idempotency-Key": key})
    wrapped = {
        "resourceType": "Parameters",
        "parameter": [{"name": "questionnaire-response", "resource": beginning(bank)}],
    }
    reply = api.post(NEXT, wrapped, headers={"Idempotency-Key": key}).json()
    assert reply["parameter"] == [{"name": "return", "resource": bare}]


def test_a_lost_reply_costs_nothing(api: APIClient, bank: str) -> None:
    own = {"identifier": {"system": "https://app.example", "value": "visit-7"}}
    first = sent(api, beginning(bank, **own))
    assert sent(api, beginning(bank, **own)) == first
    assert first["identifier"] == own["identifier"]
    back = answered(first)
    second = sent(api, back)
    assert sent(api, back) == second
    assert TestSession.objects.count() == TestResponse.objects.count() == 1
    assert sent(api, {**second, "item": second["item"][:1]}) == second  # nothing new: the same again


def test_a_paused_one_has_no_question(api: APIClient, bank: str) -> None:
    NamedTest.objects.update(rules={"max_questions": 5, "pauses": {"times": 1, "minutes": 10}})
    first = sent(api, beginning(bank))
    ids = [TestSession.objects.get().pk]
    supervision.one(supervision.pause(ids, Supervisor()))
    refused(api.post(NEXT, first), 409, "paused")
    refused(api.post(NEXT, answered(first)), 409, "paused")
    supervision.one(supervision.go_on(ids, Supervisor()))
    assert questions(sent(api, first)) == questions(first)


def test_earlier_answers_do_not_change(api: APIClient, bank: str) -> None:
    second = sent(api, answered(sent(api, beginning(bank))))
    changed = answered(second)
    changed["item"][0] = {**changed["item"][0], "answer": [{"valueCoding": {"code": "3"}}]}
    issue = refused(api.post(NEXT, changed), 422, "was another")
    link = changed["item"][0]["linkId"]
    assert issue["expression"] == [f"QuestionnaireResponse.item.where(linkId='{link}')"]
    assert TestResponse.objects.count() == 1


def test_what_waits_is_the_one_question_that_may_be_answered(api: APIClient, bank: str) -> None:
    first = sent(api, beginning(bank))
    link = questions(first)[0]["linkId"]
    other = "q1" if link != "q1" else "q2"
    for items in ([(other, "0")], [(link, "0"), (other, "0")]):
        content = [{"linkId": name, "answer": [{"valueCoding": {"code": code}}]} for name, code in items]
        refused(api.post(NEXT, {**first, "item": content}), 422, f"Waits for an answer to {link}")
    for code in ("4", "-1", "x", "01", ""):
        content = [{"linkId": link, "answer": [{"valueCoding": {"code": code}}]}]
        refused(api.post(NEXT, {**first, "item": content}), 422, "has no option")
    assert not TestResponse.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"resourceType": "Patient"}, 400, "Send a QuestionnaireResponse"),
        ({"contained": []}, 400, "Has no Questionnaire"),
        ({"contained": 7}, 400, "Must be a list"),
        ({"contained": [{"resourceType": "Questionnaire"}]}, 400, "Names the one"),
        ({"contained": [], "questionnaire": f"{BASE}/nothing"}, 404, "There is no adaptive Questionnaire"),
        ({"contained": [], "questionnaire": "https://elsewhere/fatigue"}, 404, "There is no adaptive"),
        ({"identifier": {"system": SESSIONS, "value": "x"}}, 404, "no session of ours"),
        (
            {"identifier": {"system": SESSIONS, "value": str(UUID(int=1))}},
            404,
            "no such",
        ),
        ({"identifier": {}}, 400, "Needs a value"),
        ({"subject": "Patient/1"}, 400, "Needs a reference"),
        ({"item": [{"linkId": 1}]}, 400, "Is missing"),
        ({"item": [{"linkId": "q1", "answer": [{"valueString": "x"}]}]}, 400, "Needs one answer"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    api: APIClient, bank: str, change: Resource, status: int, says: str
) -> None:
    refused(api.post(NEXT, {**beginning(bank), **change}), status, says)
    assert not TestSession.objects.exists()


def test_who_may(api: APIClient, bank: str) -> None:
    first = sent(api, beginning(bank))
    refused(client_with("").post(NEXT, first), 401, "credentials")
    refused(client_with(f"Token {make_token()}").post(NEXT, answered(first)), 404, "no such session")
    assert not TestResponse.objects.exists()


def test_what_is_found_and_what_the_door_can_do(api: APIClient, bank: str, pool: QuestionPool) -> None:
    make_named_test(pool, "over", closes_at="2020-01-01T00:00:00Z")
    found = api.get("/fhir/Questionnaire").json()
    Bundle.model_validate(found)
    assert [entry["fullUrl"] for entry in found["entry"]] == [bank]
    assert api.get("/fhir/Questionnaire", {"url": bank}).json()["total"] == 1
    assert api.get("/fhir/Questionnaire", {"title": "fat"}).json()["total"] == 1
    assert api.get("/fhir/Questionnaire", {"url": "x"}).json()["total"] == 0
    refused(api.get("/fhir/Questionnaire", {"nothing": "x"}), 400, "searched by")
    Questionnaire.model_validate(api.get("/fhir/Questionnaire/fatigue").json())
    refused(api.get("/fhir/Questionnaire/over"), 404, "no such Questionnaire")
    CapabilityStatement.model_validate(api.get("/fhir/metadata").json())


def test_the_protocols_media_type(api: APIClient, bank: str) -> None:
    reply = api.get("/fhir/metadata", headers={"Accept": "application/fhir+json"})
    assert reply["Content-Type"].startswith("application/fhir+json")
    assert reply["Cache-Control"] == "no-store"


def test_a_client_of_another_organisation_finds_nothing(api: APIClient, bank: str) -> None:
    with acting_for(Organisation.objects.create(slug="other", name="Other").pk):
        stranger = client_with(f"Token {make_token()}")
    first = sent(api, beginning(bank))
    assert "fatigue" not in stranger.get("/fhir/Questionnaire").content.decode()
    assert api.get("/fhir/Questionnaire/fatigue").status_code == 200
    assert stranger.get("/fhir/Questionnaire/fatigue").status_code == 404
    told = [stranger.post(NEXT, beginning(address)) for address in (bank, f"{BASE}/nothing")]
    assert told[0].status_code == told[1].status_code >= 400
    assert told[0].content.replace(b"fatigue", b"nothing") == told[1].content
    refused(stranger.post(NEXT, answered(first)), 404, "no such session")
    assert TestSession.objects.get().questions_answered == 0


ALIKE = (
    "a_b",
    "a-b",
    "A_b",
    *("x" * 30 + "_" + tail for tail in ("y" * 32, "y" * 33, "y" * 60, "y" * 59 + "_")),
)


def test_each_questionnaire_is_found_by_its_id_and_no_two_have_one(
    api: APIClient, pool: QuestionPool
) -> None:
    for name in ALIKE:
        make_named_test(pool, name)
    entries = api.get("/fhir/Questionnaire").json()["entry"]
    own = {entry["resource"]["url"].rpartition("/")[2]: entry["resource"]["id"] for entry in entries}
    assert set(own) == set(ALIKE)
    assert len(set(own.values())) == len(ALIKE)
    for entry in entries:
        resource = Questionnaire.model_validate(entry["resource"])
        assert entry["fullUrl"] == f"{BASE}/{resource.id}"
        assert api.get(entry["fullUrl"]).json() == entry["resource"]
        assert api.get(entry["resource"]["url"]).json() == entry["resource"]
        assert api.get(f"/fhir/Questionnaire?_id={resource.id}").json()["total"] == 1
    for none in ("a.c", "x" * 64, "x" * 31 + "." + "0" * 32, "%00"):
        assert api.get(f"/fhir/Questionnaire/{none}").status_code == 404
