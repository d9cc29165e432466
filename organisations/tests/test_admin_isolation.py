"""Every page of the admin, by somebody of another organisation who may do everything there.

The pages come from the admin itself: an admin that is new, or an address that is, is tried as well, and fails
here until there is a row of ours for it. What is there looks like what is not, and stays as it is.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.test import Client
from django.urls import URLResolver, reverse
from django.utils import timezone
from knox.models import AuthToken

from organisations.acting import acting_for
from organisations.models import DEFAULT, Organisation
from organisations.owned import Owned, OwnedThrough, of_organisation
from sessions_app.conftest import Reply, client_with, undone
from sessions_app.models import (
    ApiClient,
    LiveSession,
    LostAnswers,
    LtiKey,
    LtiLink,
    LtiMessage,
    LtiRegistration,
    NamedTest,
    Student,
    StudentProficiency,
    TestSession,
    Webhook,
    WebhookMessage,
)
from sessions_app.tests.factories import last_active, make_named_test, make_pool, make_token
from testing_engine.models import QuestionImage, QuestionPool, QuestionSound, Scale
from testing_engine.pools import current_questions

pytestmark = pytest.mark.django_db
Rows = dict[type[models.Model], Any]
HASH = "0dd0" * 16
NOT_THERE = "00000000-0000-4000-8000-000000000000"
# The same in every organisation. Rows of these are shown to all, or to none while there are several.
EVERYBODYS = (Group, Permission, ContentType)
# Open to whoever knows their hash, which is their address; lists of them are closed to members.
UNDER_THEIR_HASH = (QuestionImage, QuestionSound)
# Addresses of an account's own, and of no row.
OF_ONES_OWN = ("login", "logout", "password_change", "password_change_done", "jsi18n")
# What the forms of all pages ask for: each takes what it knows.
SAID = {
    "_form_submitted": "on",
    "post": "yes",
    "minutes": "5",
    "key": "k",
    "days": "1",
    "inactivity_minutes": "1",
    "reason": "Looked into.",
    "student_id": "our-student",
    "known": "{}",
    "name": "changed",
    "username": "changed",
    "password1": "Xy7-anything",
    "password2": "Xy7-anything",
}
# Stands in pages without telling anything: what was asked for, and what is drawn anew for each page.
NOISE = re.compile(
    r'(nonce|value|content)="[\w=+/-]{16,}"|csrfmiddlewaretoken[^>]*|"X-CSRFToken": "\w+"|name="key"[^>]*'
)


class Scene(NamedTuple):
    stranger: Client
    colleague: Client
    ours: Rows
    theirs: Rows


def person(name: str) -> Client:
    """Somebody of the acting organisation with every permission there is, and no superuser."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


def rows_of(organisation: int, we: str) -> Rows:
    """A row of each model in the admin that is the organisation's, each with its name somewhere."""
    with acting_for(organisation):
        pool = make_pool(3, name=f"{we} pool", scale=f"{we} scale")
        test = make_named_test(pool, f"{we}-test")
        client = ApiClient.objects.create(username=f"{we}-client")
        webhook = Webhook.objects.create(
            url=f"https://{we}.example", events=["test.started"], client=client, secret=f"whsec_{we}"
        )
        api = client_with(f"Token {make_token()}")
        started = api.post("/api/test/start", {"student_id": f"{we}-student", "test": test.name}).json()
        nameless = api.post("/api/test/start", {"student_id": f"{we}-student"}).json()
        session = TestSession.objects.get(pk=started["session_id"])
        student = session.student
        now = timezone.now()
        loss = LostAnswers.objects.create(
            session_id=session.pk, accepted=2, stored=1, questions=[1], is_session_lost=False,
            link=b"1" * 16, noticed_at=now,
        )  # fmt: skip
        urls = {f"{name}_url": f"https://{we}.example/{name}" for name in ("auth", "token", "keyset")}
        platform = LtiRegistration.objects.create(
            name=f"{we} platform", issuer=f"https://{we}.example", client_id="1", **urls
        )
        link = LtiLink.objects.create(
            registration=platform, deployment_id="1", resource_link_id="1", context_title=f"{we} course",
            test=test, launched_at=now, memberships_url=f"https://{we}.example/members",
        )  # fmt: skip
        User.objects.create_user(f"{we}-teacher", is_staff=True)
        rows: Rows = {
            ApiClient: client,
            AuthToken: AuthToken.objects.create(client)[0],
            User: User.objects.get(username=f"{we}-teacher"),
            Organisation: Organisation.objects.get(pk=organisation),
            Scale: pool.scale,
            QuestionPool: pool,
            type(current_questions(pool)[0]): current_questions(pool)[0],
            NamedTest: test,
            Student: student,
            StudentProficiency: StudentProficiency.objects.create(
                student=student, scale=pool.scale, concept_name=f"{we} concept", theta=0.5,
                standard_error=0.5, updated_at=now,
            ),
            TestSession: session,
            LiveSession: LiveSession.objects.get(pk=nameless["session_id"]),
            LostAnswers: loss,
            Webhook: webhook,
            WebhookMessage: WebhookMessage.objects.create(
                webhook=webhook, kind=f"test.{we}", next_try_at=None
            ),
            LtiRegistration: platform,
            LtiLink: link,
            LtiMessage: LtiMessage.objects.create(
                registration=platform, kind="roster", link=link, next_try_at=None
            ),
        }  # fmt: skip
        last_active("2020-01-01T00:00Z")
    return rows


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Made once: each test's own changes are undone inside of it."""
    with django_db_blocker.unblock(), undone():
        yield _scene()


def _scene() -> Scene:
    other = Organisation.objects.create(slug="their", name="their organisation")
    Organisation.objects.filter(pk=DEFAULT).update(slug="our", name="our organisation")
    ours, theirs = rows_of(DEFAULT, "our"), rows_of(other.pk, "their")
    ours[QuestionImage] = QuestionImage.objects.create(
        sha256=HASH, content=b"x", media_type="image/png", width=1, height=1
    )
    ours[QuestionSound] = QuestionSound.objects.create(
        sha256=HASH, content=b"x", media_type="audio/mpeg", milliseconds=1
    )
    with acting_for(other.pk):
        stranger = person("their-person")
    with acting_for(DEFAULT):
        colleague = person("our-person")
    return Scene(stranger, colleague, ours, theirs)


def told_of_ours(reply: Reply) -> list[str]:
    """What of ours stands in a reply."""
    text = b"".join(reply) if reply.streaming else reply.content
    return re.findall(r"\bour[- ][a-z]+|\bour\.example|whsec_our|test\.our|(?:0dd0){16}", text.decode())


def kept() -> dict[str, Any]:
    """Every row of ours, of accounts and of what is everybody's."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if issubclass(model, Owned | OwnedThrough):
            rows = of_organisation(model._base_manager.all(), DEFAULT)
            found[model._meta.label] = list(rows.order_by("pk").values())
    for model in (LtiKey, Group, QuestionImage, QuestionSound):
        found[model._meta.label] = list(model._base_manager.order_by("pk").values())
    found["organisation"] = list(Organisation.objects.filter(pk=DEFAULT).values())
    accounts = User._base_manager.filter(membership__organisation=DEFAULT).order_by("pk")
    found["accounts"] = list(accounts.values_list("pk", "password", "username", "is_active", "groups"))
    found["tokens"] = sorted(AuthToken.objects.filter(user__in=accounts).values_list("pk", "expiry"))
    found["groups"] = list(Group.permissions.through._base_manager.order_by("pk").values())
    return found


def missing(pk: Any) -> Any:
    if isinstance(pk, int):
        return pk + 10**6
    return NOT_THERE if isinstance(pk, UUID) else "f" * len(pk)


def told(reply: Reply, pk: Any) -> tuple[int, str, str, list[str]]:
    """What can be learnt from a reply but what was asked for: (status, where to go on, page, messages)."""
    key = re.compile(rf"(?<![\w-])({pk}|{missing(pk)})(?![\w-])")
    where = reply.headers.get("Location", "") + reply.headers.get("HX-Redirect", "")
    text = "" if reply.streaming else NOISE.sub("", reply.content.decode())
    said = [str(message) for message in reply.wsgi_request._messages._queued_messages]
    return (
        reply.status_code,
        key.sub("KEY", where),
        key.sub("KEY", text),
        [key.sub("KEY", message) for message in said],
    )


def addresses() -> Iterator[tuple[str, str, frozenset[str]]]:
    """(name, route, parameters) of every address of the admin."""

    def walk(patterns: Any, before: str) -> Iterator[tuple[str, str, frozenset[str]]]:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            else:
                yield pattern.name or route, route, frozenset(pattern.pattern.regex.groupindex)

    return walk(admin.site.urls[0], "")


def model_of(route: str) -> type[models.Model] | None:
    app, _, rest = route.partition("/")
    for model in admin.site._registry:
        if (app, rest.partition("/")[0]) == (model._meta.app_label, model._meta.model_name):
            return model
    return None


BASE = reverse("admin:index")


def at(route: str, pk: Any) -> str:
    return BASE + re.sub(r"<[^>]*>", str(pk), route)


def both(client: Client, address: str) -> Iterator[Reply]:
    yield client.get(address)
    yield client.post(address, SAID)


def test_a_row_of_another_organisation_answers_as_none(scene: Scene, subtests: pytest.Subtests) -> None:
    """Each address that names a row: change, delete, history, dialogs, files, what is done to one."""
    before = kept()
    for name, route, parameters in addresses():
        model = model_of(route)
        if not parameters or model in (None, *EVERYBODYS, *UNDER_THEIR_HASH):
            continue
        with subtests.test(name):
            assert model in scene.ours, "make a row of ours"
            pk = scene.ours[model].pk
            there, nowhere = (
                [told(reply, pk) for reply in both(scene.stranger, at(route, key))]
                for key in (pk, missing(pk))
            )
            assert there == nowhere
    assert kept() == before


def test_our_rows_are_there_for_a_colleague(scene: Scene, subtests: pytest.Subtests) -> None:
    """Else the test above would look at nothing."""
    for name, route, parameters in addresses():
        model = model_of(route)
        if not parameters or model in (None, *EVERYBODYS, *UNDER_THEIR_HASH):
            continue
        if name.endswith(("_delete", "_history")) or name == route:  # most is kept for good; a redirect
            continue
        with subtests.test(name), undone():
            reply = scene.colleague.get(at(route, scene.ours[model].pk))
            assert reply.status_code in (200, 302), reply.status_code
            assert reply.headers.get("Location", "").partition("?")[0] not in (BASE, f"{BASE}login/")


def pages_of(name: str, route: str, scene: Scene) -> list[str]:
    if name == "view_on_site":
        kinds = ContentType.objects.get_for_models(*scene.ours)
        return [f"{BASE}r/{kind.pk}/{scene.ours[model].pk}/" for model, kind in kinds.items()]
    if name == "app_list":
        return [f"{BASE}{app}/" for app in {model._meta.app_label for model in admin.site._registry}]
    assert "<" not in route, "say what of ours it could tell"
    return [BASE + route]


def test_addresses_that_name_no_row_tell_nothing_of_ours(scene: Scene, subtests: pytest.Subtests) -> None:
    """Also what is done to all that somebody has: sessions cleaned up, rows added."""
    before = kept()
    for name, route, parameters in addresses():
        is_of_a_row = parameters and model_of(route) is not None
        if name in OF_ONES_OWN or is_of_a_row or name.endswith("_changelist") or route.startswith("(?P<url>"):
            continue
        with subtests.test(name):
            for page in pages_of(name, route, scene):
                replies = [scene.stranger.post(page, SAID)]
                if not name.endswith("_add"):  # below, with all that its form offers
                    replies.append(scene.stranger.get(page, {"s": "our", "q": "our"}))
                for reply in replies:
                    assert reply.status_code < 500
                    assert not told_of_ours(reply), page
    assert kept() == before


def test_lists_have_nothing_of_ours(scene: Scene, subtests: pytest.Subtests) -> None:
    """Also searched, in another order, in the window that chooses one, and filtered by rows of ours."""
    for model, model_admin in admin.site._registry.items():
        if model in EVERYBODYS:
            continue
        with subtests.test(model._meta.label):
            page, key = reverse(f"admin:{name_of(model)}_changelist"), model._meta.pk
            lookups = {f"{key.name}__exact": scene.ours[model].pk}
            lookups |= {
                f"{field.name}__{field.target_field.name}__exact": scene.ours[field.related_model].pk
                for field in model._meta.fields
                if isinstance(field, models.ForeignKey) and field.related_model in scene.ours
            }
            allowed = {
                name: value
                for name, value in lookups.items()
                if model_admin.lookup_allowed(name, value, HttpRequest())
            }
            searched = {"q": "our", "o": "-1", "_facets": "True", "_popup": "1", "_to_field": key.name}
            for query in ({}, searched, allowed):
                reply = scene.stranger.get(
                    page, query, follow=True
                )  # a named test's live view is at the desk
                assert reply.status_code in (200, 403, 404), query
                assert not told_of_ours(reply), query
                if reply.status_code == 200:
                    shown: Any = reply.context_data
                    assert scene.ours[model].pk not in [row.pk for row in shown["cl"].queryset]
                    assert bool(query) or shown["cl"].result_count >= 1


def name_of(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def test_what_is_done_to_many_passes_ours_by(scene: Scene, subtests: pytest.Subtests) -> None:
    before = kept()
    second = Authenticator.objects.create(user=scene.ours[User], type=Authenticator.Type.TOTP, data={})
    tried = 0
    for model, model_admin in admin.site._registry.items():
        assert not getattr(model_admin, "list_editable", ()), "post a row of ours in the list"
        if model in EVERYBODYS or model_admin.actions is None:
            continue
        for name in [*model_admin.actions, "delete_selected"]:
            with subtests.test(f"{model._meta.label} {name}"):
                pk = scene.ours[model].pk
                body = {**SAID, "action": name, "_selected_action": [pk], "index": "0"}
                for said in ({**body, "confirmed": str(pk)}, {**body, "select_across": "1"}):
                    reply = scene.stranger.post(reverse(f"admin:{name_of(model)}_changelist"), said)
                    assert reply.status_code < 500
                    assert not told_of_ours(reply)
                tried += 1
    assert kept() == before
    assert Authenticator.objects.filter(pk=second.pk).exists()
    assert tried >= 8  # that there are any


def choices_in(reply: Reply) -> Iterator[tuple[str, ModelChoiceField[Any]]]:
    """Fields that choose a row, in the form of a page and in those below it. The key of a row below is none
    that is chosen: Django looks for it among the rows that the page has.
    """
    context = reply.context_data
    forms = [(context["adminform"].form, "")]
    for below in context["inline_admin_formsets"]:
        own = below.formset
        forms += [(form, own.model._meta.pk.name) for form in (*own.forms, own.empty_form)]
    for form, key in forms:
        for name, field in form.fields.items():
            if isinstance(field, ModelChoiceField) and name != key:
                yield name, field


def test_forms_take_nothing_of_ours(scene: Scene, subtests: pytest.Subtests) -> None:
    """Foreign keys, in the pages of their own rows and of new ones, and what completes what is typed."""
    other = scene.theirs[Organisation].pk
    tried = 0
    for model in admin.site._registry:
        name = f"admin:{name_of(model)}"
        pages = [reverse(f"{name}_add")]
        if model in scene.theirs:
            pages.append(reverse(f"{name}_change", args=[scene.theirs[model].pk]))
        with subtests.test(name), acting_for(other):
            for page in pages:
                reply = scene.stranger.get(page)
                assert not told_of_ours(reply)
                if "adminform" not in (getattr(reply, "context_data", None) or {}):
                    continue
                for field_name, choice in choices_in(reply):
                    assert choice.queryset is not None
                    chosen = choice.queryset.model
                    if chosen in EVERYBODYS:
                        continue
                    row = next((row for kind, row in scene.ours.items() if issubclass(kind, chosen)), None)
                    assert row is not None, f"{field_name}: make a row of ours"
                    with pytest.raises(ValidationError):
                        choice.clean([row.pk] if hasattr(choice, "prepare_value_list") else row.pk)
                    tried += 1
            for field in model._meta.fields:
                if not isinstance(field, models.ForeignKey):
                    continue
                shown_by = admin.site._registry.get(field.related_model)
                if shown_by is not None and shown_by.search_fields:
                    asked = {"term": "our", "app_label": model._meta.app_label}
                    asked |= {"model_name": str(model._meta.model_name), "field_name": field.name}
                    assert not told_of_ours(scene.stranger.get(reverse("admin:autocomplete"), asked))
    assert tried >= 3


def test_rows_below_another_row_are_not_reached_by_their_keys(scene: Scene) -> None:
    """A token of ours, deleted in the page of a client of theirs."""
    client, token = scene.theirs[ApiClient], scene.ours[AuthToken]
    body = {
        "username": client.username, "is_active": "on",
        "auth_token_set-TOTAL_FORMS": "1", "auth_token_set-INITIAL_FORMS": "1",
        "auth_token_set-0-digest": token.pk, "auth_token_set-0-user": scene.ours[ApiClient].pk,
        "auth_token_set-0-DELETE": "on",
    }  # fmt: skip
    page = reverse("admin:sessions_app_apiclient_change", args=[client.pk])
    scene.stranger.post(page, body)
    assert AuthToken.objects.filter(pk=token.pk).exists()
    own = scene.theirs[AuthToken]
    scene.stranger.post(page, {**body, "auth_token_set-0-digest": own.pk, "auth_token_set-0-user": client.pk})
    assert not AuthToken.objects.filter(pk=own.pk).exists()
