"""A QuestionnaireResponse as it came in: what of it matters here, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sessions_app.fhir.errors import FhirRefused

RESPONSE, QUESTIONNAIRE, PARAMETERS = "QuestionnaireResponse", "Questionnaire", "Parameters"
IN = "questionnaire-response"  # the operation's parameter
SESSIONS = "urn:adaptive-testing:session"  # the system of identifiers that are sessions of ours
MOST_ITEMS = 2000


@dataclass(frozen=True)
class Received:
    """`answers`: (linkId, code of the option that was chosen), in order. `canonical`: of the Questionnaire
    from which the contained one derives. `session_id`: as a reply of ours said it; None at the first time.
    """

    content: Mapping[str, Any]
    canonical: str
    session_id: UUID | None
    key: str | None
    subject: str | None
    answers: tuple[tuple[str, str], ...]


def read_response(body: Mapping[str, Any]) -> tuple[Received, bool]:
    """The response, bare or in Parameters, and whether it came in Parameters. Raises `FhirRefused`."""
    if body.get("resourceType") == PARAMETERS:
        return _read(_in_parameters(body)), True
    return _read(body), False


def _in_parameters(body: Mapping[str, Any]) -> Mapping[str, Any]:
    for parameter in _list(body, "parameter", "Parameters.parameter"):
        if isinstance(parameter, Mapping) and parameter.get("name") == IN:
            resource = parameter.get("resource")
            if isinstance(resource, Mapping):
                return resource
    raise FhirRefused("Parameters.parameter", f"Has no resource called {IN}.", 400)


def _read(content: Mapping[str, Any]) -> Received:
    if content.get("resourceType") != RESPONSE:
        raise FhirRefused("", f"Send a {RESPONSE}, or Parameters with one.", 400)
    session_id, key = _identifier(content)
    return Received(
        content=content,
        canonical=_canonical(content),
        session_id=session_id,
        key=key,
        subject=_subject(content),
        answers=tuple(_answers(content)),
    )


def _identifier(content: Mapping[str, Any]) -> tuple[UUID | None, str | None]:
    """Ours names the session; any other is the client's own, and the same one is the same session."""
    where = f"{RESPONSE}.identifier"
    identifier = content.get("identifier")
    if identifier is None:
        return None, None
    value = identifier.get("value") if isinstance(identifier, Mapping) else None
    if not isinstance(value, str) or not value:
        raise FhirRefused(where, "Needs a value, a text.", 400)
    system = identifier.get("system") or ""
    if system != SESSIONS:
        return None, f"{system}|{value}"
    try:
        return UUID(value), None
    except ValueError as error:
        raise FhirRefused(f"{where}.value", "Is no session of ours.", 404) from error


def _canonical(content: Mapping[str, Any]) -> str:
    """Of the adaptive Questionnaire: from which the contained one derives, or which is named directly."""
    for number, resource in enumerate(_list(content, "contained", f"{RESPONSE}.contained")):
        if isinstance(resource, Mapping) and resource.get("resourceType") == QUESTIONNAIRE:
            where = f"{RESPONSE}.contained[{number}].derivedFrom"
            derived = _list(resource, "derivedFrom", where)
            if len(derived) == 1 and isinstance(derived[0], str):
                return derived[0].partition("|")[0]
            raise FhirRefused(where, "Names the one adaptive Questionnaire.", 400)
    named = content.get("questionnaire")
    if isinstance(named, str) and named and not named.startswith("#"):
        return named.partition("|")[0]
    raise FhirRefused(f"{RESPONSE}.contained", "Has no Questionnaire that derives from an adaptive one.", 400)


def _subject(content: Mapping[str, Any]) -> str | None:
    """A reference, else an identifier's value: whose answers they are."""
    subject = content.get("subject")
    if subject is None:
        return None
    if isinstance(subject, Mapping):
        identifier = subject.get("identifier")
        value = identifier.get("value") if isinstance(identifier, Mapping) else None
        found = subject.get("reference") or value
        if isinstance(found, str) and found:
            return found.replace("/", ":")  # "Patient/4711": a student's id has no slash
    raise FhirRefused(f"{RESPONSE}.subject", "Needs a reference, or an identifier with a value.", 400)


def _answers(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    items = _list(content, "item", f"{RESPONSE}.item")
    if len(items) > MOST_ITEMS:
        raise FhirRefused(f"{RESPONSE}.item", f"Has more than {MOST_ITEMS} items.", 400)
    found = []
    for number, item in enumerate(items):
        where = f"{RESPONSE}.item[{number}]"
        if not isinstance(item, Mapping) or not isinstance(item.get("linkId"), str):
            raise FhirRefused(f"{where}.linkId", "Is missing.", 400)
        answers = _list(item, "answer", f"{where}.answer")
        if not answers:
            continue
        coding = answers[0].get("valueCoding") if isinstance(answers[0], Mapping) else None
        if "valueDecimal" in (answers[0] if isinstance(answers[0], Mapping) else {}):
            continue  # a score that we have told
        code = coding.get("code") if isinstance(coding, Mapping) else None
        if len(answers) != 1 or not isinstance(code, str):
            raise FhirRefused(f"{where}.answer", "Needs one answer, a valueCoding with a code.", 400)
        found.append((item["linkId"], code))
    ids = [link for link, _ in found]
    if len(set(ids)) != len(ids):
        raise FhirRefused(f"{RESPONSE}.item", "Answers one question twice.", 400)
    return found


def _list(content: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = content.get(name, [])
    if not isinstance(value, list):
        raise FhirRefused(where, "Must be a list.", 400)
    return value
