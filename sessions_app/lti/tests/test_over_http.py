"""A course, a browser and this service, each behind its address: a whole test, its score in the gradebook."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils import timezone

from sessions_app.lti import outbox
from sessions_app.lti.platform import Connector
from sessions_app.lti.tests.school import School
from sessions_app.models import LtiMessage, TestSession
from sessions_app.tests.factories import make_named_test, make_pool


@pytest.mark.django_db(transaction=True)
def test_from_the_course_to_the_gradebook(live_server: Any, running_school: School, settings: Any) -> None:
    """The platform reads our keys from our address, and takes nothing that is signed otherwise."""
    settings.WEBHOOKS_MAY_GO_INSIDE = True
    school, root = running_school, live_server.url
    school.knows(root)
    school.scores, school.newest, school.failing = [], {}, None
    Connector._tokens.clear()
    make_named_test(make_pool(8))
    school.row(frame_ancestors=["https://school.example"])
    with httpx.Client(headers={"Sec-Fetch-Dest": "iframe"}) as browser:
        question = browser.get(school.log_in_address())
        launched = browser.post(f"{root}/lti/launch", data=school.answer(question.headers["Location"]))
        page = urlsplit(launched.headers["Location"])
        shown = browser.get(f"{root}{page.path}?{page.query}")
        assert "frame-ancestors https://school.example" in shown.headers["Content-Security-Policy"]
        assert not browser.cookies
        as_student = {"Authorization": f"Session {page.fragment}"}
        session = TestSession.objects.get()
        status = browser.get(f"{root}/api/test/status/{session.pk}", headers=as_student).json()
        body = {"session_id": str(session.pk), "question_id": status["next_question"]["id"], "response": 0}
        assert browser.post(f"{root}/api/test/submit", json=body, headers=as_student).status_code == 200
        assert (
            browser.post(f"{root}/api/test/end/{session.pk}", json={}, headers=as_student).status_code == 200
        )
    assert outbox.send_due(timezone.now()) == 1, LtiMessage.objects.get().answer
    (score,) = school.scores
    assert (score["userId"], score["scoreMaximum"]) == ("ada", 100)
