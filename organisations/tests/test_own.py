"""People read and type in their organisation's time zone, and read in its language."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from organisations.acting import acting_for
from organisations.models import Organisation
from organisations.roles import OWNER
from sessions_app.models import NamedTest
from sessions_app.tests.factories import make_named_test, make_pool

MOMENT = datetime(2099, 7, 1, 22, 30, tzinfo=UTC)


def log_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_pages_are_in_the_zone_and_language_of_whom_somebody_works_for() -> None:
    vienna = Organisation.objects.create(slug="v", name="V", time_zone="Europe/Vienna", language="de")
    with acting_for(vienna.pk):
        test = make_named_test(make_pool(4), opens_at=MOMENT)
        owner = User.objects.create_user("owner", is_staff=True)
    owner.groups.add(Group.objects.get(name=OWNER))
    member, outside = log_in(owner), log_in(User.objects.create_superuser("root"))

    listed = "/admin/sessions_app/namedtest/"
    assert "from 2099-07-02 00:30 CEST" in member.get(listed).content.decode()
    assert "from 2099-07-01 22:30 UTC" in outside.get(listed).content.decode()
    typed = f"/desk/tests/{test.pk}/who"
    assert "Europe/Vienna" in member.get(typed).content.decode()
    assert timezone.get_current_timezone_name() == "UTC"

    english = {"Accept-Language": "en"}
    assert member.get("/desk/", headers=english).headers["Content-Language"] == "de"
    assert outside.get("/desk/", headers=english).headers["Content-Language"] == "en"
    assert member.get("/desk/?language=en").headers["Content-Language"] == "en"  # and is kept
    assert member.get("/desk/").headers["Content-Language"] == "en"
    vienna.language = "en"  # leaves it to the browser
    vienna.save()
    assert log_in(owner).get("/desk/", headers={"Accept-Language": "de"}).headers["Content-Language"] == "de"
    assert NamedTest.objects.get().opens_at == MOMENT
