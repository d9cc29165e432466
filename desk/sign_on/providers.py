"""Institutions whose log-in counts here, from the setting `SINGLE_SIGN_ON`. Read before Django is there."""

import base64
import re
from typing import Annotated, Any

import msgspec
from cryptography.x509 import load_der_x509_certificate
from django.core.exceptions import ImproperlyConfigured

Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,49}$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Address = Annotated[str, msgspec.Meta(pattern="^https?://[^/]+")]


class Institution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What both protocols have: a name for the button, and what its claims mean here.

    `groups` maps a value of the claim `groups_claim` to groups of ours; whoever has none of them, and is not
    let in by `everybody`, is refused. `organisation` is the slug of the organisation whose members they
    become; where there is only one, it may be left out.
    """

    id: Slug
    name: Text
    organisation: str = ""
    groups_claim: Text = "groups"
    groups: dict[str, list[Text]] = {}
    everybody: list[Text] = []

    def groups_for(self, claims: dict[str, Any]) -> set[str]:
        """The names of our groups for somebody with these claims; a claim is one value or several."""
        said = claims.get(self.groups_claim, [])
        values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        granted = {
            group for value in values if isinstance(value, str) for group in self.groups.get(value, [])
        }
        return granted | set(self.everybody)

    @property
    def all_groups(self) -> set[str]:
        """Those that it may give, and so take away."""
        return {group for groups in self.groups.values() for group in groups} | set(self.everybody)


class OpenIdConnect(
    Institution, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="oidc", tag_field="protocol"
):
    """An OpenID Connect provider; `server_url` is its issuer, with its configuration below /.well-known/."""

    server_url: Address
    client_id: Text
    client_secret: Text

    def as_app(self) -> dict[str, Any]:
        settings = {"server_url": self.server_url, "oauth_pkce_enabled": True}
        return {
            "provider_id": self.id,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.client_secret,
            "settings": settings,
        }


class Saml(
    Institution, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="saml", tag_field="protocol"
):
    """A SAML 2.0 identity provider: by the address of its metadata, or by its address and certificate.

    `attributes` names the attributes that hold `uid`, `username`, `email`, `first_name`, `last_name`. Left
    out, the usual names are looked for, and `uid` is the NameID.
    """

    entity_id: Text
    metadata_url: Address | None = None
    sso_url: Address | None = None
    x509cert: Text | None = None
    attributes: dict[str, str | list[str]] = {}

    def __post_init__(self) -> None:
        if self.metadata_url is None and (self.sso_url is None or self.x509cert is None):
            raise ValueError("a SAML provider needs `metadata_url`, or `sso_url` and `x509cert`")
        if self.x509cert is not None and not _is_certificate(self.x509cert):
            raise ValueError("`x509cert` is no certificate: PEM, or the Base64 inside of it")

    def as_app(self) -> dict[str, Any]:
        idp: dict[str, Any] = {"entity_id": self.entity_id}
        if self.metadata_url is not None:
            idp["metadata_url"] = self.metadata_url
        else:
            idp |= {"sso_url": self.sso_url, "x509cert": self.x509cert}
        # An assertion is signed and answers a request of ours, or it is refused.
        advanced = {"want_assertion_signed": True, "reject_idp_initiated_sso": True, "strict": True}
        settings: dict[str, Any] = {"idp": idp, "advanced": advanced}
        if self.attributes:
            settings["attribute_mapping"] = self.attributes
        return {"provider_id": self.id, "name": self.name, "client_id": self.id, "settings": settings}


def _is_certificate(text: str) -> bool:
    body = re.sub(r"-----(BEGIN|END) CERTIFICATE-----|\s", "", text)
    try:
        load_der_x509_certificate(base64.b64decode(body, validate=True))
    except ValueError:
        return False
    return True


Provider = OpenIdConnect | Saml


def read_providers(text: str) -> tuple[Provider, ...]:
    """The institutions that a JSON array describes; none in an empty text.

    Raises:
        ImproperlyConfigured: it says which entry and which field.
    """
    try:
        providers = msgspec.json.decode(text or "[]", type=tuple[Provider, ...])
    except msgspec.MsgspecError as error:
        raise ImproperlyConfigured(f"SINGLE_SIGN_ON: {error}") from error
    ids = [provider.id for provider in providers]
    twice = {each for each in ids if ids.count(each) > 1}
    if twice:
        raise ImproperlyConfigured(f"SINGLE_SIGN_ON: two entries have the id {', '.join(sorted(twice))}")
    return providers


def as_allauth_has_it(providers: tuple[Provider, ...]) -> dict[str, Any]:
    """`SOCIALACCOUNT_PROVIDERS`."""
    return {
        "openid_connect": {"APPS": [each.as_app() for each in providers if isinstance(each, OpenIdConnect)]},
        "saml": {"APPS": [each.as_app() for each in providers if isinstance(each, Saml)]},
    }
