"""Every page of the desk, opened by somebody of another organisation who may do everything: what is there
looks like what is not. (That somebody of ours opens each, `test_doors` tries.)"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern
from rest_framework.test import APIClient

from desk.rights import ALL
from desk.tests.conftest import somebody
from desk.tests.test_doors import GUARDED
from desk.urls import urlpatterns
from organisations.acting import acting_for
from organisations.models import DEFAULT, Organisation
from sessions_app.models import Calibration, ClassMember, ClassTest, LongJob, SchoolClass, Simulation, Student
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.pools import current_questions

MARKERS = ("Ours alone", "our-student", "our-test", "Our class")
NONCE = re.compile(rb'(nonce|csrfmiddlewaretoken|X-CSRFToken)[^>]*|value="[0-9a-f-]{36}"')


@pytest.fixture
def ours(api: APIClient) -> dict[str, Any]:
    """By the name of an address' parameter, what is there."""
    with acting_for(DEFAULT):
        pool = make_pool(3, name="Ours alone")
        test = make_named_test(pool, "our-test")
        started = api.post("/api/test/start", {"student_id": "our-student", "test": "our-test"}).json()
        asked: dict[str, Any] = {
            "id": pool.pk,
            "pool": pool,
            "revision": pool.current_revision,
            "request": {},
        }
        Calibration.objects.create(**asked)
        Simulation.objects.create(**asked, abilities=b"", cancel_requested=True)
        LongJob.objects.create(
            id=pool.pk,
            kind="results",
            request={"name": "our-test"},
            holds_students=True,
            cancel_requested=True,
        )
        school_class = SchoolClass.objects.create(id=pool.pk, name="Our class")
        student = Student.objects.get(external_id="our-student")
        ClassMember.objects.create(school_class=school_class, student=student)
        given = ClassTest.objects.create(school_class=school_class, test=test, code="ABC123")
    keys = ("pool_id", "calibration_id", "simulation_id", "class_id", "import_id", "job_id")
    return {
        **dict.fromkeys(keys, pool.pk),
        "pk": current_questions(pool)[0].pk,
        "session_id": started["session_id"],
        "test_id": test.pk,
        "name": "our-test",
        "student_pk": student.pk,
        "given_pk": given.pk,
    }


def missing(given: Any) -> Any:
    if isinstance(given, int):
        return given + 10**6
    return "no-such-test" if given == "our-test" else uuid4()


def address_of(pattern: URLPattern, named: dict[str, Any]) -> str:
    address = str(pattern.pattern)
    for name in pattern.pattern.converters:
        address = re.sub(f"<[a-z]+:{name}>", str(named[name]), address)
    return f"/desk/{address}"


def opened(client: Client, pattern: URLPattern, named: dict[str, Any]) -> tuple[int, bytes]:
    """The status, and what the page tells beside its own address."""
    address = address_of(pattern, named)
    query = "?form=mirt" if pattern.name == "parameters_out" else ""
    reply = getattr(client, GUARDED[str(pattern.name)][0])(address + query)
    content = b"".join(reply) if reply.streaming else reply.content
    return reply.status_code, NONCE.sub(b"", content.replace(address.encode(), b"/"))


def test_no_page_tells_of_another_organisation(ours: dict[str, Any], subtests: pytest.Subtests) -> None:
    rights = {name for right in ALL.values() for name in right.any_of}
    with acting_for(Organisation.objects.create(slug="other", name="Other").pk):
        stranger = somebody(*rights)
    nowhere = {name: missing(given) for name, given in ours.items()}
    for pattern in urlpatterns:
        name = str(pattern.name)
        if name not in GUARDED:
            continue
        with subtests.test(name):
            if not pattern.pattern.converters:
                _, content = opened(stranger, pattern, {})
                assert not [marker for marker in MARKERS if marker.encode() in content]
                continue
            found = opened(stranger, pattern, ours)
            assert found == opened(stranger, pattern, nowhere)
            assert found[0] == 404
