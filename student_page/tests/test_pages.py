"""The documents below /take/."""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from sessions_app.models import Student, TestSession
from sessions_app.sitting.tokens import STUDENT_PAGE
from student_page.views import MODULES, ON_DEMAND
from testing_engine.formulas.mathml import CLASSES

KILOBYTES = 107
PAGES = ["/take/", "/take/test"]


def source_of(name: str) -> str:
    return Path(str(finders.find(f"student_page/{name}"))).read_text()


@pytest.mark.parametrize("address", PAGES)
def test_it_asks_the_database_nothing(client: Client, address: str) -> None:
    """Without the fixture `db`, a query is an error."""
    reply = client.get(address)
    assert reply.status_code == 200
    assert not reply.cookies or set(reply.cookies) == {"csrftoken"}


def test_it_lies_where_links_point() -> None:
    assert reverse("student_page:test") == STUDENT_PAGE


def test_it_is_small(client: Client) -> None:
    """Everything that a student's phone loads: the page in its longest language, styles and scripts."""
    page = max(len(client.get(f"/take/test?language={code}").content) for code in ("en", "de"))
    files = [finders.find(f"student_page/{name}") for name in ("page.css", *MODULES)]
    total = page + sum(Path(str(file)).stat().st_size for file in files)
    assert total < KILOBYTES * 1000, f"{total} bytes"


@pytest.mark.parametrize("address", PAGES)
def test_it_runs_under_a_strict_policy(client: Client, address: str) -> None:
    """No script, style or handler in the page itself, and nothing of another host."""
    page = client.get(address).content.decode()
    scripts = re.findall(r"<script[^>]*>", page)
    assert all("src=" in script or 'type="application/json"' in script for script in scripts)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|(?:src|href)=\"(?:https?:)?//", page)
    for name in (*MODULES, *ON_DEMAND):
        source = source_of(name)
        assert not re.search(r"\beval\(|new Function|https?://(?!www\.w3\.org/2000/svg)", source)
        assert ".style" not in source
        assert '"style"' not in source


def test_the_page_is_the_same_for_everybody(client: Client) -> None:
    reply = client.get("/take/test")
    assert "no-cache" in reply["Cache-Control"]
    assert "private" in reply["Cache-Control"]
    assert "csrf" not in reply.content.decode()


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, de;q=0.5", "de"),
        ("fr", "en"),
        ("", "en"),
        (";,", "en"),
    ],
)
def test_it_speaks_the_browsers_language(client: Client, preferred: str, language: str) -> None:
    reply = client.get("/take/test", headers={"Accept-Language": preferred})
    assert reply["Content-Language"] == language
    assert f'<html lang="{language}" dir="ltr">' in reply.content.decode()
    assert ("Ich weiß es nicht" in _data(reply.content)["texts"]["dontKnow"]) is (language == "de")


def test_a_choice_of_language_stays(client: Client) -> None:
    client.get("/take/?language=de")
    assert client.get("/take/test")["Content-Language"] == "de"
    assert client.get("/take/test?language=xx")["Content-Language"] == "de"
    client.get("/take/test?language=en")
    assert client.get("/take/test", headers={"Accept-Language": "de"})["Content-Language"] == "en"


def test_the_rest_of_the_service_stays_english(client: Client, db: None) -> None:
    client.get("/take/?language=de")
    reply = client.post("/api/test/start", headers={"Accept-Language": "de"})
    assert reply.json()["title"] == "Not authenticated"


def _data(page: bytes) -> Any:
    found = re.search(rb'<script id="page-data" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def test_scripts_find_every_text_that_they_use(client: Client) -> None:
    texts = _data(client.get("/take/test").content)["texts"]
    scripts = (*MODULES, *ON_DEMAND)
    used = {name for module in scripts for name in re.findall(r"\btexts\.(\w+)", source_of(module))}
    assert used == set(texts)


def test_scripts_find_every_element_that_they_use(client: Client) -> None:
    page = client.get("/take/test").content.decode()
    for module in (*MODULES, *ON_DEMAND):
        source = source_of(module)
        for name in re.findall(r'one\("([\w-]+)"\)|querySelector\("#([\w-]+)"\)', source):
            assert f'id="{"".join(name)}"' in page, (module, name)


def test_the_service_worker_keeps_the_page_alone(client: Client, db: None) -> None:
    reply = client.get("/take/sw.js")
    assert reply["Content-Type"].startswith("text/javascript")
    source = reply.content.decode()
    (shell,) = re.findall(r"const SHELL = \[(.*?)\];", source)
    kept = re.findall(r'"(.*?)"', shell.encode().decode("unicode_escape"))
    assert kept[0] == "/take/test"
    assert all(address.startswith("/static/student_page/") for address in kept[1:])
    assert len(kept) == 2 + len(MODULES) + len(ON_DEMAND)
    for address in kept:
        with closing(client.get(address)) as file:
            assert file.status_code == 200
    assert "/api" not in source


def test_the_service_worker_keeps_what_the_page_loads_in_production(
    client: Client, settings: LazySettings, tmp_path: Path
) -> None:
    """There, the names of static files hold hashes."""
    names = [f"student_page/{name}" for name in ("page.css", *MODULES)]
    hashed = {name: name.replace(".", ".0123456789ab.") for name in names}
    manifest = {"version": "1.1", "paths": hashed, "hash": ""}
    (tmp_path / "staticfiles.json").write_text(json.dumps(manifest))
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    page = client.get("/take/test").content.decode()
    loaded = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert "/static/student_page/page.0123456789ab.css" in loaded
    assert "/static/student_page/test.js" in loaded
    source = client.get("/take/sw.js").content.decode().encode().decode("unicode_escape")
    assert loaded <= set(re.findall(r'"(/static/.*?)"', source))


# --- The demo ----------------------------------------------------------------------------------------------


@pytest.fixture
def demo_pool(db: None) -> None:
    call_command("load_demo", verbosity=0)


@pytest.mark.usefixtures("demo_pool")
def test_the_demo_opens_a_test_to_its_own_token_alone(client: Client) -> None:
    assert "Try the demo" in client.get("/take/").content.decode()
    reply = client.post("/take/demo")
    address, _, token = reply["Location"].partition("#")
    assert (reply.status_code, address) == (303, "/take/test")
    session = TestSession.objects.get()
    assert session.client_id is None
    assert Student.objects.get().external_id.startswith("demo-")
    api = APIClient()
    status = f"/api/test/status/{session.pk}"
    assert api.get(status).status_code == 401
    api.credentials(HTTP_AUTHORIZATION=f"Session {token}")
    assert api.get(status).json()["next_question"]


@pytest.mark.usefixtures("demo_pool")
def test_everybody_who_tries_the_demo_is_somebody_else(client: Client) -> None:
    for _ in range(3):
        client.post("/take/demo")
    assert Student.objects.count() == 3


@pytest.mark.usefixtures("demo_pool")
def test_there_is_no_demo_outside_development(client: Client, settings: LazySettings) -> None:
    settings.IS_PRODUCTION = True
    assert "demo" not in client.get("/take/").content.decode()
    assert client.post("/take/demo").status_code == 404
    assert not TestSession.objects.exists()


@pytest.mark.usefixtures("demo_pool")
def test_no_other_site_starts_a_demo() -> None:
    assert Client(enforce_csrf_checks=True).post("/take/demo").status_code == 403
    assert Client().get("/take/demo").status_code == 405
    assert not TestSession.objects.exists()


def test_it_says_how_to_load_a_demo_that_is_not_there(client: Client, db: None) -> None:
    reply = client.post("/take/demo")
    assert reply.status_code == 503
    assert "manage.py load_demo" in reply.content.decode()


def test_the_styles_draw_every_mark_of_a_formula() -> None:
    styles = (Path(__file__).resolve().parents[1] / "static/student_page/page.css").read_text()
    assert all(f".{name} " in styles for name in CLASSES)
