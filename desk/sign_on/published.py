"""What institutions publish of themselves, and what they answer: read before django-allauth trusts its form.

It may be anything: the page of an error, another document, nothing. Then it is `Unreadable`, which names the
field of the institution's entry (docs/SIGN_ON.md) that leads there.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.socialaccount.providers.saml.utils import fetch_metadata_url_config, get_app_or_404
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from lxml.etree import LxmlError
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from testing_engine.sentences import Sentence, say

View = Callable[..., HttpResponse]


class Unreadable(Exception):
    """`field`: of the institution's entry; `why`: for whoever runs the service; `status`: of the page."""

    def __init__(self, field: str, why: Sentence, status: int = 502) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why
        self.status = status


# --- SAML -------------------------------------------------------------------------------------------


def with_metadata(view: View) -> View:
    """A view of SAML's, after the institution's metadata were read, or known. Raises `Unreadable` where
    nobody can be logged in by them; then they are read again the next time."""

    @wraps(view)
    def reading(request: HttpRequest, organization_slug: str) -> HttpResponse:
        idp = get_app_or_404(request, organization_slug).settings["idp"]
        if "metadata_url" in idp:
            try:
                _check(_metadata(idp))
            except Unreadable:
                # django-allauth's own key, who keeps what it read for hours
                cache.delete(f"saml.metadata.{idp['metadata_url']}.{idp['entity_id']}")
                raise
        return view(request, organization_slug=organization_slug)

    return reading


def with_messages(view: View) -> View:
    """A view of SAML's to which somebody brings a message; it has to be XML."""

    @wraps(view)
    def reading(request: HttpRequest, organization_slug: str) -> HttpResponse:
        read_posted, read_asked = OneLogin_Saml2_Utils.b64decode, _inflated
        brought = [(request.POST, read_posted), (request.GET, read_asked)]
        if not all(_is_xml(of[name], read) for of, read in brought for name in _MESSAGES if of.get(name)):
            why = say("What came from the institution’s log-in is no message of SAML.")
            raise Unreadable("entity_id", why, status=400)  # anybody may have made it
        return view(request, organization_slug=organization_slug)

    return reading


_MESSAGES = ("SAMLResponse", "SAMLRequest")


def _inflated(message: str) -> bytes:
    found: bytes = OneLogin_Saml2_Utils.decode_base64_and_inflate(message, ignore_zip=True)
    return found


def _is_xml(message: str, read: Callable[[str], bytes]) -> bool:
    try:
        OneLogin_Saml2_XML.to_etree(read(message))
    except (ValueError, LxmlError):
        return False
    return True


def _metadata(idp: dict[str, str]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = fetch_metadata_url_config(idp)
    except OSError:
        raise
    except Exception as error:  # python3-saml raises no kind of its own
        why = say(
            "There are no SAML metadata: XML with an IDPSSODescriptor, and no document type or entities."
        )
        raise Unreadable("metadata_url", why) from error
    return found


def _check(metadata: dict[str, Any]) -> None:
    if "idp" not in metadata:
        raise Unreadable("entity_id", say("The SAML metadata do not describe this entity."))
    address = metadata["idp"].get("singleSignOnService", {}).get("url")
    if not is_address(address):
        why = say("The SAML metadata have no address for logging in (SingleSignOnService, HTTP-Redirect).")
        raise Unreadable("metadata_url", why)
    if not (metadata["idp"].get("x509cert") or metadata["idp"].get("x509certMulti")):
        raise Unreadable("metadata_url", say("The SAML metadata have no certificate (KeyDescriptor)."))


# --- OpenID Connect ---------------------------------------------------------------------------------


class Reading(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # its types are not there
    """With what the provider says held against what we need of it. Raises `Unreadable`."""

    def get_provider(self) -> OpenIDConnectProvider:
        provider = super().get_provider()
        provider.oauth2_adapter_class = Reading  # it makes one of its own
        return provider

    @property
    def openid_config(self) -> dict[str, Any]:
        try:
            said = super().openid_config
        except (requests.JSONDecodeError, AttributeError) as error:
            _no_configuration(error)
        for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
            if not is_address(said.get(name)):
                raise Unreadable("server_url", say("The OpenID configuration has no {name}.", name=name))
        if not isinstance(said.get("issuer"), str):
            raise Unreadable("server_url", say("The OpenID configuration has no {name}.", name="issuer"))
        return dict(said)

    def get_access_token_data(self, *args: Any, **named: Any) -> dict[str, Any]:
        try:
            said = super().get_access_token_data(*args, **named)
        except KeyError as error:  # a reply that does not say what it is
            raise OAuth2Error("The token is in no form that is known.") from error
        if not isinstance(said, dict):
            raise OAuth2Error("The token is in no form that is known.")
        return said

    def _fetch_user_info(self, access_token: str) -> dict[str, Any]:
        said = super()._fetch_user_info(access_token)
        if not isinstance(said, dict) or not said.get("sub"):
            raise Unreadable("server_url", say("The provider did not say who somebody is (userinfo, sub)."))
        return said


def _no_configuration(error: Exception) -> NoReturn:
    why = say("There is no OpenID configuration below this address: a JSON object.")
    raise Unreadable("server_url", why) from error


def _by_openid(view: Any) -> View:
    def reading(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            response: HttpResponse = view.adapter_view(Reading(request, provider_id))(request)
        except SocialApp.DoesNotExist as error:
            raise Http404 from error
        return response

    return reading


oidc_log_in = _by_openid(OAuth2LoginView)
oidc_callback = _by_openid(OAuth2CallbackView)


def is_address(text: object) -> bool:
    """Whether a browser, or we, can go there."""
    try:
        parts = urlsplit(text if isinstance(text, str) else "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
