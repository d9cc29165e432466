"""What institutions publish and bring may be anything: never an error of ours, and the field is named."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from desk.sign_on.providers import as_allauth_has_it, read_providers
from desk.sign_on.published import Reading, Unreadable

pytestmark = pytest.mark.django_db
IDP = "https://idp.south.example/metadata"
HTML = b"<!doctype html><html><head><title>Error</title></head><body><p>Not found<br></body></html>"
MD = 'xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'
SSO = (
    '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
    'Location="https://idp.south.example/sso"/>'
)
KEY = (
    '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
    "<X509Certificate>MIIB</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
)
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def described(inside: str, entity: str = IDP, before: str = "") -> bytes:
    protocol = "urn:oasis:names:tc:SAML:2.0:protocol"
    descriptor = f'<IDPSSODescriptor protocolSupportEnumeration="{protocol}">{inside}</IDPSSODescriptor>'
    return f'{before}<EntityDescriptor {MD} entityID="{entity}">{descriptor}</EntityDescriptor>'.encode()


class Institution(ThreadingHTTPServer):
    """Answers every question with what it was given last."""

    content = b""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Institution

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def institution() -> Iterator[Institution]:
    with Institution(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def visitor(institution: Institution, settings: LazySettings) -> Client:
    groups = {"staff": ["teacher"]}
    north = {"protocol": "oidc", "id": "north", "name": "N", "server_url": institution.address}
    south = {"protocol": "saml", "id": "south", "name": "S", "entity_id": IDP, "groups": groups}
    entries = [
        {**north, "client_id": "cat", "client_secret": "secret", "groups": groups},
        {**south, "metadata_url": f"{institution.address}/metadata"},
    ]
    settings.INSTITUTIONS = read_providers(json.dumps(entries))
    settings.SOCIALACCOUNT_PROVIDERS = as_allauth_has_it(settings.INSTITUTIONS)
    settings.ALLOWED_HOSTS = ["cat.example"]
    return Client(headers={"Host": "cat.example"})


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        (b"", "metadata_url", "There are no SAML metadata"),
        (b"plain words", "metadata_url", "There are no SAML metadata"),
        (HTML, "metadata_url", "There are no SAML metadata"),
        (b"\xff\xfe\x00", "metadata_url", "There are no SAML metadata"),
        (f"<feed {MD}/>".encode(), "metadata_url", "There are no SAML metadata"),
        (described(SSO + KEY, before=ENTITIES), "metadata_url", "no document type or entities"),
        (described(SSO + KEY, entity="https://another.example"), "entity_id", "do not describe this entity"),
        (described(KEY), "metadata_url", "no address for logging in"),
        (described(SSO.replace("https:", "javascript:") + KEY), "metadata_url", "no address for logging in"),
        (described(SSO), "metadata_url", "no certificate"),
    ],
)
def test_metadata_that_say_nothing_are_told_with_their_field(
    visitor: Client, institution: Institution, content: bytes, field: str, said: str
) -> None:
    institution.content = content
    reply = visitor.get("/desk/account/saml/south/log-in")
    assert reply.status_code == 502
    page = reply.content.decode()
    assert f"<code>south</code>, <code>{field}</code>: " in page
    assert said in page
    institution.content = described(SSO + KEY)  # mended there: the next who comes is sent on
    assert visitor.get("/desk/account/saml/south/log-in")["Location"].startswith("https://idp.south.example/")


def test_in_german(visitor: Client, institution: Institution) -> None:
    institution.content = HTML
    german = {"Accept-Language": "de"}
    reply = visitor.get("/desk/account/saml/south/log-in", headers=german)
    assert "keine SAML-Metadaten" in reply.content.decode()
    reply = visitor.get("/desk/account/oidc/north/log-in", headers=german)
    assert "keine OpenID-Konfiguration" in reply.content.decode()


@pytest.mark.parametrize("content", [b"", HTML, b"\xff", b"[]", b"7", b"null"])
def test_a_configuration_that_is_none(visitor: Client, institution: Institution, content: bytes) -> None:
    institution.content = content
    for asked in ("log-in", "callback?code=x&state=y"):
        reply = visitor.get(f"/desk/account/oidc/north/{asked}")
        assert reply.status_code == (502 if asked == "log-in" else 401)
    assert "<code>server_url</code>: There is no OpenID configuration" in page_of(visitor)


@pytest.mark.parametrize(
    "field", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "issuer"]
)
def test_a_configuration_that_lacks_something(visitor: Client, institution: Institution, field: str) -> None:
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "issuer")
    whole = {name: f"{institution.address}/{name}" for name in names}
    institution.content = json.dumps({**whole, field: ["no text"]}).encode()
    assert f"The OpenID configuration has no {field}." in page_of(visitor)
    institution.content = json.dumps(whole).encode()
    begun = visitor.get("/desk/account/oidc/north/log-in")
    assert begun["Location"].startswith(f"{institution.address}/authorization_endpoint?")


def page_of(visitor: Client) -> str:
    reply = visitor.get("/desk/account/oidc/north/log-in")
    assert reply.status_code == 502
    return reply.content.decode()


@pytest.mark.parametrize("userinfo", [[], {}, {"sub": ""}, "words", 7])
def test_a_provider_that_does_not_say_who_somebody_is(
    visitor: Client, institution: Institution, userinfo: Any
) -> None:
    """Everything else about it is in order: the code is taken, and a token given."""
    institution.content = json.dumps(userinfo).encode()
    reading = Reading(visitor.get("/desk/log-in").wsgi_request, "north")
    reading._openid_config = {
        **dict.fromkeys(
            ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"), institution.address
        ),
        "issuer": institution.address,
    }
    with pytest.raises(Unreadable, match="who somebody is"):
        reading._fetch_user_info("token")


@pytest.mark.parametrize(
    "message", ["x", "€", base64.b64encode(b"words").decode(), base64.b64encode(ENTITIES.encode()).decode()]
)
def test_a_message_of_saml_that_is_none(visitor: Client, institution: Institution, message: str) -> None:
    institution.content = described(SSO + KEY)
    replies = [
        visitor.post("/desk/account/saml/south/acs", {"SAMLResponse": message}, follow=True),
        visitor.get("/desk/account/saml/south/sls", {"SAMLRequest": message}),
        visitor.get("/desk/account/saml/south/sls", {"SAMLResponse": message}),
    ]
    for reply in replies:
        assert reply.status_code == 400
        assert "is no message of SAML" in reply.content.decode()
    other = base64.b64encode(b"<a/>").decode()
    assert (
        visitor.post("/desk/account/saml/south/acs", {"SAMLResponse": other}, follow=True).status_code < 500
    )
    assert visitor.get("/desk/account/saml/south/sls", {"SAMLRequest": other}).status_code < 500
    assert visitor.get("/desk/account/saml/south/sls").status_code == 400
