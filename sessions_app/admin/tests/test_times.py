"""Moments in the admin: in the installation's time zone, which is named, right across a change of clocks."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.admin.tests.test_teachers_admin import NAMED_TESTS, begin, form_data
from sessions_app.models import NamedTest
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool


@pytest.fixture
def browser(client: Client, db: None, settings: LazySettings) -> Client:
    settings.TIME_ZONE = "Europe/Berlin"
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize(
    ("day", "hour", "shown"),
    [("2027-03-27", 9, "2027-03-27 10:00 CET"), ("2027-03-28", 8, "2027-03-28 10:00 CEST")],
)
def test_what_is_typed_is_that_moment_and_comes_back(
    browser: Client, pool: QuestionPool, day: str, hour: int, shown: str
) -> None:
    typed = {"opens_at_0": day, "opens_at_1": "10:00"}
    assert browser.post(f"{NAMED_TESTS}add/", form_data(pool, **typed)).status_code == 302
    test = NamedTest.objects.get()
    assert test.opens_at == datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")
    assert f"from {shown}" in browser.get(NAMED_TESTS).content.decode()
    page = browser.get(f"{NAMED_TESTS}{test.pk}/change/").content.decode()
    assert page.count("In the time zone Europe/Berlin.") == 2
    assert 'value="10:00:00"' in page


@pytest.mark.parametrize("moment", ["2027-03-28 02:30", "2027-10-31 02:30"])
def test_a_time_that_is_not_or_is_twice_is_refused(browser: Client, pool: QuestionPool, moment: str) -> None:
    day, time = moment.split()
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, opens_at_0=day, opens_at_1=time))
    assert "Europe/Berlin" in str(reply.context["adminform"].form.errors["opens_at"])


HALF_PAST_MIDNIGHT = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
LAST_MINUTE = datetime(2026, 3, 29, 21, 59, tzinfo=UTC)  # of a day of 23 hours


@pytest.mark.parametrize(
    ("moment", "day", "shown"),
    [
        (HALF_PAST_MIDNIGHT, "2026-11-25", "2026-11-25 00:30 CET"),
        (LAST_MINUTE, "2026-03-29", "2026-03-29 23:59 CEST"),
    ],
)
def test_days_of_filters_are_days_of_the_zone(
    browser: Client, api: APIClient, pool: QuestionPool, moment: datetime, day: str, shown: str
) -> None:
    test = make_named_test(pool)
    with time_machine.travel(moment, tick=False):
        begin(api)
    address = f"{NAMED_TESTS}{test.pk}/results/"
    found = browser.get(address, {"started_from": day, "started_until": day})
    assert [row["session"].started_at for row in found.context["rows"]] == [moment]
    assert "Started from (Europe/Berlin)" in found.content.decode()
    for page in (found, browser.get("/admin/sessions_app/testsession/")):
        assert shown in page.content.decode()


def test_the_api_says_utc(browser: Client, api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, time_limit_minutes=30)
    (started,) = begin(api)
    assert started["deadline"].endswith("Z")
