"""Every operation of the API, by a client of another organisation: what is there looks like what is not.

The operations come from the addresses themselves: one that is new fails here until it is said what of ours it
could tell.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import URLPattern
from knox.models import AuthToken
from rest_framework.test import APIClient

from organisations.acting import acting_for
from organisations.models import DEFAULT, Membership, Organisation
from sessions_app.administration.classes import handing_out
from sessions_app.api.urls import urlpatterns
from sessions_app.conftest import Reply, client_with
from sessions_app.models import (
    Calibration,
    ClassMember,
    ClassTeacher,
    ClassTest,
    LongJob,
    NamedTest,
    PoolImport,
    SchoolClass,
    Simulation,
    Student,
    TestSession,
    TestShare,
    Webhook,
)
from sessions_app.tests.factories import (
    last_active,
    make_named_test,
    make_pool,
    make_token,
    pool_document,
    pool_file,
)
from sessions_app.webhooks import outbox
from testing_engine.models import PoolShare, QuestionPool, Scale

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")
MARKERS = ("Ours alone", "our-student", "our-test", "Our scale")
ROWS = (
    *(QuestionPool, Scale, NamedTest, Student, TestSession, Calibration, Simulation, PoolImport, Webhook),
    *(SchoolClass, ClassMember, ClassTeacher, ClassTest, LongJob, PoolShare, TestShare),
)


class Operation(NamedTuple):
    method: str
    route: str
    parameters: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


def operations() -> Iterator[Operation]:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        view = pattern.callback.cls  # type: ignore[attr-defined]
        for method in METHODS:
            if hasattr(view, method):
                yield Operation(method, str(pattern.pattern), frozenset(pattern.pattern.converters))


# Operations that need a body to come as far as looking for what the address names.
BODIES: dict[str, Any] = {
    "get pools/<str:pool_id>/parameters": {"form": "mirt"},  # a query
    "post pools/<str:pool_id>/calibrations": {},
    "post pools/<str:pool_id>/simulations": {"rules": {"max_questions": 2}, "students": 10},
    "put pools/<str:pool_id>/reporting-scale": {"reporting_scale": None},
    "put pools/<str:pool_id>/requirements": {"requirements": None},
    "post pools/<str:pool_id>/parameters": {"table": "id,a,b\nq1,1,0\n", "dry_run": True},
    "post test/<str:session_id>/extend": {"minutes": 5},
    "post student/<id:student_id>/erase": {"student_id": "our-student"},
    "post tests": {"title": "Theirs"},
    "post tests/<str:name>/copy": {"title": "Theirs"},
    "post pools/<str:pool_id>/export": {},
    "post pools/<str:pool_id>/responses/matrix": {},
    "post tests/<str:name>/results": {},
    "post tests/<str:name>/invitations": {"students": [{"student_id": "s1"}]},
    "post tests/<str:name>/invitations/revoke": {"student_ids": ["s1"]},
    "post tests/<str:name>/invitations/renew": {"student_ids": ["s1"]},
    "patch pools/<str:pool_id>": {"name": "Theirs"},
    "patch pools/<str:pool_id>/sharing": {"everybody_sees": True},
    "put pools/<str:pool_id>/sharing/<str:username>": {"level": "change"},
    "patch tests/<str:name>/sharing": {"everybody_sees": True},
    "put tests/<str:name>/sharing/<str:username>": {"level": "change"},
    "patch scales/<id:scale>": {"correlation": 0.1},
    "patch classes/<str:class_id>": {"name": "Theirs"},
    "post classes/<str:class_id>/teachers": {"usernames": ["theirs"]},
    "post classes/<str:class_id>/teachers/remove": {"usernames": ["theirs"]},
    "post classes/<str:class_id>/students": {"students": [{"student_id": "s1"}], "whole": True},
    "post classes/<str:class_id>/students/remove": {"student_ids": ["our-student"]},
    "post classes/<str:class_id>/roster": {"table": "Theirs", "whole": True},
}
# Operations whose body names something: as it is, and as it is not.
NAMED = {
    "post test/start": ("student_id", "test"),
    "post test/submit": ("session_id",),
    "post tests": ("question_pool_id",),
}
REFUSED = {"post tests": 400}  # the field is named; all others are not there
# Operations that name nothing: what of ours they could tell is looked for in the reply, and afterwards.
TELLING: dict[str, Any] = {
    "get pools": None,
    "get pools/template": None,
    "get sessions": None,
    "get tests": None,
    "get webhooks": None,
    "get classes": None,
    "post classes": {"name": "Theirs"},
    "get scales": None,
    "post scales": {"name": "Our own scale"},
    "get jobs": None,
    "post webhooks": {"url": "https://lms.example.org", "events": ["test.ended"]},
    "post questions/upload": {**pool_document(2), "scale": "Theirs"},
    "post sessions/cleanup": {},
}
# Of no organisation: signed for one test, or a class's code; of an account's own; of all together. A whole
# school's roster names nothing that is there (test_classes).
LEFT_OUT = {
    *("post invitations/read", "post invitations/start", "post invitations/join"),
    *("post pools/import", "post rosters", "get debug/redis/stats"),
}


class Scene(NamedTuple):
    theirs: APIClient
    ours: APIClient
    superuser: APIClient
    there: dict[str, str]
    question: str


def client_of(organisation: int, **options: Any) -> APIClient:
    with acting_for(organisation):
        return client_with(f"Token {make_token(**options)}")


@pytest.fixture
def scene(db: None) -> Scene:
    other = Organisation.objects.create(slug="other", name="Other").pk
    ours = client_of(DEFAULT)
    with acting_for(DEFAULT):
        pool = make_pool(6, name="Ours alone", scale="Our scale")
        test = make_named_test(pool, "our-test")
        colleague = User.objects.create_user("our-colleague", is_staff=True)
        for row in (pool, test):
            row.shares.create(user=colleague)
        school_class = SchoolClass.objects.create(name="Ours alone")
        handing_out.give(school_class, test.pk, names_may_be_chosen=True)
        asked: dict[str, Any] = {"pool": pool, "revision": pool.current_revision, "request": {}}
        calibration = Calibration.objects.create(**asked)
        simulation = Simulation.objects.create(**asked, abilities=b"")
        brought = PoolImport.objects.create(
            file_name="ours.csv", sha256="0" * 64, content=b"x", request={}, pool_id=uuid4()
        )
        job = LongJob.objects.create(kind="results", request={"name": "our-test"}, holds_students=True)
        told_of = Webhook.objects.create(url="https://our-test.example.org", events=["test.ended"])
        message = outbox.send_test(told_of)
    started = ours.post("/api/test/start", {"student_id": "our-student", "test": "our-test"}).json()
    ClassMember.objects.create(school_class=school_class, student=Student.objects.get())
    last_active("2020-01-01T00:00Z")
    root = User.objects.create_superuser("root")
    return Scene(
        client_of(other),
        ours,
        client_with(f"Token {AuthToken.objects.create(root)[1]}"),
        {
            "pool_id": str(pool.pk),
            "question_id": "q1",
            "number": "1",
            "import_id": str(brought.pk),
            "calibration_id": str(calibration.pk),
            "simulation_id": str(simulation.pk),
            "job_id": str(job.pk),
            "session_id": started["session_id"],
            "student_id": "our-student",
            "name": "our-test",
            "test": "our-test",
            "question_pool_id": str(pool.pk),
            "webhook_id": str(message.webhook_id),
            "message_id": str(message.pk),
            "class_id": str(school_class.pk),
            "scale": "Our scale",
            "username": "our-colleague",
        },
        started["next_question"]["id"],
    )


KEYS = (
    "pool_id",
    "question_pool_id",
    "import_id",
    "calibration_id",
    "simulation_id",
    "session_id",
    "class_id",
    "job_id",
)
# Not told to whoever asks: a session is its client's, an import its account's; and what no worker has done.
NOT_IN_THE_SCENE = ("test/", "pools/imports", "calibration_id>", "simulation_id>", "watch", "matrix", "jobs/")


def missing(name: str) -> str:
    return str(uuid4()) if name in KEYS else "xyz"


def ask(client: APIClient, operation: Operation, named: dict[str, str], body: Any) -> Reply:
    address = operation.route
    for name in operation.parameters:
        for kind in ("str", "id"):
            address = address.replace(f"<{kind}:{name}>", named[name])
    return getattr(client, operation.method)(f"/api/v1/{address}", body)


def told(reply: Reply, named: dict[str, str]) -> tuple[int, str]:
    """What can be learnt from a reply, but for what was asked for."""
    text = reply.content.decode()
    for name, value in named.items():
        text = text.replace(value, f"<{name}>")
    return reply.status_code, text


def rows_of_ours() -> list[Any]:
    with acting_for(DEFAULT):
        return [list(model.objects.order_by("pk").values()) for model in ROWS]


def test_nothing_of_ours_is_told_or_changed(scene: Scene, subtests: pytest.Subtests) -> None:
    before = rows_of_ours()
    for operation in operations():
        name = str(operation)
        if name in LEFT_OUT:
            continue
        with subtests.test(name):
            if name in TELLING:
                reply = ask(scene.theirs, operation, {}, TELLING[name])
                assert reply.status_code < 300, reply.content
                assert not [marker for marker in MARKERS if marker.encode() in reply.content]
                continue
            in_body = NAMED.get(name, ())
            assert operation.parameters or in_body, "say what of another organisation it could tell"
            wanted = operation.parameters | set(in_body)
            there = {key: scene.there[key] for key in wanted}
            gone = {key: missing(key) for key in wanted}
            replies = []
            for named in (there, gone):
                body = BODIES.get(name)
                if in_body:
                    answer = {"question_id": scene.question, "response": 0}
                    body = dict(answer if "session_id" in in_body else body or {})
                    body |= {key: named[key] for key in in_body}
                if body and "student_id" in body:
                    body = {**body, "student_id": named["student_id"]}
                replies.append(told(ask(scene.theirs, operation, named, body), named))
            assert replies[0] == replies[1]
            assert replies[0][0] == REFUSED.get(name, 404), replies
    assert rows_of_ours() == before


@pytest.mark.parametrize("who", ["ours", "superuser"])
def test_what_is_kept_from_others_is_there(scene: Scene, subtests: pytest.Subtests, who: str) -> None:
    """Else the test above would look at nothing."""
    client: APIClient = getattr(scene, who)
    for operation in operations():
        name = str(operation)
        is_left_out = name in LEFT_OUT or any(part in name for part in NOT_IN_THE_SCENE)
        if operation.method != "get" or is_left_out:
            continue
        with subtests.test(name):
            reply = ask(client, operation, scene.there, BODIES.get(name))
            assert reply.status_code == 200, getattr(reply, "content", reply)


def test_two_organisations_have_a_student_of_the_same_id_and_count_apart(scene: Scene) -> None:
    with acting_for(Organisation.objects.get(slug="other").pk):
        make_pool(6)
    reply = scene.theirs.post("/api/test/start", {"student_id": "our-student"})
    assert reply.status_code == 200, reply.content
    assert Student.objects.filter(external_id="our-student").count() == 2
    for client in (scene.theirs, scene.ours):
        assert client.get("/api/sessions").json()["count"] == 1
    assert scene.superuser.get("/api/sessions").json()["count"] == 2
    erased = scene.theirs.post("/api/student/our-student/erase", {"student_id": "our-student"})
    assert erased.status_code == 200
    assert Student.objects.get(external_id="our-student").organisation_id == DEFAULT


def test_numbers_of_all_together_are_for_who_runs_the_installation(scene: Scene) -> None:
    assert scene.ours.get("/api/debug/redis/stats").status_code == 403
    assert scene.superuser.get("/api/debug/redis/stats").status_code == 200


def test_a_client_of_no_organisation_finds_nothing(scene: Scene) -> None:
    stranger = User.objects.create_user("stranger")
    Membership.objects.filter(user=stranger).delete()
    stranger.user_permissions.set(Permission.objects.filter(codename__in=["author_pools"]))
    client = client_with(f"Token {AuthToken.objects.create(stranger)[1]}")
    assert client.get("/api/pools").json()["count"] == 0


def test_a_file_comes_into_the_organisation_of_who_brought_it(scene: Scene) -> None:
    document = pool_file(name="theirs.json", scale="Our scale")
    assert scene.theirs.post("/api/pools/import", {"file": document}, format="multipart").status_code == 200
    assert Scale.objects.filter(name="Our scale").count() == 2
