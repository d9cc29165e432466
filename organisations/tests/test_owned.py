"""One organisation finds, counts, changes and makes nothing of another, by whatever manager."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from organisations.acting import NOBODY, act_for, acting_for, acting_organisation
from organisations.membership import organisation_of
from organisations.middleware import ActingOrganisation
from organisations.models import DEFAULT, Membership, Organisation
from organisations.owned import SHARED, OrganisationUnknown, Owned, OwnedThrough, the_one
from organisations.roles import OWNER, ROLES
from sessions_app.models import NamedTest, Student
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import Question, QuestionPool, Scale

OURS = ("organisations", "testing_engine", "sessions_app", "desk", "student_page", "adaptive")


@pytest.fixture
def other(db: None) -> int:
    """The key of a second organisation."""
    return Organisation.objects.create(slug="other", name="Other").pk


def all_models() -> Iterator[type[models.Model]]:
    for label in OURS:
        if apps.is_installed(label) or label == "adaptive":
            yield from apps.get_app_config(label).get_models(include_auto_created=True)


def test_every_model_says_whose_its_rows_are_or_why_they_are_everybodys() -> None:
    said = {
        f"{model._meta.app_label}.{model.__name__}": issubclass(model, Owned | OwnedThrough)
        for model in all_models()
    }
    assert {name for name, is_owned in said.items() if not is_owned} == set(SHARED)


@pytest.mark.django_db
def test_every_owner_leads_to_an_organisation(other: int) -> None:
    """And every default manager goes there: a model of its own manager would find everybody's rows."""
    with acting_for(other):
        for model in all_models():
            if issubclass(model, Owned | OwnedThrough):
                asked = str(model._default_manager.all().query)
                assert f'"organisation_id" = {other}' in asked, model


def test_nothing_of_another_is_found(other: int) -> None:
    with acting_for(DEFAULT):
        pool = make_pool(3)
        test = make_named_test(pool)
    with acting_for(other):
        theirs = make_pool(2)
        assert list(QuestionPool.objects.all()) == [theirs]
        assert Question.objects.count() == 2
        assert not NamedTest.objects.filter(pk=test.pk).exists()
        assert NamedTest.objects.filter(pk=test.pk).update(title="x") == 0
        assert pool.named_tests.count() == 0
        assert Scale.objects.get().pk == theirs.scale_id
        with pytest.raises(QuestionPool.DoesNotExist):
            QuestionPool.objects.get(pk=pool.pk)
    with acting_for(NOBODY):
        assert not QuestionPool.objects.exists()
    assert QuestionPool.objects.count() == 2


def test_what_is_made_belongs_to_whom_it_is_made_for(other: int) -> None:
    with pytest.raises(OrganisationUnknown):
        Student.objects.create(external_id="s1")
    with acting_for(other):
        student = Student.objects.create(external_id="s1")
        assert make_pool(2).organisation_id == student.organisation_id == other


def test_ids_are_taken_inside_of_one(other: int) -> None:
    for organisation in (DEFAULT, other):
        with acting_for(organisation):
            Student.objects.create(external_id="s1")
            test = make_named_test(make_pool(2, name="same", scale="same"), name="same")
            with pytest.raises(IntegrityError), transaction.atomic():
                Student.objects.create(external_id="s1")
            assert Scale.objects.get(name="same").pk == test.pool.scale_id
    assert the_one(Student.objects.filter(external_id="s1")) is None  # whose, nobody says
    with acting_for(other):
        assert the_one(Student.objects.filter(external_id="s1")) is not None


def test_a_row_stays_where_it_was_made(other: int) -> None:
    student = Student.objects.create(external_id="s1", organisation_id=DEFAULT)
    with pytest.raises(DatabaseError, match="students"):
        Student.objects.filter(pk=student.pk).update(organisation_id=other)


def test_whose_an_account_is(other: int) -> None:
    superuser = User.objects.create_superuser("root")
    nobodys = User.objects.create_user("nobody")  # two organisations, and none said
    with acting_for(other):
        member = User.objects.create_user("member")
    assert organisation_of(superuser) is None
    assert organisation_of(nobodys) == organisation_of(None) == NOBODY
    assert organisation_of(member) == other
    Membership.objects.create(user=superuser, organisation_id=other)
    assert organisation_of(superuser) == other
    member.is_active = False
    assert organisation_of(member) == NOBODY


@pytest.mark.django_db
def test_an_account_joins_the_only_organisation() -> None:
    assert organisation_of(User.objects.create_user("member")) == DEFAULT


def replies(response: HttpResponse | StreamingHttpResponse, acts_for: int | None = NOBODY) -> bytes:
    """What a view writes that says for whom it acts, proven to be `acts_for`."""

    def view(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        act_for(acts_for)
        return response

    return b"".join(ActingOrganisation(view)(HttpRequest()))  # type: ignore[arg-type]


def test_a_request_that_proves_nothing_acts_for_nobody_and_leaves_nothing_behind() -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(acting_organisation())
        act_for(5)
        return HttpResponse()

    ActingOrganisation(view)(HttpRequest())
    assert (seen, acting_organisation()) == ([NOBODY], None)


def test_a_reply_that_is_written_later_acts_for_the_same() -> None:
    def parts() -> Iterator[str]:
        for _ in range(2):
            yield f"{acting_organisation()} "

    assert replies(StreamingHttpResponse(parts()), acts_for=7) == b"7 7 "
    assert acting_organisation() is None


@pytest.mark.django_db
def test_roles_have_all_that_they_may() -> None:
    for role, names in ROLES.items():
        found = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
        assert {f"{app}.{codename}" for app, codename in found} == names
    assert set().union(*ROLES.values()) == ROLES[OWNER]
    assert Group.objects.count() == len(ROLES)
