"""Every address of the admin that names a row, with ids that no row has or can have."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, get_resolver

JUNK = [
    "abc",
    "0",
    "-1",
    "99999999999999999999999",
    "1.5",
    "_00",
    "%00",
    "a/b",
    "_2F",
    "'",
    " ",
    "ü",
    "x" * 300,
]


def patterns(under: Any = None, before: str = "") -> Iterator[str]:
    for entry in get_resolver().url_patterns if under is None else under:
        here = before + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from patterns(entry.url_patterns, here)
        elif here.startswith("admin/") and ("<path:object_id>" in here or "<id>" in here):
            yield here


ADDRESSES = sorted(set(patterns()))


@pytest.fixture
def browser(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    client.raise_request_exception = False
    return client


def test_it_tries_the_addresses_of_actions() -> None:
    assert len(ADDRESSES) > 50
    assert "admin/sessions_app/student/<path:object_id>/export/" in ADDRESSES


@pytest.mark.parametrize("address", ADDRESSES)
def test_junk_is_not_found(browser: Client, address: str) -> None:
    browser.get("/admin/")
    for junk in JUNK:
        path = "/" + address.replace("<path:object_id>", junk).replace("<id>", junk)
        path = path.replace("<path:content_type_id>", junk)
        if address.endswith("<path:object_id>/"):  # Django's short form, which leads to the page to change it
            assert browser.get(path).status_code in (302, 404), path
            continue
        # The id of a picture or sound is a text, so any text could be one: Django leads back to the start.
        is_text = any(name in address for name in ("questionimage", "questionsound", "<id>"))
        expected = {302, 403, 404} if is_text else {404}
        for reply in (browser.get(path), browser.post(path, {"_form_submitted": "on", "key": "k"})):
            assert reply.status_code in expected, (path, reply.status_code)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_id_of_no_row_breaks_nothing(browser: Client, address: str) -> None:
    """Django leads from its own pages to the start, with a message; pages of actions are not found."""
    for missing in ("123456", str(uuid4())):
        path = "/" + address.replace("<path:object_id>", missing).replace("<id>", missing)
        path = path.replace("<path:content_type_id>", missing)
        data = {"_form_submitted": "on", "key": "k", "minutes": 1, "days": 1, "student_id": "x"}
        for reply in (browser.get(path), browser.post(path, data)):
            assert reply.status_code < 500, (path, reply.status_code)
            if reply.status_code == 302:
                assert reply["Location"] == "/admin/" or path.rstrip("/").endswith(missing), path
