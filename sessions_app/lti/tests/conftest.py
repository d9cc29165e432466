"""A school's platform, and a browser that goes from it to us."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sessions_app.lti.keys import key_set
from sessions_app.lti.platform import Connector
from sessions_app.lti.tests.school import School
from sessions_app.models import LtiKey, NamedTest
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

Launch = Callable[..., Any]


@pytest.fixture(scope="module")
def running_school() -> Iterator[School]:
    school = School()
    yield school
    school.close()


_kept: list[dict[str, Any]] = []  # a key costs as much as a test


@pytest.fixture
def school(running_school: School, db: None, settings: Any) -> School:
    """A platform that knows us, with nothing in its books."""
    settings.WEBHOOKS_MAY_GO_INSIDE = True
    if _kept:
        LtiKey.objects.bulk_create(LtiKey(**key) for key in _kept)
    else:
        key_set(timezone.now())
        _kept.extend(dict(key) for key in LtiKey.objects.values())
    running_school.knows("http://testserver", key_set(timezone.now()))
    running_school.scores, running_school.newest = [], {}
    running_school.members, running_school.members_on_second_page = [], []
    running_school.asked, running_school.failing, running_school.registered = [], None, None
    Connector._tokens.clear()
    return running_school


@pytest.fixture
def test(pool: QuestionPool) -> NamedTest:
    return make_named_test(pool)


@pytest.fixture
def browser() -> Client:
    """It keeps no cookie of ours: there is none."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def launch(school: School, browser: Client) -> Launch:
    """Go through a whole launch, with what the platform says; returns our last reply."""

    def go(user: str = "ada", *roles: str, headers: Any = None, **said: Any) -> Any:
        asked = browser.get(school.log_in_address(user).removeprefix("http://testserver"))
        assert asked.status_code == 303, asked.content
        answer = school.answer(asked["Location"], user, roles or said.pop("roles", None) or _LEARNER, **said)
        return browser.post("/lti/launch", answer, headers=headers)

    return go


_LEARNER = ("http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",)
