"""What an organisation says of itself: its owner writes it at the desk, and it is seen where it should be."""

from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from desk.rights import DESCRIBE_OWN, SEE_TESTS
from desk.tests.conftest import somebody
from organisations.acting import acting_for
from organisations.models import Organisation
from organisations.roles import OWNER
from sessions_app.administration import invitations
from sessions_app.conftest import answer_questions, browser_of, client_with
from sessions_app.tests.factories import make_named_test, make_pool, make_token

pytestmark = pytest.mark.django_db
PAGE = "/desk/organisation"
GIVEN = {
    "name": "Lovelace School",
    "language": "de",
    "time_zone": "Europe/Vienna",
    "colour": "#2F6FED",
    "level_names": "A\nB\n\nC\nD",
}


def picture(kind: str = "PNG", side: int = 40) -> SimpleUploadedFile:
    made = BytesIO()
    Image.new("RGB", (side, 20), "#2f6fed").save(made, kind)
    return SimpleUploadedFile(f"logo.{kind.lower()}", made.getvalue())


def text_of(reply: Any) -> str:
    return str(reply.content.decode())


@pytest.fixture
def owner() -> Client:
    return somebody(*DESCRIBE_OWN.any_of, *SEE_TESTS.any_of)


def test_name_logo_colour_and_levels_are_seen_where_they_should_be(owner: Client) -> None:
    test = make_named_test(make_pool(8))
    before = client_with(f"Token {make_token()}").post(
        "/api/test/start", {"student_id": "s0", "test": "algebra"}
    )
    assert owner.post(PAGE, {**GIVEN, "logo": picture()}).status_code == 302
    own = Organisation.objects.get()
    assert (own.colour, own.level_names) == ("#2f6fed", ["A", "B", "C", "D"])
    page = text_of(owner.get("/desk/tests/"))
    logo = f"/images/{own.logo}.png"
    for part in ("Lovelace School", logo, "/take/brand/2f6fed.css"):
        assert part in page
    style = owner.get("/take/brand/2f6fed.css")
    assert text_of(style) == ":root { --accent: #2f6fed; --on-accent: #ffffff; }\n"
    assert owner.get(logo).status_code == 200
    invitations.invite(test, [{"student_id": "s1"}])
    ((_, _, link),) = invitations.links(test, "")
    asked = {"invitation": link.partition("invitation=")[2]}
    told = APIClient().post("/api/invitations/read", asked, format="json").json()["organisation"]
    assert told == {
        "name": "Lovelace School",
        "logo": logo,
        "colour": "#2f6fed",
        "style": "/take/brand/2f6fed.css",
        "language": "de",
    }
    started = APIClient().post("/api/invitations/start", asked, format="json").json()
    browser = browser_of(started)
    assert browser.get(f"/api/v1/test/{started['session_id']}/organisation").json() == told
    assert level_of(started) in ("A", "B", "C", "D")
    assert level_of(before.json()) in ("Beginning", "Developing", "Secure", "Advanced")  # as it began


def level_of(started: dict[str, Any]) -> str:
    """What the result is called after one answer."""
    browser = browser_of(started)
    answer_questions(browser, started, 1)
    browser.post(f"/api/test/end/{started['session_id']}", {})
    report = browser.get(f"/api/test/result/{started['session_id']}").json()["report"]
    return str(report["headline"]).partition(" ")[0]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"colour": "#ffff00"}, "Auf hellen Seiten ist sie kaum zu sehen: Ihr Kontrast ist 1.1 zu 1"),
        ({"colour": "red"}, "sechs Ziffern"),
        ({"level_names": "A\nA"}, "müssen verschieden sein"),
        ({"time_zone": "Mars/Base"}, "Mars/Base"),
        ({"name": ""}, "error"),
        ({"logo": SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")}, "PNG"),
        ({"logo": SimpleUploadedFile("logo.png", bytes(600_000))}, "512 KiB"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_changes_nothing(
    owner: Client, sent: dict[str, Any], said: str
) -> None:
    page = text_of(owner.post(f"{PAGE}?language=de", {**GIVEN, **sent}))
    assert said in page
    assert "errorlist" not in page
    assert Organisation.objects.get().name == "Default"


def test_a_logo_that_is_too_wide_and_one_that_is_taken_away(owner: Client) -> None:
    assert "1024 pixels" in text_of(owner.post(PAGE, {**GIVEN, "logo": picture(side=1025)}))
    owner.post(PAGE, {**GIVEN, "logo": picture("JPEG")})
    assert Organisation.objects.get().logo
    owner.post(PAGE, GIVEN)
    assert Organisation.objects.get().logo
    owner.post(PAGE, {**GIVEN, "drops_logo": "on"})
    assert not Organisation.objects.get().logo


def test_it_is_ones_own_alone(owner: Client) -> None:
    other = Organisation.objects.create(slug="other", name="Other")
    with acting_for(other.pk):
        somebody_else = somebody(*DESCRIBE_OWN.any_of)
    assert "Other" in text_of(somebody_else.get(PAGE))
    somebody_else.post(PAGE, {**GIVEN, "name": "Mine"})
    assert sorted(Organisation.objects.values_list("name", flat=True)) == ["Default", "Mine"]
    assert "Mine" not in text_of(owner.get("/desk/"))
    assert Group.objects.get(name=OWNER).permissions.filter(codename="change_organisation").exists()


@pytest.mark.parametrize("digits", ["ffff00", "101040"])
def test_no_colour_that_cannot_be_seen_has_a_style(client: Client, digits: str) -> None:
    assert client.get(f"/take/brand/{digits}.css").status_code == 404
