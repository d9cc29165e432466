"""What views read from a request: fields, headers, ids in the address; and whose fault bad rules are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from sessions_app import log_fields
from sessions_app.api.authentication import caller_of
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.parsers import check_given_once
from sessions_app.api.serializers import Body, fingerprint_of
from sessions_app.creations import creation_id
from sessions_app.refusals import RulesRefused, SessionNotFound
from testing_engine.psychometrics.rules import RulesError

Fields = dict[str, Any]


def body_of(request: Request, kind: type[Body]) -> Fields:
    """The body's fields, checked."""
    return _checked(kind, request.data)


def query_of(request: Request, kind: type[Body]) -> Fields:
    """The query's parameters, checked."""
    check_given_once(request.query_params)
    return _checked(kind, request.query_params.dict())


def _checked(kind: type[Body], data: Any) -> Fields:
    given = kind(data=data)
    given.is_valid(raise_exception=True)
    fields: Fields = given.validated_data
    return fields


def wants_html(request: Request) -> bool:
    """Asked before anything is written, as a wrong value changes nothing."""
    if not request.META.get("QUERY_STRING"):
        return False
    check_given_once(request.query_params)
    asked = request.query_params.get("render")
    if asked not in (None, "html"):
        raise InvalidBody([("/render", "Must be html.")])
    return asked is not None


def idempotency_key_of(request: Request) -> str | None:
    """The header, or None where there is none."""
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not 1 <= len(key) <= 200 or not all("!" <= character <= "~" for character in key):
        raise Problem(
            400, "invalid_idempotency_key", "Idempotency-Key must be 1 to 200 visible ASCII characters."
        )
    return key


def creation_id_of(request: Request, salt: str) -> UUID | None:
    """The same for the same client and Idempotency-Key, and for nobody else; None where there is no key."""
    key = idempotency_key_of(request)
    if key is None:
        return None
    digest = salted_hmac(salt, f"{caller_of(request).client_id}:{key}", algorithm="sha256").digest()
    return UUID(bytes=digest[:16], version=4)


def creation_of(request: Request, salt: str, address: str = "") -> UUID:
    """The id of what this request makes: the same for the same client, Idempotency-Key and body; a new one
    where there is no key. `address`: what else the request says. To `creations.made_before`.
    """
    key = creation_id_of(request, salt)
    if key is None:
        return uuid4()
    return creation_id(key.bytes, bytes.fromhex(fingerprint_of([address, request.data])))


def session_id_of(text: str) -> UUID:
    """The id in the address; what is no UUID is no session either."""
    try:
        return named_in_log(UUID(text))
    except ValueError as error:
        raise SessionNotFound from error


def named_in_log(session_id: UUID) -> UUID:
    """Every line of this request from here on carries the session's id."""
    log_fields.add(session_id=str(session_id))
    return session_id


@contextmanager
def rules_of(body: Any) -> Iterator[None]:
    """Rules that are refused meanwhile are the body's fault; the problem points to where they stand in it."""
    try:
        yield
    except (RulesError, RulesRefused) as error:
        raise InvalidBody(_in_body(error.problems, body), code="rules_refused") from error


def _in_body(problems: list[tuple[str, str]], body: Any) -> list[tuple[str, str]]:
    """Pointers into the body; the engine's own point into the rules, which `end_criteria` only stand for."""
    if body.get("test") is not None:
        return [("/test", f"The test's rules do not fit its pool any more: {text}") for _, text in problems]
    if body.get("rules") is not None:
        return [(f"/rules{pointer}", message) for pointer, message in problems]
    simple = "/end_criteria"
    if body.get("end_criteria"):  # its type is what it says of stopping
        problems = [(f"{simple}/type" if at.startswith("/stop") else at, said) for at, said in problems]
    return [(pointer if pointer.startswith(simple) else simple, message) for pointer, message in problems]
