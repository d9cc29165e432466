"""Resources that the service makes: Questionnaires, responses, what it can do. Plain JSON, FHIR R4 4.0.1."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.fhir.ids import id_of
from sessions_app.fhir.received import PARAMETERS, QUESTIONNAIRE, RESPONSE, SESSIONS
from sessions_app.models import NamedTest, TestSession
from sessions_app.sitting.session_state import ShownQuestion
from sessions_app.sitting.standing import Standing

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
ADAPTIVE = f"{SDC}sdc-questionnaire-questionnaireAdaptive"
ADAPT, ADAPT_SEARCH = f"{SDC}sdc-questionnaire-adapt", f"{SDC}sdc-questionnaire-adapt-srch"
ADAPT_RESPONSE = f"{SDC}sdc-questionnaireresponse-adapt"
HIDDEN = "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
NEXT_QUESTION = "http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-next-question"
SCORE, ERROR = "score", "standard-error"
STATUS = {
    TestSession.Status.ACTIVE: "in-progress",
    TestSession.Status.COMPLETED: "completed",
    TestSession.Status.ENDED: "stopped",
    TestSession.Status.EXPIRED: "stopped",
}
Addresses = Callable[[str], str]  # a path below our own → the whole address


def canonical_of(name: str, in_full: Addresses) -> str:
    """The address that stands for a named test in every other resource."""
    return in_full(f"/fhir/{QUESTIONNAIRE}/{name}")


def questionnaire(test: NamedTest, in_full: Addresses) -> dict[str, Any]:
    """A named test as an adaptive Questionnaire: without questions, which come one by one."""
    return {
        "resourceType": QUESTIONNAIRE,
        "id": id_of(test.name),
        "meta": {"profile": [ADAPT_SEARCH]},
        "extension": [{"url": ADAPTIVE, "valueUrl": in_full(f"/fhir/{QUESTIONNAIRE}/$next-question")}],
        "url": canonical_of(test.name, in_full),
        "title": test.title,
        "status": "active",
        "subjectType": ["Patient"],
        **({"description": test.introduction} if test.introduction else {}),
    }


def bundle(found: Sequence[Mapping[str, Any]], here: str, in_full: Addresses) -> dict[str, Any]:
    """What a search finds, each with the address that reads it."""
    entries = [
        {
            "fullUrl": in_full(f"/fhir/{QUESTIONNAIRE}/{each['id']}"),
            "resource": dict(each),
            "search": {"mode": "match"},
        }
        for each in found
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": here}],
        **({"entry": entries} if entries else {}),
    }


@dataclass(frozen=True)
class Asked:
    """A question that was shown, and which of its options was chosen: None while it waits."""

    question: ShownQuestion
    chosen: int | None


def response(
    test_name: str,
    standing: Standing,
    asked: Sequence[Asked],
    given: Mapping[str, Any],
    in_full: Addresses,
) -> dict[str, Any]:
    """The QuestionnaireResponse as it stands, with what the client said of itself (`given`) kept."""
    is_rating = standing.result_spec.is_rating
    scores = [] if standing.is_active else _scores(standing)
    items = [_item(each, is_rating) for each in asked] + [_score_item(*score[:2]) for score in scores]
    answers = [_answer(each, is_rating) for each in asked if each.chosen is not None] + [
        {"linkId": link, "text": text, "answer": [{"valueDecimal": value}]} for link, text, value in scores
    ]
    contained = {
        "resourceType": QUESTIONNAIRE,
        "id": "asked",
        "meta": {"profile": [ADAPT]},
        "extension": [{"url": ADAPTIVE, "valueBoolean": True}],
        "derivedFrom": [canonical_of(test_name, in_full)],
        "title": standing.test.title if standing.test is not None else test_name,
        "status": "active",
        "subjectType": ["Patient"],
        "item": items,
    }
    own = {"system": SESSIONS, "value": str(standing.session_id)}
    kept = {
        name: given[name] for name in ("id", "identifier", "subject", "author", "source") if name in given
    }
    return {
        "resourceType": RESPONSE,
        "meta": {"profile": [ADAPT_RESPONSE]},
        "identifier": own,
        **kept,
        "contained": [contained],
        "questionnaire": "#asked",
        "status": STATUS[TestSession.Status(standing.status)],
        "authored": (standing.completed_at or standing.started_at).isoformat(timespec="seconds"),
        **({"item": answers} if answers else {}),
    }


def in_parameters(resource: dict[str, Any]) -> dict[str, Any]:
    """As the operation's `return`, for clients that sent Parameters."""
    return {"resourceType": PARAMETERS, "parameter": [{"name": "return", "resource": resource}]}


def _item(each: Asked, is_rating: bool) -> dict[str, Any]:
    return {
        "linkId": each.question.id,
        "text": "\n\n".join(part for part in (each.question.passage, each.question.content) if part),
        "type": "choice",
        "required": True,
        "answerOption": [
            {"valueCoding": _coding(each.question, option, is_rating)}
            for option in range(len(each.question.options))
        ],
    }


def _answer(each: Asked, is_rating: bool) -> dict[str, Any]:
    assert each.chosen is not None
    coding = _coding(each.question, each.chosen, is_rating)
    return {"linkId": each.question.id, "answer": [{"valueCoding": coding}]}


def _coding(question: ShownQuestion, option: int, is_rating: bool) -> dict[str, Any]:
    """An ordinal value only where nothing is right or wrong: else it would be the key."""
    coding: dict[str, Any] = {"code": str(option), "display": question.options[option]}
    if is_rating:
        coding["extension"] = [{"url": ORDINAL, "valueDecimal": option + 1}]
    return coding


def _score_item(link: str, text: str) -> dict[str, Any]:
    hidden = [{"url": HIDDEN, "valueBoolean": True}]
    return {"extension": hidden, "linkId": link, "text": text, "type": "decimal", "readOnly": True}


def _scores(standing: Standing) -> list[tuple[str, str, float]]:
    """(linkId, text, value): each concept's score on the test's scale, else its θ, and the standard error."""
    spec = standing.result_spec
    several = len(standing.concept_names) > 1
    scores = []
    for number, (name, theta, error) in enumerate(
        zip(standing.concept_names, standing.theta, standing.standard_error, strict=standing.has_ability)
    ):
        ending = f"-{number + 1}" if several else ""
        value, unsure = (
            (spec.score(theta), spec.score_error(theta, error)) if spec.has_score else (theta, error)
        )
        scores += [
            (f"{SCORE}{ending}", name, round(value, 6)),
            (f"{ERROR}{ending}", f"{name}: standard error", round(unsure, 6)),
        ]
    return scores


def capability(in_full: Addresses) -> dict[str, Any]:
    """What this door can do."""
    questionnaires = {
        "type": QUESTIONNAIRE,
        "profile": ADAPT_SEARCH,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [
            {"name": "url", "type": "uri"},
            {"name": "title", "type": "string"},
            {"name": "_id", "type": "token"},
        ],
        "operation": [{"name": "next-question", "definition": NEXT_QUESTION}],
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-26",
        "kind": "instance",
        "implementation": {"description": "Adaptive testing", "url": in_full("/fhir")},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [questionnaires]}],
    }
