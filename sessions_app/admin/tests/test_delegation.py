"""Who gives a right must hold it: by a token, to a client, a person or a group, by somebody's password."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from knox.models import AuthToken

from organisations.models import DEFAULT, Membership
from sessions_app.models import ApiClient

REPORT, DELIVER = "report_results", "deliver_tests"
ACCOUNTS = [
    f"{verb}_{model}" for verb in ("view", "add", "change") for model in ("apiclient", "user", "group")
]


def permission(codename: str) -> Permission:
    return Permission.objects.get(
        codename=codename, content_type__app_label__in=["sessions_app", "auth", "knox"]
    )


@pytest.fixture
def keeper(db: None) -> User:
    """May add tokens and change accounts, and holds one right of clients: to deliver."""
    person = User.objects.create_user("keeper", is_staff=True)
    names = [*ACCOUNTS, "add_authtoken", "delete_authtoken", DELIVER]
    person.user_permissions.set([permission(name) for name in names])
    return person


@pytest.fixture
def browser(client: Client, keeper: User) -> Client:
    client.force_login(keeper)
    return client


def program(name: str, *permissions: str) -> ApiClient:
    made = ApiClient.objects.create(username=name)
    made.user_permissions.set([permission(codename) for codename in permissions])
    return made


def make_token(browser: Client, of: ApiClient) -> int:
    address = f"/admin/sessions_app/apiclient/{of.pk}/make-token/"
    browser.get(address)
    return browser.post(address, {"days": 1, "_form_submitted": "on"}).status_code


def test_a_token_is_made_by_who_holds_its_rights(browser: Client, keeper: User) -> None:
    lms, reader = program("lms", DELIVER), program("reader", DELIVER, REPORT)
    assert make_token(browser, lms) == 302
    assert make_token(browser, reader) == 403
    assert set(AuthToken.objects.values_list("user__username", flat=True)) == {"lms"}
    keeper.user_permissions.add(permission(REPORT))
    assert make_token(browser, reader) == 302


def test_rights_of_a_group_count(browser: Client) -> None:
    readers = Group.objects.create(name="readers")
    readers.permissions.add(permission(REPORT))
    client = program("in a group")
    client.groups.add(readers)
    assert make_token(browser, client) == 403


def test_a_client_that_is_switched_off_keeps_its_rights_to_itself(browser: Client) -> None:
    client = program("off", REPORT)
    ApiClient.objects.update(is_active=False)
    assert make_token(browser, client) == 403


def test_nobody_gives_a_client_more_than_they_hold(browser: Client) -> None:
    client = program("lms", DELIVER)
    address = f"/admin/sessions_app/apiclient/{client.pk}/change/"
    inline = {f"auth_token_set-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    data = {"username": "lms", "is_active": "on", **inline}
    reply = browser.post(address, {**data, "user_permissions": [permission(REPORT).pk]})
    assert reply.status_code == 200
    assert "user_permissions" in reply.context["adminform"].form.errors
    assert browser.post(address, {**data, "user_permissions": []}).status_code == 302
    reader = program("reader", REPORT)
    assert browser.post(f"/admin/sessions_app/apiclient/{reader.pk}/change/", data).status_code == 403


@pytest.mark.parametrize("page", ["change", "password"])
def test_nobody_takes_over_who_may_more(browser: Client, page: str) -> None:
    boss = User.objects.create_superuser("boss", password="a long enough password")
    Membership.objects.create(user=boss, organisation_id=DEFAULT)  # outside of it nobody would find them
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(permission(REPORT))
    new = {
        "password1": "another long password",
        "password2": "another long password",
        "usable_password": "true",
    }
    for person in (boss, reader):
        assert (
            browser.post(f"/admin/auth/user/{person.pk}/{page}/", {"username": "x", **new}).status_code == 403
        )
    boss.refresh_from_db()
    assert boss.check_password("a long enough password")


def test_nobody_raises_themselves(browser: Client, keeper: User) -> None:
    readers = Group.objects.create(name="readers")
    readers.permissions.add(permission(REPORT))
    address = f"/admin/auth/user/{keeper.pk}/change/"
    fields = {"username": "keeper", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    for more in ({"groups": [readers.pk]}, {"user_permissions": [permission(REPORT).pk]}):
        reply = browser.post(address, {**fields, **joined, **more})
        assert reply.status_code == 200
        assert reply.context["adminform"].form.errors.keys() == more.keys()
    held = list(keeper.user_permissions.values_list("pk", flat=True))
    assert browser.post(address, {**fields, **joined, "user_permissions": held}).status_code == 302
    keeper.refresh_from_db()
    assert not keeper.is_superuser
    assert keeper.user_permissions.count() == len(held)


def test_nobody_fills_a_group_beyond_themselves(browser: Client) -> None:
    reply = browser.post("/admin/auth/group/add/", {"name": "x", "permissions": [permission(REPORT).pk]})
    assert "permissions" in reply.context["adminform"].form.errors
    readers = Group.objects.create(name="readers")
    readers.permissions.add(permission(REPORT))
    assert browser.post(f"/admin/auth/group/{readers.pk}/change/", {"name": "y"}).status_code == 403
