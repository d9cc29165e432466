"""Sharing over REST: by the same rules as at the desk, safe to repeat, and no further than somebody may."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group, Permission, User
from knox.models import AuthToken
from rest_framework.test import APIClient

from organisations import roles
from organisations.acting import Person, acting_for
from organisations.models import DEFAULT, Organisation
from sessions_app.conftest import client_with, undone
from sessions_app.models import NamedTest
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from testing_engine.models import QuestionPool

pytestmark = pytest.mark.django_db


class Scene(NamedTuple):
    """Anna made a test and a pool; Bert is a colleague, the head sees all, and a program is nobody."""

    anna: APIClient
    bert: APIClient
    head: APIClient
    program: APIClient
    pool: QuestionPool
    test: NamedTest

    def address(self, kind: str, username: str = "") -> str:
        name = f"tests/{self.test.name}" if kind == "test" else f"pools/{self.pool.pk}"
        return f"/api/v1/{name}/sharing{f'/{username}' if username else ''}"


def somebody(name: str, *role: str) -> tuple[User, APIClient]:
    user = User.objects.create_user(name, is_staff=True, first_name=name.title(), last_name="Muster")
    user.groups.set(Group.objects.filter(name__in=role))
    user.user_permissions.set(Permission.objects.filter(codename="author_pools"))
    return user, client_with(f"Token {AuthToken.objects.create(user)[1]}")


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Scene]:
    with django_db_blocker.unblock(), undone():  # type: ignore[attr-defined]
        anna, annas = somebody("anna", roles.TEACHER, roles.AUTHOR)
        _, berts = somebody("bert", roles.TEACHER, roles.AUTHOR)
        _, heads = somebody("head", roles.OWNER)
        program = client_with(f"Token {make_token()}")
        with acting_for(DEFAULT, Person(anna.pk, False)):
            pool = make_pool(3)
            test = make_named_test(pool, "algebra")
        yield Scene(annas, berts, heads, program, pool, test)


@pytest.fixture
def scene(made: Scene) -> Scene:
    return made


BERT = {"username": "bert", "name": "Bert Muster"}


@pytest.mark.parametrize("kind", ["test", "pool"])
def test_it_is_given_changed_and_taken_away_and_each_may_be_said_again(scene: Scene, kind: str) -> None:
    whole, usual = scene.address(kind), kind == "pool"  # colleagues make tests of each other's pools
    assert scene.anna.get(whole).json() == {"made_by": "anna", "everybody_sees": usual, "shares": []}
    for level in ("see", "see", "change"):
        reply = scene.anna.put(scene.address(kind, "bert"), {"level": level})
        assert reply.json()["shares"] == [{**BERT, "level": level}], reply.json()
    assert scene.bert.get(whole).json() == reply.json()
    for _ in range(2):
        assert scene.anna.delete(scene.address(kind, "bert")).json()["shares"] == []
    for _ in range(2):
        seen = scene.anna.patch(whole, {"everybody_sees": not usual}).json()
        assert seen["everybody_sees"] is not usual
    for _ in range(2):  # Anna may not share it any more, and her request again is no other
        reply = scene.anna.patch(whole, {"made_by": "bert"})
        assert reply.status_code == 200, reply.json()
        assert reply.json()["made_by"] == "bert"
    assert scene.anna.put(scene.address(kind, "head"), {"level": "see"}).status_code == 403
    assert scene.bert.get(whole).json()["shares"] == [
        {"username": "anna", "name": "Anna Muster", "level": "change"}
    ]


@pytest.mark.parametrize("kind", ["test", "pool"])
def test_no_colleague_shares_what_is_not_theirs(scene: Scene, kind: str) -> None:
    asked: list[tuple[str, str, Any]] = [
        ("put", scene.address(kind, "head"), {"level": "see"}),
        ("delete", scene.address(kind, "bert"), None),
        ("patch", scene.address(kind), {"everybody_sees": kind == "test"}),
        ("patch", scene.address(kind), {"made_by": "bert"}),
    ]
    before = scene.anna.get(scene.address(kind)).json()
    for method, address, body in asked:
        reply = getattr(scene.bert, method)(address, body)
        # a test is not there for a colleague; a pool may be hidden as well
        assert reply.status_code in (403, 404), reply.json()
    assert scene.anna.get(scene.address(kind)).json() == before
    shared = scene.anna.put(scene.address(kind, "bert"), {"level": "change"}).json()
    for method, address, body in asked:
        assert getattr(scene.bert, method)(address, body).status_code == 403, (method, address)
    assert scene.bert.get(scene.address(kind)).json() == shared
    for client in (scene.head, scene.program):  # who sees all, and who is no person
        assert client.put(scene.address(kind, "bert"), {"level": "see"}).status_code == 200


def test_what_is_wrong_is_named_and_changes_nothing(scene: Scene) -> None:
    wrong: list[tuple[str, str, Any, str]] = [
        ("put", scene.address("test", "bert"), {"level": "keys"}, "/level"),  # a test has none
        ("put", scene.address("pool", "bert"), {"level": "own"}, "/level"),
        ("put", scene.address("pool", "bert"), {}, "/level"),
        ("put", scene.address("pool", "bert"), {"level": "see", "lvl": 1}, "/lvl"),
        ("patch", scene.address("pool"), {"everybody_sees": "perhaps"}, "/everybody_sees"),
    ]
    for method, address, body, pointer in wrong:
        reply = getattr(scene.anna, method)(address, body)
        assert reply.status_code == 400
        assert [each["pointer"] for each in reply.json()["errors"]] == [pointer]
    other = Organisation.objects.create(slug="other", name="Other").pk
    with acting_for(other):
        User.objects.create_user("elsewhere", is_staff=True)
    User.objects.create_user("student-system")  # of ours, and no person
    for name in ("nobody", "elsewhere", "student-system", "a\x00b"):
        replies = [
            scene.anna.put(scene.address("pool", name), {"level": "see"}),
            scene.anna.delete(scene.address("pool", name)),
            scene.anna.patch(scene.address("pool"), {"made_by": name, "everybody_sees": False}),
        ]
        assert {reply.status_code for reply in replies} <= {400, 404}, name
    assert scene.anna.get(scene.address("pool")).json() == {
        "made_by": "anna",
        "everybody_sees": True,
        "shares": [],
    }


def test_who_left_loses_what_was_shared_with_them(scene: Scene) -> None:
    """Their account enters the desk no more; the share can still be taken back."""
    scene.anna.put(scene.address("pool", "bert"), {"level": "see"})
    User.objects.filter(username="bert").update(is_active=False)
    assert scene.anna.put(scene.address("pool", "bert"), {"level": "keys"}).status_code == 404
    assert scene.anna.delete(scene.address("pool", "bert")).json()["shares"] == []
