"""The first step of a launch: a platform asks us to ask it who somebody is (OpenID Connect, third party)."""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sessions_app.lti.addresses import Addresses
from sessions_app.lti.refused import LaunchRefused
from sessions_app.lti.tickets import Purpose, make_ticket
from sessions_app.models import LtiRegistration

LONGEST_HINT = 4096
UNKNOWN = "No active registration here has this issuer and client ID."


def question_to_platform(asked: Mapping[str, str], own: Addresses) -> str:
    """Where the browser goes to ask the platform. Changes nothing. Raises `LaunchRefused`."""
    for name in ("iss", "login_hint", "target_link_uri"):
        if not asked.get(name):
            raise LaunchRefused(f"The log-in request has no {name}.")
    if any(len(asked.get(name, "")) > LONGEST_HINT for name in ("login_hint", "lti_message_hint")):
        raise LaunchRefused("The log-in request has a very long hint.")
    registration = registration_of(asked["iss"], asked.get("client_id", ""))
    own.test_in(asked["target_link_uri"])
    nonce = secrets.token_urlsafe(24)
    question = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": registration.client_id,
        "redirect_uri": own.launch,
        "login_hint": asked["login_hint"],
        "state": make_ticket(Purpose.LOGIN, {"registration": str(registration.pk), "nonce": nonce}),
        "nonce": nonce,
    }
    if asked.get("lti_message_hint"):
        question["lti_message_hint"] = asked["lti_message_hint"]
    parts = urlsplit(registration.auth_url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *question.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def registration_of(issuer: str, client_id: str) -> LtiRegistration:
    """By both; by the issuer alone where the platform leaves out the other, and only one fits."""
    if "\x00" in issuer + client_id:
        raise LaunchRefused(UNKNOWN)
    known = LtiRegistration.objects.filter(issuer=issuer, is_active=True)
    found = list((known.filter(client_id=client_id) if client_id else known)[:2])
    if len(found) != 1:
        raise LaunchRefused(UNKNOWN)
    return found[0]
