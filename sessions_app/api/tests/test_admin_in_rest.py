"""What can be done in the admin, and where the API has it, or why it has not.

The features come from the admin itself: one that is new fails here until it is decided.
"""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import URLPattern

from sessions_app.api.urls import urlpatterns

METHODS = ("get", "post", "put", "patch", "delete")
USUAL = {"", "add/", *(f"<path:object_id>/{each}" for each in ("history/", "delete/", "change/", ""))}

# Feature of the admin → operations of the API that do it.
IN_REST: dict[str, tuple[str, ...]] = {
    "sessions_app.LiveSession: changes/": ("get sessions",),
    **{
        f"sessions_app.LiveSession: {feature}": (operation,)
        for act, operation in {
            "end": "post test/end/<str:session_id>",
            "resume": "post test/<str:session_id>/resume",
        }.items()
        for feature in (f"{act}_these", f"<path:object_id>/{act}/")
    },
    "sessions_app.Student: change": (
        "post classes/<str:class_id>/students",
        "post tests/<str:name>/invitations",
    ),
    "sessions_app.TestSession: <path:object_id>/revoke-tokens/": ("post test/<str:session_id>/token",),
    "testing_engine.QuestionImage: add": ("post pools/import",),
    "testing_engine.QuestionSound: add": ("post pools/import",),
    "testing_engine.QuestionPool: change": ("patch pools/<str:pool_id>",),
    "testing_engine.QuestionPool: <path:object_id>/no-default/": ("delete pools/<str:pool_id>/default",),
    "testing_engine.Scale: add": ("post scales",),
    "testing_engine.Scale: change": ("patch scales/<id:scale>",),
    "sessions_app.NamedTest: add": ("post tests", "post tests/<str:name>/copy"),
    "sessions_app.NamedTest: change": ("patch tests/<str:name>",),
    "sessions_app.NamedTest: <path:object_id>/invite/": ("post tests/<str:name>/invitations",),
    "sessions_app.NamedTest: <path:object_id>/links/": ("get tests/<str:name>/invitations",),
    "sessions_app.NamedTest: <path:object_id>/results/": ("get tests/<str:name>/results",),
    "sessions_app.NamedTest: <path:object_id>/live/": ("get tests/<str:name>/invitations", "get sessions"),
    "sessions_app.Student: <path:object_id>/results/": (
        "get student/<id:student_id>/history",
        "get student/<id:student_id>/proficiency",
        "get student/<id:student_id>/progress",
    ),
    "sessions_app.Student: <path:object_id>/export/": ("get student/<id:student_id>/export",),
    "sessions_app.Student: <path:object_id>/erase/": ("post student/<id:student_id>/erase",),
    "sessions_app.TestSession: clean-up-now/": ("post sessions/cleanup",),
    "sessions_app.TestSession: <path:object_id>/path/": (
        "get test/result/<str:session_id>",
        "get sessions/<str:session_id>/responses",
    ),
    "sessions_app.Webhook: add": ("post webhooks",),
    "sessions_app.Webhook: change": ("patch webhooks/<str:webhook_id>",),
    "sessions_app.Webhook: delete": ("delete webhooks/<str:webhook_id>",),
    "sessions_app.Webhook: <path:object_id>/try/": ("post webhooks/<str:webhook_id>/test",),
    "sessions_app.Webhook: <path:object_id>/messages/": ("get webhooks/<str:webhook_id>/messages",),
    "sessions_app.WebhookMessage: <path:object_id>/again/": (
        "post webhooks/<str:webhook_id>/messages/<str:message_id>/resend",
    ),
    "testing_engine.QuestionPool: <path:object_id>/make-default/": ("post pools/<str:pool_id>/default",),
}

_RIGHTS = (
    "Whose rights are whose, a person decides who has logged in: a token that gave rights could keep them."
)
_PLATFORMS = "A platform is trusted by a person who has seen its keys; its own administrator connects it."
_LTI_OUTBOX = (
    "The service itself tries for 28 hours; after that the platform is broken, and a person who has mended "
    "it sends again, where they see what it answered."
)
_PICTURES = "Pictures for people, of numbers that the API has of questions, calibrations and answers."

# Feature of the admin → why the API has it not.
NOT_IN_REST: dict[str, str] = {
    **{f"auth.{model}: {act}": _RIGHTS for model in ("Group", "User") for act in ("add", "change", "delete")},
    "auth.User: <id>/password/": _RIGHTS,
    "auth.User: remove_second_factors": _RIGHTS,
    **{f"organisations.Organisation: {act}": _RIGHTS for act in ("add", "change")},
    **{f"sessions_app.ApiClient: {act}": _RIGHTS for act in ("add", "change")},
    "sessions_app.ApiClient: <path:object_id>/make-token/": _RIGHTS,
    "sessions_app.LostAnswers: <path:object_id>/acknowledge/": "Who does it answers for it by name.",
    "sessions_app.LtiLink: <path:object_id>/roster/": _PLATFORMS,
    "sessions_app.LtiMessage: send_these_again": _LTI_OUTBOX,
    "sessions_app.LtiMessage: <path:object_id>/again/": _LTI_OUTBOX,
    **{
        f"sessions_app.LtiRegistration: {act}": _PLATFORMS
        for act in ("add", "change", "invite/", "rotate/", "<path:object_id>/messages/")
    },
    "sessions_app.NamedTest: delete": "It goes into the archive: another system's results still name it.",
    "sessions_app.TestSession: <path:object_id>/replay/": "For auditors: `verify_audit` replays all.",
    "sessions_app.TestSession: verify-audit/": "People read its report; programs have `verify_audit`.",
    "testing_engine.Question: change": "Its author sees first what students see and what the key scores.",
    "testing_engine.Question: <path:object_id>/answers/": _PICTURES,
    **{
        f"testing_engine.QuestionPool: <path:object_id>/{page}/": _PICTURES
        for page in ("measurement", "exposure", "results")
    },
    "testing_engine.Scale: delete": "What is known of students stands on it; one without pools harms nobody.",
}


def features_of(model_admin: ModelAdmin) -> Iterator[str]:  # type: ignore[type-arg]
    """Of who may everything: add, change, delete, actions by name, pages of its own by address."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    for act in ("add", "change", "delete"):
        if getattr(model_admin, f"has_{act}_permission")(request):
            yield act
    for action in model_admin.actions or ():
        yield action if isinstance(action, str) else action.__name__
    for pattern in model_admin.get_urls():
        if (address := str(pattern.pattern)) not in USUAL:
            yield address


def features() -> set[str]:
    return {
        f"{model._meta.label}: {feature}"
        for model, model_admin in admin.site._registry.items()
        for feature in features_of(model_admin)
    }


def operations() -> set[str]:
    return {
        f"{method} {pattern.pattern}"
        for pattern in urlpatterns
        if isinstance(pattern, URLPattern)
        for method in METHODS
        if hasattr(pattern.callback.view_class, method)  # type: ignore[attr-defined]
    }


@pytest.mark.django_db
def test_each_feature_is_in_the_api_or_it_says_why_not() -> None:
    decided = IN_REST.keys() | NOT_IN_REST.keys()
    there = features()
    assert there - decided == set(), "say where the API has it, or why it has not"
    assert decided - there == set(), "the admin has this no more"
    assert IN_REST.keys() & NOT_IN_REST.keys() == set()


def test_what_is_said_to_be_in_the_api_is_there() -> None:
    named = {operation for each in IN_REST.values() for operation in each}
    assert named - operations() == set()
