"""What SINGLE_SIGN_ON may say."""

import json
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from desk.sign_on.providers import as_allauth_has_it, read_providers

OIDC: dict[str, Any] = {
    "protocol": "oidc",
    "id": "north",
    "name": "North School",
    "server_url": "https://id.north.example",
    "client_id": "cat",
    "client_secret": "s",
    "groups": {"staff": ["teacher"], "head": ["teacher", "owner"]},
}
SAML: dict[str, Any] = {
    "protocol": "saml",
    "id": "south",
    "name": "South",
    "entity_id": "https://idp.south.example",
    "metadata_url": "https://idp.south.example/metadata",
    "everybody": ["teacher"],
}


def test_nothing_is_none() -> None:
    assert read_providers("") == ()


def test_both_kinds() -> None:
    apps = as_allauth_has_it(read_providers(json.dumps([OIDC, SAML])))
    (oidc,), (saml,) = apps["openid_connect"]["APPS"], apps["saml"]["APPS"]
    assert (oidc["provider_id"], oidc["settings"]["oauth_pkce_enabled"]) == ("north", True)
    assert saml["settings"]["advanced"]["want_assertion_signed"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("{", "SINGLE_SIGN_ON: "),
        ([{**OIDC, "protocol": "ldap"}], "ldap"),
        ([{**OIDC, "client": "x"}], "client"),
        ([{key: value for key, value in OIDC.items() if key != "client_secret"}], "client_secret"),
        ([OIDC, {**OIDC, "id": "No Slug"}], r"\$\[1\]\.id"),
        ([OIDC, OIDC], "two entries have the id north"),
        ([{**SAML, "metadata_url": None}], "`sso_url` and `x509cert`"),
        ([{**SAML, "sso_url": "https://idp.south.example/sso", "x509cert": "MIIB"}], "`x509cert` is no"),
    ],
)
def test_what_is_wrong_is_named(entries: Any, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        read_providers(entries if isinstance(entries, str) else json.dumps(entries))


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("staff", {"teacher"}),
        (["head", "other"], {"teacher", "owner"}),
        ([], set()),
        (None, set()),
        ([{"staff": 1}, 7], set()),
        ("staf", set()),
    ],
)
def test_claims_become_groups(claim: Any, groups: set[str]) -> None:
    (institution,) = read_providers(json.dumps([OIDC]))
    assert institution.groups_for({"groups": claim}) == groups
    assert institution.groups_for({}) == set()


def test_everybody() -> None:
    (institution,) = read_providers(json.dumps([SAML]))
    assert institution.groups_for({}) == {"teacher"}
