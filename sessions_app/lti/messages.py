"""The second step of a launch: the platform's answer is believed only when all of it was checked.

`pylti1p3` checks that a message is of a form that LTI knows. What makes it trustworthy is checked here: its
own `MessageLaunch` takes tokens without an end, nonces more than once, and state from cookies.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt
from pylti1p3.exception import LtiException
from pylti1p3.message_validators import get_validators

from organisations.acting import act_for
from sessions_app.lti import claims as claim
from sessions_app.lti.addresses import Addresses
from sessions_app.lti.claims import Claims, text
from sessions_app.lti.platform import NotJson, key_of
from sessions_app.lti.refused import LaunchRefused
from sessions_app.lti.tickets import Purpose, read_ticket, spend
from sessions_app.models import LtiRegistration
from sessions_app.outgoing.exchange import Unreachable

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]  # signatures with a public key, no others
CLOCKS_MAY_DIFFER = 60  # seconds
VERSION = "1.3.0"


@dataclass(frozen=True)
class Message:
    """A launch that was verified. `test_name` is what its target names, "" where that is nothing."""

    registration: LtiRegistration
    claims: Claims
    test_name: str

    @property
    def kind(self) -> str:
        return text(self.claims, claim.MESSAGE_TYPE)

    @property
    def sub(self) -> str:
        return text(self.claims, "sub")

    @property
    def deployment_id(self) -> str:
        return text(self.claims, claim.DEPLOYMENT)

    @property
    def roles(self) -> list[str]:
        return claim.texts(self.claims, claim.ROLES)

    @property
    def locale(self) -> str:
        presentation = claim.inner(self.claims, claim.PRESENTATION)
        return text(presentation, "locale") or text(self.claims, "locale")


def verified(state: str, id_token: str, own: Addresses, now: datetime) -> Message:
    """The launch, if it is what it says and comes for the first time. Raises `LaunchRefused`."""
    begun = read_ticket(Purpose.LOGIN, state)
    registration = LtiRegistration.objects.filter(pk=UUID(begun["registration"]), is_active=True).first()
    if registration is None:
        raise LaunchRefused("The platform was switched off here.")
    claims = _decoded(id_token, registration, now)
    if claims["nonce"] != begun["nonce"]:
        raise LaunchRefused("The nonce is not the one that was sent.")
    _check_party(claims, registration)
    test_name = own.test_in(text(claims, claim.TARGET, 2000) or own.launch)
    message = Message(registration, claims, text(claim.inner(claims, claim.CUSTOM), claim.TEST) or test_name)
    _check_form(message)
    spend(Purpose.LOGIN, state, now)
    act_for(registration.organisation_id)
    return message


def _decoded(id_token: str, registration: LtiRegistration, now: datetime) -> dict[str, Any]:
    """What the platform has signed for us, within its time."""
    try:
        header = jwt.get_unverified_header(id_token)
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(kid, str) or algorithm not in ALGORITHMS:
            raise LaunchRefused("The token is signed in a way that is not taken, or names no key.")
        found = key_of(registration, kid, now)
        if found is None:
            raise LaunchRefused("The token's key is not in the platform's key set.")
        key = jwt.PyJWK(found, algorithm=algorithm)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key.key,
            algorithms=[algorithm],
            audience=registration.client_id,
            issuer=registration.issuer,
            leeway=CLOCKS_MAY_DIFFER,
            options={"require": ["exp", "iat", "iss", "aud", "nonce"]},
        )
    except (Unreachable, NotJson) as error:
        raise LaunchRefused(f"The platform's key set cannot be read: {error}") from error
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise LaunchRefused(f"The token is not taken: {error}") from error
    return claims


def _check_party(claims: Claims, registration: LtiRegistration) -> None:
    """Whether it is for us alone, and from a deployment that was agreed on."""
    audience = claims["aud"]
    is_for_several = isinstance(audience, list) and len(audience) > 1
    if (is_for_several or "azp" in claims) and claims.get("azp") != registration.client_id:
        raise LaunchRefused("The token was made for somebody else (azp).")
    deployment = text(claims, claim.DEPLOYMENT)
    if not deployment:
        raise LaunchRefused("The token names no deployment.")
    if not registration.takes_any_deployment and deployment not in registration.deployment_ids:
        raise LaunchRefused(f"The deployment {deployment!r} is not registered here.")


def _check_form(message: Message) -> None:
    if text(message.claims, claim.VERSION) != VERSION:
        raise LaunchRefused("This is no LTI 1.3.")
    if message.kind not in (claim.LAUNCH, claim.DEEP_LINK, claim.REVIEW):
        raise LaunchRefused(f"There are no messages of the type {message.kind!r} here.")
    if not message.sub:
        raise LaunchRefused("The launch says nobody's name: anonymous launches open nothing here.")
    try:
        for each in get_validators():  # type: ignore[no-untyped-call]
            if each.can_validate(message.claims):
                each.validate(message.claims)
    except (LtiException, AttributeError, TypeError) as error:
        raise LaunchRefused(f"The message is not as LTI has it: {error}") from error
