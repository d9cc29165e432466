"""People of an institution come in: over a provider of OpenID Connect that is a program of others, and over
SAML.
"""

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import decompress

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client
from lxml import etree
from msgspec import structs
from signxml.signer import XMLSigner

from desk.sign_on.providers import as_allauth_has_it, read_providers
from embedded.processes import free_port, running, wait_until
from organisations.models import Membership, Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def groups() -> dict[str, Group]:
    return {name: Group.objects.get_or_create(name=name)[0] for name in ("teacher", "author", "auditor")}


def use(settings: LazySettings, *institutions: dict[str, Any]) -> None:
    settings.INSTITUTIONS = read_providers(json.dumps(institutions))
    settings.SOCIALACCOUNT_PROVIDERS = as_allauth_has_it(settings.INSTITUTIONS)


# --- OpenID Connect ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a provider at which Ada and Bob have accounts."""
    port = free_port()
    people = [
        {"sub": "1", "preferred_username": "ada", "email": "ada@north.example", "groups": ["staff"]},
        {"sub": "2", "preferred_username": "bob", "email": "bob@north.example", "groups": ["pupil"]},
    ]
    claims = [part for person in people for part in ("--user-claims", json.dumps(person))]
    command = [str(Path(sys.executable).with_name("oidc-provider-mock")), "--port", str(port), *claims]
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/.well-known/openid-configuration", trust_env=False).is_success
        except httpx.TransportError:
            return False

    with running(command, stdout=-3, stderr=-3) as process:
        assert wait_until(answers, process)
        yield address


@pytest.fixture
def north(server: str, settings: LazySettings, groups: dict[str, Group]) -> None:
    use(
        settings,
        {
            "protocol": "oidc",
            "id": "north",
            "name": "North School",
            "server_url": server,
            "client_id": "cat",
            "client_secret": "secret",
            "groups": {"staff": ["teacher"], "head": ["author"]},
        },
    )


def come_by_oidc(client: Client, subject: str, **asked: str) -> Any:
    """From the log-in page to the provider and back: the last reply of ours."""
    begun = client.get("/desk/account/oidc/north/log-in", asked)
    assert begun.status_code == 302
    back = httpx.post(begun["Location"], data={"sub": subject}, trust_env=False)
    return client.get(back.headers["Location"].removeprefix("http://testserver"))


def test_the_log_in_page_leads_there(north: None, client: Client) -> None:
    page = client.get("/desk/log-in?next=/desk/measure/").content.decode()
    assert 'href="/desk/account/oidc/north/log-in?next=%2Fdesk%2Fmeasure%2F"' in page
    assert "North School" in page


def test_who_has_a_role_is_in_with_its_groups_and_nothing_is_kept(north: None, client: Client) -> None:
    reply = come_by_oidc(client, "1", next="/desk/measure/")
    assert (reply.status_code, reply["Location"]) == (302, "/desk/measure/")
    ada = User.objects.get(username="ada@north")
    assert (ada.is_staff, ada.is_superuser, ada.has_usable_password()) == (True, False, False)
    assert [group.name for group in ada.groups.all()] == ["teacher"]
    assert client.get("/desk/").status_code == 200
    assert SocialAccount.objects.get().extra_data == {}


def test_who_has_none_is_told_so_and_gets_no_account(north: None, client: Client) -> None:
    reply = come_by_oidc(client, "2")
    assert reply.status_code == 403
    assert "none of your roles there has one here" in reply.content.decode()
    assert not User.objects.exists()


def test_groups_are_those_of_today_and_others_stay(
    north: None, client: Client, groups: dict[str, Group]
) -> None:
    come_by_oidc(client, "1")
    ada = User.objects.get()
    ada.groups.set([groups["author"], groups["auditor"]])  # the first is the institution's to give
    come_by_oidc(Client(), "1")
    assert {group.name for group in ada.groups.all()} == {"teacher", "auditor"}
    assert User.objects.count() == 1


def test_nobody_becomes_an_account_that_was_there(north: None, client: Client) -> None:
    boss = User.objects.create_superuser("ada@north", "ada@north.example", "a long enough password")
    come_by_oidc(client, "1")
    assert User.objects.exclude(pk=boss.pk).get().username == "ada2@north"
    client.force_login(boss)
    assert come_by_oidc(client, "1", process="connect").status_code == 403
    assert SocialAccount.objects.get().user.username == "ada2@north"


def test_who_was_deactivated_stays_out(north: None, client: Client) -> None:
    come_by_oidc(client, "1")
    User.objects.update(is_active=False)
    other = Client()
    assert come_by_oidc(other, "1")["Location"] == "/desk/account/inactive"
    assert other.get("/desk/").status_code == 302


def test_it_is_of_the_institutions_organisation(north: None, client: Client, settings: LazySettings) -> None:
    school = Organisation.objects.create(slug="north", name="North School")
    assert come_by_oidc(client, "1").status_code == 403  # of two, nothing says which
    known = settings.INSTITUTIONS
    settings.INSTITUTIONS = tuple(structs.replace(each, organisation="north") for each in known)
    assert come_by_oidc(client, "1").status_code == 302
    assert Membership.objects.get(user__username="ada@north").organisation == school
    settings.INSTITUTIONS = tuple(structs.replace(each, organisation="gone") for each in known)
    assert come_by_oidc(Client(), "1").status_code == 403


def test_a_forged_return_is_refused(north: None, client: Client) -> None:
    reply = client.get("/desk/account/oidc/north/callback?code=x&state=y")
    assert not User.objects.exists()
    assert "_auth_user_id" not in client.session
    assert reply.status_code < 500


def test_an_institution_that_is_not_there(client: Client) -> None:
    assert client.get("/desk/account/oidc/nobody/log-in").status_code == 404
    assert client.get("/desk/account/saml/nobody/log-in").status_code == 404


NOBODY_LISTENS = "http://127.0.0.1:9"


def test_an_institution_that_does_not_answer_keeps_nobody_with_a_password_out(
    visitor: Client, settings: LazySettings
) -> None:
    north = {"protocol": "oidc", "id": "north", "name": "North School", "server_url": NOBODY_LISTENS}
    south = {"protocol": "saml", "id": "south", "name": "South College", "entity_id": IDP}
    use(
        settings,
        {**north, "client_id": "cat", "client_secret": "secret", "groups": {"staff": ["teacher"]}},
        {**south, "metadata_url": f"{NOBODY_LISTENS}/metadata", "groups": {"faculty": ["teacher"]}},
    )
    for asked in ("oidc/north/log-in", "saml/south/log-in"):
        reply = visitor.get(f"/desk/account/{asked}", headers={"Accept-Language": "de"})
        assert reply.status_code == 503
        assert "Ihre Einrichtung antwortet nicht" in reply.content.decode()
    answer = base64.b64encode(b"<answer/>").decode()
    back = visitor.post("/desk/account/saml/south/acs", {"SAMLResponse": answer}, follow=True)
    assert back.status_code == 503
    ours = visitor.get("/desk/account/saml/south/metadata")  # the college needs it first
    assert (ours.status_code, ours["Content-Type"]) == (200, "text/xml")
    assert 'entityID="http://cat.example/desk/account/saml/south/metadata"' in ours.content.decode()
    User.objects.create_superuser("root", password="a long enough password")
    page = visitor.get("/desk/log-in").content.decode()
    assert "North School" in page
    assert "South College" in page
    reply = visitor.post("/desk/log-in", {"username": "root", "password": "a long enough password"})
    assert (reply.status_code, reply["Location"]) == (302, "/desk/")
    assert visitor.get("/desk/").status_code == visitor.get("/admin/").status_code == 200


# --- SAML -------------------------------------------------------------------------------------------

IDP = "https://idp.south.example/metadata"
ACS = "http://cat.example/desk/account/saml/south/acs"
OURS = "http://cat.example/desk/account/saml/south/metadata"
ROLE = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.south.example")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def visitor(settings: LazySettings) -> Client:
    """A browser that came by the service's name."""
    settings.ALLOWED_HOSTS = ["cat.example"]
    return Client(headers={"Host": "cat.example"})


@pytest.fixture
def south(settings: LazySettings, certificate: str, groups: dict[str, Group]) -> None:
    use(
        settings,
        {
            "protocol": "saml",
            "id": "south",
            "name": "South College",
            "entity_id": IDP,
            "sso_url": "https://idp.south.example/sso",
            "x509cert": certificate,
            "groups_claim": ROLE,
            "groups": {"faculty": ["teacher"]},
            "attributes": {"username": "uid"},
        },
    )


def response(
    key: rsa.RSAPrivateKey, certificate: str, request_id: str, role: str = "faculty", to: str = OURS
) -> str:
    """What an identity provider posts: a response with one signed assertion."""
    now = datetime.now(UTC)
    moment, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now, now + timedelta(minutes=5)))
    saml, samlp = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
    assertion = etree.fromstring(
        f"""
<saml:Assertion xmlns:saml="{saml}" ID="_{uuid.uuid4().hex}" Version="2.0" IssueInstant="{moment}">
<saml:Issuer>{IDP}</saml:Issuer>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">abc-1</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData InResponseTo="{request_id}" NotOnOrAfter="{end}" Recipient="{ACS}"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{moment}" NotOnOrAfter="{end}">
<saml:AudienceRestriction><saml:Audience>{to}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{moment}" SessionIndex="_s1"><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>
<saml:Attribute Name="uid"><saml:AttributeValue>carla</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="{ROLE}"><saml:AttributeValue>{role}</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement></saml:Assertion>""".replace("\n", "")
    )
    signer = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    signed = signer.sign(assertion, key=key, cert=certificate, reference_uri=assertion.get("ID"))
    signature = signed.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    signed.remove(signature)
    signed.insert(1, signature)  # where the schema wants it
    whole = etree.fromstring(
        f"""
<samlp:Response xmlns:samlp="{samlp}" xmlns:saml="{saml}" ID="_{uuid.uuid4().hex}" Version="2.0"
IssueInstant="{moment}" Destination="{ACS}" InResponseTo="{request_id}"><saml:Issuer>{IDP}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
</samlp:Response>""".replace("\n", " ")
    )
    whole.append(signed)
    return base64.b64encode(etree.tostring(whole)).decode()


def ask(visitor: Client) -> str:
    """The id of our request, with which somebody is sent to the provider."""
    begun = visitor.get("/desk/account/saml/south/log-in")
    query = parse_qs(urlsplit(begun["Location"]).query)
    said = decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode()
    (request_id,) = re.findall(r'\bID="([^"]+)"', said)
    assert f'AssertionConsumerServiceURL="{ACS}"' in unescape(said)
    return str(request_id)


def come_by_saml(visitor: Client, posted: str) -> Any:
    first = visitor.post("/desk/account/saml/south/acs", {"SAMLResponse": posted})
    return visitor.get(first["Location"])


def test_who_has_a_role_is_in_by_saml(south: None, visitor: Client, key: Any, certificate: str) -> None:
    reply = come_by_saml(visitor, response(key, certificate, ask(visitor)))
    assert (reply.status_code, reply["Location"]) == (302, "/desk/")
    carla = User.objects.get(username="carla@south")
    assert [group.name for group in carla.groups.all()] == ["teacher"]
    assert visitor.get("/desk/").status_code == 200


@pytest.mark.parametrize("what", ["role", "audience", "request", "key", "changed", "unsigned"])
def test_what_saml_must_not_let_in(
    south: None, visitor: Client, key: Any, certificate: str, what: str
) -> None:
    request_id = ask(visitor)
    posted = response(
        rsa.generate_private_key(65537, 2048) if what == "key" else key,
        certificate,
        "ONELOGIN_another" if what == "request" else request_id,
        role="student" if what == "role" else "faculty",
        to="https://another.example" if what == "audience" else OURS,
    )
    text = base64.b64decode(posted).decode()
    if what == "changed":
        text = text.replace(">carla<", ">boss<")
    if what == "unsigned":
        text = re.sub(r"<ds:Signature.*</ds:Signature>", "", text, flags=re.DOTALL)
        assert "Signature" not in text
    reply = come_by_saml(visitor, base64.b64encode(text.encode()).decode())
    assert reply.status_code in (200, 401, 403)
    assert "_auth_user_id" not in visitor.session
    assert not User.objects.exists()


def test_an_answer_counts_once(south: None, visitor: Client, key: Any, certificate: str) -> None:
    posted = response(key, certificate, ask(visitor))
    come_by_saml(visitor, posted)
    visitor.post("/desk/log-out")
    come_by_saml(visitor, posted)
    assert "_auth_user_id" not in visitor.session


def test_the_metadata_that_the_provider_wants(south: None, visitor: Client) -> None:
    reply = visitor.get("/desk/account/saml/south/metadata")
    assert f'entityID="{OURS}"' in reply.content.decode()
    assert ACS in reply.content.decode()
