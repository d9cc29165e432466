"""Who calls: `Authorization: Token …` (an API client) or `Authorization: Session …` (a student's browser).

An API client that speaks OAuth 2 sends `Authorization: Bearer …`, got with its token (`access_tokens`).
"""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.crypto import hash_token
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from organisations.acting import NOBODY, Acting, Person, act_for
from organisations.membership import SEE_ALL
from sessions_app.api.access_tokens import InvalidAccessToken, digest_in
from sessions_app.api.at_once import take_slot
from sessions_app.api.errors import AUTH_HEADER
from sessions_app.sitting.access import Caller
from sessions_app.sitting.tokens import InvalidSessionToken, read_session_token


@dataclass(frozen=True)
class Client:
    """An authenticated API client and its permissions, read in one query with its token."""

    id: int
    is_superuser: bool
    permissions: frozenset[str]
    organisation_id: int | None  # None: it stands outside of all
    is_person: bool  # an account that may log in, and not a program's
    is_authenticated = True

    def may(self, permission: str) -> bool:
        return self.is_superuser or permission in self.permissions

    @property
    def acts_for(self) -> Acting:
        """As a person would who had its account (`organisations.membership`)."""
        if self.organisation_id is not None:
            return self.organisation_id
        return None if self.is_superuser else NOBODY

    @property
    def person(self) -> Person | None:
        """The same."""
        return Person(self.id, self.may(SEE_ALL.partition(".")[2])) if self.is_person else None


@dataclass(frozen=True)
class SessionHolder:
    """Somebody with a session's token: that one session, no other permission."""

    session_id: UUID
    token_generation: int
    is_authenticated = True

    def may(self, permission: str) -> bool:
        return False


class ApiTokenAuthentication(BaseAuthentication):
    """All schemes, so that each is known everywhere: a wrong kind is refused, not ignored."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        match scheme.lower():
            case "":
                return None
            case "token":
                return self._admitted(hash_token(_ascii(credentials)))
            case "bearer":
                return self._admitted(_digest_in(_ascii(credentials)))
            case "session":
                holder = _holder_of(_ascii(credentials))
                act_for(None)  # the token opens one session, whoever's that is
                take_slot(f"session:{holder.session_id}", settings.SESSION_REQUESTS_AT_ONCE)
                return holder, None
        raise AuthenticationFailed("Use 'Authorization: Token …' or 'Authorization: Session …'.")

    def _admitted(self, digest: str) -> tuple[Client, None]:
        client = _client_of(digest)
        take_slot(f"client:{client.id}", settings.CLIENT_REQUESTS_AT_ONCE)
        act_for(client.acts_for, client.person)
        return client, None

    def authenticate_header(self, request: Request) -> str:
        return AUTH_HEADER


def caller_of(request: Request) -> Caller:
    """The request's user in the domain's terms."""
    match user_of(request):
        case SessionHolder(session_id=session_id, token_generation=generation):
            return Caller(session_id=session_id, token_generation=generation)
        case Client(id=client_id):
            return Caller(client_id=client_id)
    return Caller()


def user_of(request: Request) -> Client | SessionHolder | None:
    """Who sent the request; None: nobody said."""
    return cast(Client | SessionHolder | None, request.user)


def _ascii(credentials: str) -> str:
    if not credentials.isascii():
        raise AuthenticationFailed("Invalid token.")
    return credentials.strip(" \t\r\n\v\f")


_CLIENT = """
SELECT client.id, client.is_superuser, ARRAY(
  SELECT codename FROM auth_permission
  WHERE id IN (SELECT permission_id FROM auth_user_user_permissions WHERE user_id = client.id)
     OR id IN (SELECT permission_id FROM auth_group_permissions WHERE group_id IN (
                 SELECT group_id FROM auth_user_groups WHERE user_id = client.id))
), (SELECT organisation_id FROM memberships WHERE user_id = client.id), client.is_staff
FROM knox_authtoken AS token JOIN auth_user AS client ON client.id = token.user_id
WHERE token.digest = %s AND client.is_active AND (token.expiry IS NULL OR token.expiry > %s)
"""


def _digest_in(access_token: str) -> str:
    try:
        return digest_in(access_token)
    except InvalidAccessToken as error:
        raise AuthenticationFailed("Invalid or expired access token.") from error


def _client_of(digest: str) -> Client:
    """One query: the token by its hash, its user, the user's own and groups' permissions, and organisation.

    By hand, as every request of a client sends it: the ORM would take longer than PostgreSQL.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLIENT, [digest, timezone.now()])
        found = cursor.fetchone()
    if found is None:
        raise AuthenticationFailed("Invalid, expired or revoked token.")
    client_id, is_superuser, permissions, organisation_id, is_person = found
    return Client(client_id, is_superuser, frozenset(permissions), organisation_id, is_person)


def _holder_of(token: str) -> SessionHolder:
    try:
        read = read_session_token(token, timezone.now())
        return SessionHolder(read.session_id, read.generation)
    except InvalidSessionToken as error:
        raise AuthenticationFailed("Invalid or expired session token.") from error


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI schema names the two schemes."""

    target_class = ApiTokenAuthentication
    name = ["ApiToken", "SessionToken"]

    def get_security_definition(self, auto_schema: Any) -> Any:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Token …`: an API client's, made in the admin or on the command line.",
            },
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Session …`: the `session_token` that `start` returned.",
            },
        ]
