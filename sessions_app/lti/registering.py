"""Dynamic registration (LTI 1.3): a platform and this service tell each other what somebody would paste.

Only by a link that somebody made in the admin, and once: whoever holds it registers a platform here.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from organisations.membership import organisation_for_new
from sessions_app.lti import claims as claim
from sessions_app.lti.addresses import Addresses
from sessions_app.lti.frames import origin_of
from sessions_app.lti.platform import NotJson, read_json
from sessions_app.lti.refused import LaunchRefused
from sessions_app.lti.tickets import Purpose, make_ticket, read_ticket, spend
from sessions_app.models import LtiRegistration
from sessions_app.outgoing.addresses import AddressRefused, parsed
from sessions_app.outgoing.exchange import Unreachable

NAME = "Adaptive tests"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
SCOPES = " ".join([claim.SCORE_SCOPE, claim.ROSTER_SCOPE])
CLAIMS = ["iss", "sub", "name", "given_name", "family_name", "email"]
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")


def invitation() -> str:
    """A one-use value for the address that a platform's administrator pastes there. The platform is the
    acting organisation's then.
    """
    return make_ticket(Purpose.REGISTRATION, {"organisation": organisation_for_new()})


def register(
    ticket: str, configuration_url: str, platform_token: str, own: Addresses, now: datetime
) -> LtiRegistration:
    """Read what the platform says of itself, tell it of us, and keep both. Raises `LaunchRefused`."""
    invited_by = read_ticket(Purpose.REGISTRATION, ticket)["organisation"]
    try:
        platform = read_json("GET", configuration_url)
        _check(platform, configuration_url)
        with transaction.atomic():
            spend(Purpose.REGISTRATION, ticket, now)
            answer = _register_there(platform, platform_token, own)
            return LtiRegistration.objects.create(organisation_id=invited_by, **_told(platform, answer))
    except (Unreachable, NotJson) as error:
        raise LaunchRefused(f"The platform does not do its part: {error}") from error
    except IntegrityError as error:
        raise LaunchRefused("This platform is registered here already, with the same client ID.") from error


def _check(platform: Mapping[str, Any], configuration_url: str) -> None:
    """The addresses are ones where we may go, and the issuer is who answered."""
    for name in ("issuer", *ADDRESSES):
        address = platform.get(name)
        if not isinstance(address, str) or len(address) > 500:
            raise LaunchRefused(f"The platform's configuration has no {name}.")
        try:
            parsed(address)
        except AddressRefused as refused:
            raise LaunchRefused(f"The platform's {name} is not taken: {refused}") from refused
    if urlsplit(platform["issuer"]).hostname != urlsplit(configuration_url).hostname:
        raise LaunchRefused("The platform's issuer is not the host that its configuration is read from.")


def _register_there(platform: Mapping[str, Any], token: str, own: Addresses) -> Mapping[str, Any]:
    headers = {"Content-Type": "application/json"}
    if token:
        if not token.isascii() or not token.isprintable():
            raise LaunchRefused("The platform's registration token is none.")
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(_about_us(own)).encode()
    return read_json("POST", platform["registration_endpoint"], body, headers)


def _about_us(own: Addresses) -> dict[str, Any]:
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": own.login,
        "redirect_uris": [own.launch],
        "client_name": NAME,
        "jwks_uri": own.keys,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": SCOPES,
        TOOL: {
            "domain": urlsplit(own.root).netloc,
            "target_link_uri": own.launch,
            "claims": CLAIMS,
            "messages": [
                {"type": claim.DEEP_LINK, "target_link_uri": own.launch},
                {"type": claim.LAUNCH, "target_link_uri": own.launch},
                {"type": claim.REVIEW, "target_link_uri": own.launch},
            ],
        },
    }


def _told(platform: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """A registration's columns."""
    client_id = answer.get("client_id")
    if not isinstance(client_id, str) or not 0 < len(client_id) <= 255:
        raise LaunchRefused("The platform gave no client ID.")
    configured = claim.inner(answer, TOOL)
    deployment = claim.text(configured, "deployment_id")
    about = claim.inner(platform, PLATFORM)
    host = urlsplit(platform["issuer"]).hostname or ""
    family = claim.text(about, "product_family_code")
    return {
        "name": f"{host} ({family})"[:200] if family else host[:200],
        "issuer": platform["issuer"],
        "client_id": client_id,
        "deployment_ids": [deployment] if deployment else [],
        "takes_any_deployment": not deployment,
        "auth_url": platform["authorization_endpoint"],
        "token_url": platform["token_endpoint"],
        "keyset_url": platform["jwks_uri"],
        "token_audience": claim.text(platform, "authorization_server", 500),
        "frame_ancestors": [origin_of(platform["issuer"])],
    }
