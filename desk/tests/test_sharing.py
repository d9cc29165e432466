"""Colleagues of one organisation: what each keeps, what was shared and how far, and what nobody shared."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from pytest_django.fixtures import Settings

from desk.rights import ALL, Right
from desk.tests.test_doors import GUARDED
from desk.tests.test_isolation import address_of as address
from desk.urls import urlpatterns
from organisations import roles, sharing
from organisations.acting import Person, acting_for
from organisations.models import DEFAULT
from organisations.sharing import Level
from sessions_app.administration.classes import shelf as classes
from sessions_app.administration.classes.handing_out import give
from sessions_app.conftest import client_with, undone
from sessions_app.models import ClassMember, NamedTest, SchoolClass, Student, TestSession
from sessions_app.preparing import shelf
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool
from testing_engine.pools import current_questions

pytestmark = pytest.mark.django_db


class Colleague(NamedTuple):
    user: User
    client: Client

    @property
    def person(self) -> Person:
        return Person(self.user.pk, self.user.has_perm("organisations.see_all_work"))


class Scene(NamedTuple):
    maker: Colleague
    other: Colleague
    head: Colleague  # sees all
    pool: QuestionPool
    test: NamedTest


def colleague(name: str, *role: str) -> Colleague:
    user = User.objects.create_user(name, is_staff=True, first_name=name.title(), last_name="Muster")
    user.groups.set(Group.objects.filter(name__in=role))
    client = Client()
    client.force_login(user)
    return Colleague(user, client)


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Scene]:
    """Made once: each test's own changes are undone inside of it."""
    with django_db_blocker.unblock(), undone():  # type: ignore[attr-defined]
        maker = colleague("anna", roles.TEACHER, roles.AUTHOR)
        other = colleague("bert", roles.TEACHER, roles.AUTHOR)
        head = colleague("head", roles.OWNER)
        with acting_for(DEFAULT, maker.person):
            pool = make_pool(3, name="Anna's pool")
            test = shelf.new_test(uuid4(), "Anna's test", pool.pk)
        yield Scene(maker, other, head, pool, test)


@pytest.fixture
def scene(made: Scene, settings: Settings) -> Scene:
    """With rows as they are now: a test before may have changed those in memory; there is a mail server."""
    settings.SENDS_MAIL = True
    pool, test = QuestionPool.objects.get(pk=made.pool.pk), NamedTest.objects.get(pk=made.test.pk)
    return made._replace(pool=pool, test=test)


def share(scene: Scene, level: Level, row: NamedTest | QuestionPool) -> None:
    with acting_for(DEFAULT, scene.maker.person):
        sharing.share(row, scene.other.user.pk, level)


def hide_pool(scene: Scene) -> None:
    with acting_for(DEFAULT, scene.maker.person):
        sharing.let_everybody_see(scene.pool, False)


def opened(who: Colleague, scene: Scene) -> dict[str, int]:
    """By the name of each page of the test and of the pool, what its address answers."""
    named = {"test_id": scene.test.pk, "pool_id": scene.pool.pk, "pk": current_questions(scene.pool)[0].pk}
    found = {}
    for pattern in urlpatterns:
        name = str(pattern.name)
        parameters = set(pattern.pattern.converters)
        if name in GUARDED and parameters and parameters <= set(named):
            query = "?form=mirt" if name == "parameters_out" else ""
            found[name] = getattr(who.client, GUARDED[name][0])(address(pattern, named) + query).status_code
    return found


def right_of(name: str) -> Right:
    right = GUARDED[name][1]
    assert right is not None
    return right


def test_a_page_is_as_far_as_it_was_shared(scene: Scene, subtests: pytest.Subtests) -> None:
    """Every page of a test and of a pool: none without a share, and with one what the page's right needs."""
    hide_pool(scene)
    nothing = opened(scene.other, scene)
    assert set(nothing.values()) <= {404, 403}
    nowhere = {
        "test": 404,
        "pool": 404,
        "test_students": 404,
        "pool_export": 404,
    }  # no role exports but owners
    assert {name: nothing[name] for name in nowhere} == nowhere
    for level in (Level.SEE, Level.CHANGE):
        share(scene, level, scene.test)
        share(scene, level, scene.pool)
        for name, status in opened(scene.other, scene).items():
            with subtests.test(name, level=level.label):
                right = right_of(name)
                of = "test_id" if name in TESTS_PAGES else "pool_id"
                may = right.is_held_by(scene.other.user) and right.reaches(level, of)
                assert (status == 403) == (not may), name
                assert status != 404, name
    assert {name for name, right in ALL.items() if right.needs is Level.KEYS} == {
        *("copy_pools", "export_pools", "see_questions")
    }


TESTS_PAGES = {str(pattern.name) for pattern in urlpatterns if "<int:test_id>" in str(pattern.pattern)}


def test_whoever_made_it_and_whoever_sees_all_are_not_held_back(scene: Scene) -> None:
    hide_pool(scene)
    for name, status in opened(scene.maker, scene).items():
        assert status != 404, name
        assert (status == 403) == (not right_of(name).is_held_by(scene.maker.user)), name
    for page in (
        f"tests/{scene.test.pk}/",
        f"tests/{scene.test.pk}/what",
        f"questions/{scene.pool.pk}/write",
    ):
        assert scene.head.client.get(f"/desk/{page}").status_code == 200


def test_keys_are_shared_by_themselves(scene: Scene) -> None:
    """Everybody may use a pool; what is right in it they read when that is shared."""
    question = f"/desk/measure/{scene.pool.pk}/items/{current_questions(scene.pool)[0].pk}"
    copy_id = uuid4()
    copy = {"name": "Bert's copy", "copy_id": str(copy_id)}
    assert scene.other.client.get(f"/desk/questions/{scene.pool.pk}/").status_code == 200
    assert scene.other.client.get(question).status_code == 403
    assert scene.other.client.post(f"/desk/questions/{scene.pool.pk}/copy", copy).status_code == 403
    listed = scene.other.client.get("/admin/testing_engine/question/").content.decode()
    assert "Anna's pool" not in listed
    share(scene, Level.KEYS, scene.pool)
    assert scene.other.client.get(question).status_code == 200
    assert scene.other.client.post(f"/desk/questions/{scene.pool.pk}/copy", copy).status_code == 302
    assert QuestionPool.objects.get(pk=copy_id).made_by == scene.other.user
    renamed = scene.other.client.post(f"/desk/questions/{scene.pool.pk}/settings", {"name": "Bert's"})
    assert renamed.status_code == 403
    imported = scene.other.client.post(
        "/desk/questions/import", {"into": scene.pool.pk, "text": "What? {=a ~b}", "do": "take"}
    )
    assert imported.status_code == 403
    scene.pool.refresh_from_db()
    assert (scene.pool.name, scene.pool.current_revision.number) == ("Anna's pool", 1)  # type: ignore[union-attr]


def test_lists_begin_with_ones_own(scene: Scene) -> None:
    hide_pool(scene)
    with acting_for(DEFAULT, scene.other.person):
        own = shelf.new_test(uuid4(), "Bert's test", make_pool(2, name="Bert's pool").pk)
    make_pool(2, name="Everybody's pool")

    def listed(who: Colleague, page: str) -> list[str]:
        shown = unescape(who.client.get(f"/desk/{page}/").content.decode())
        return re.findall(r"<h2><a href=[^>]*>(.*?)</a>", shown)

    assert listed(scene.maker, "tests") == ["Anna's test"]
    assert listed(scene.other, "tests") == ["Bert's test"]
    assert listed(scene.head, "tests") == ["Bert's test", "Anna's test"]
    assert listed(scene.other, "questions") == ["Bert's pool", "Everybody's pool"]
    share(scene, Level.SEE, scene.test)
    with acting_for(DEFAULT, scene.other.person):
        page = shelf.find_tests(now=timezone.now())
        assert [card.title for card in page.mine] == ["Bert's test", "Anna's test"]
        assert [card.made_by for card in page.mine] == ["", "Anna Muster"]
    with acting_for(DEFAULT, scene.head.person):
        page = shelf.find_tests(now=timezone.now())
        assert (page.mine, [card.id for card in page.others]) == ((), [own.pk, scene.test.pk])
    assert "Anna's pool" in listed(scene.other, "questions")  # the test's


def test_results_follow_the_test_and_the_class(scene: Scene) -> None:
    """A colleague who has the test for her class sees her class in it, and nobody else."""
    with acting_for(DEFAULT, scene.maker.person):
        shelf.open_test(scene.test.pk, timezone.now())
    NamedTest.objects.filter(pk=scene.test.pk).update(takers="anybody")
    api = client_with(f"Token {make_token()}")
    for student in ("of-anna", "of-bert"):
        api.post("/api/test/start", {"student_id": student, "test": scene.test.name})
    school_class = classes.new_class(uuid4(), "9b", "", scene.other.user.pk)
    ClassMember.objects.create(school_class=school_class, student=Student.objects.get(external_id="of-bert"))

    def seen(who: Colleague) -> set[str]:
        with acting_for(DEFAULT, who.person):
            return set(TestSession.objects.values_list("student__external_id", flat=True))

    assert (seen(scene.maker), seen(scene.other)) == ({"of-anna", "of-bert"}, set())
    share(scene, Level.SEE, scene.test)
    assert seen(scene.other) == set()
    with acting_for(DEFAULT, scene.other.person):
        give(SchoolClass.objects.get(), scene.test.pk, names_may_be_chosen=False)
    assert seen(scene.other) == {"of-bert"}

    def live(who: Colleague) -> str:
        return who.client.get(f"/desk/tests/{scene.test.pk}/live").content.decode()

    is_part = "are of your own classes."
    assert ("of-bert" in live(scene.other), "of-anna" in live(scene.other)) == (True, False)
    assert is_part in live(scene.other)
    assert not any(is_part in live(who) for who in (scene.maker, scene.head))
    with acting_for(DEFAULT, scene.maker.person):
        sharing.unshare(scene.test, scene.other.user.pk)
    assert seen(scene.other) == {"of-bert"}  # her class has it
    share(scene, Level.CHANGE, scene.test)
    assert seen(scene.other) == seen(scene.head) == {"of-anna", "of-bert"}


def test_the_page_shares_takes_back_and_hands_over(scene: Scene) -> None:
    page = f"/desk/tests/{scene.test.pk}/sharing"
    shown = scene.maker.client.get(page).content.decode()
    assert "Bert Muster" in shown
    sent = {"colleague": scene.other.user.pk, "level": Level.CHANGE.value, "do": "share"}
    for _ in range(2):  # sent twice, it is one
        assert scene.maker.client.post(page, sent).status_code == 302
    assert scene.test.shares.get().level == Level.CHANGE
    assert scene.other.client.get(page).status_code == 200
    assert scene.other.client.post(page, {**sent, "colleague": scene.head.user.pk}).status_code == 403
    assert scene.maker.client.post(page, {**sent, "level": Level.KEYS.value}).status_code == 200  # no such
    assert scene.maker.client.post(page, {"do": "share"}).status_code == 200
    assert scene.maker.client.post(page, {"remove": scene.other.user.pk}).status_code == 302
    assert not scene.test.shares.exists()
    handed = {"colleague": scene.other.user.pk, "level": Level.SEE.value, "do": "hand_over"}
    assert scene.maker.client.post(page, handed).status_code == 302
    scene.test.refresh_from_db()
    assert scene.test.made_by == scene.other.user
    assert scene.test.shares.get().user == scene.maker.user
    in_german = scene.maker.client.get(page, headers={"Accept-Language": "de"}).content.decode()
    assert "Angelegt von Bert Muster" in in_german


def test_what_nobody_made_is_everybodys(scene: Scene) -> None:
    """As it was before there were owners, and as programs make it."""
    test = shelf.new_test(uuid4(), "A program's", make_pool(2, name="A program's pool").pk)
    assert test.made_by is None
    for who in (scene.maker, scene.other):
        assert who.client.post(f"/desk/tests/{test.pk}/open").status_code == 302
        shown = who.client.get(f"/desk/tests/{test.pk}/sharing").content.decode()
        assert ("Nobody’s in particular" in shown, 'value="share"' in shown) == (True, False)
    taken = {"colleague": scene.maker.user.pk, "level": 1, "do": "hand_over"}
    assert scene.other.client.post(f"/desk/tests/{test.pk}/sharing", taken).status_code == 403
    assert scene.head.client.post(f"/desk/tests/{test.pk}/sharing", taken).status_code == 302
    assert scene.other.client.get(f"/desk/tests/{test.pk}/").status_code == 404


def test_a_name_that_a_colleague_took_is_taken(scene: Scene) -> None:
    with acting_for(DEFAULT, scene.other.person):
        own = shelf.new_test(uuid4(), "Anna's test", scene.pool.pk)
        again = shelf.copy_test(own.pk, uuid4(), "Anna's test")
    assert [own.name, again.name] == [f"{scene.test.name}-2", f"{scene.test.name}-3"]
    assert again.made_by == scene.other.user


def test_the_token_of_a_person_finds_what_they_find(scene: Scene) -> None:
    api = client_with(f"Token {AuthToken.objects.create(scene.other.user)[1]}")
    tests = f"/api/v1/tests/{scene.test.name}"
    assert api.get(tests).status_code == 404
    share(scene, Level.SEE, scene.test)
    assert api.get(tests).status_code == 200
    assert api.patch(tests, {"title": "Mine"}).status_code == 403
    assert api.post(f"{tests}/copy", {"title": "A copy"}).status_code == 200
    assert api.post(f"/api/v1/pools/{scene.pool.pk}/simulations", {}).status_code == 403
    share(scene, Level.CHANGE, scene.test)
    assert api.patch(tests, {"title": "Ours"}).status_code == 200
    admin = scene.other.client.get(f"/admin/sessions_app/namedtest/{scene.test.pk}/change/")
    assert 'name="_save"' in admin.content.decode()


def test_who_sees_everything_anyway_is_called_so(scene: Scene) -> None:
    page = scene.maker.client.get(f"/desk/tests/{scene.test.pk}/sharing").content.decode()
    assert ">Bert Muster</option>" in page
    assert ">Head Muster (sees everything anyway)</option>" in page
