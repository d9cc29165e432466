"""Groups that are there from the start, and what each may: `migrate` makes them, and gives back what is gone.

Somebody who teaches needs no more than one of them. They are the same in every organisation: what a member
may, they may with the rows of their own.
"""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission

TEACHER = "teacher"
AUTHOR = "author"
PSYCHOMETRICIAN = "psychometrician"
TEST_ADMINISTRATOR = "test administrator"
AUDITOR = "auditor"
OWNER = "owner"

_SEES_ALL = ("organisations.see_all_work",)  # not their own tests, pools and results alone
_SEES_POOLS = ("testing_engine.view_questionpool", "testing_engine.view_scale")
_SEES_TESTS = (
    "sessions_app.view_namedtest",
    "sessions_app.view_invitation",
    "sessions_app.view_student",
    "sessions_app.view_testsession",
    "sessions_app.view_livesession",
    "sessions_app.view_studentproficiency",
)
_GIVES_TESTS = (
    *_SEES_POOLS,
    *_SEES_TESTS,
    "sessions_app.add_namedtest",
    "sessions_app.change_namedtest",
    "sessions_app.add_invitation",
    "sessions_app.change_invitation",
    "sessions_app.operate_service",
    "sessions_app.report_results",
    "sessions_app.teach_classes",
)
_WRITES = (
    *_SEES_POOLS,
    "testing_engine.author_pools",
    "testing_engine.export_pools",
    "testing_engine.add_questionpool",
    "testing_engine.change_questionpool",
    "testing_engine.view_question",
    "testing_engine.add_question",
    "testing_engine.change_question",
    "testing_engine.view_questionimage",
    "testing_engine.add_questionimage",
    "testing_engine.view_questionsound",
    "testing_engine.add_questionsound",
)
_MEASURES = (
    *_WRITES,
    *_SEES_ALL,
    *_SEES_TESTS,
    "testing_engine.add_scale",
    "testing_engine.change_scale",
    "sessions_app.publish_calibrations",
    "sessions_app.report_results",
)
_AUDITS = (
    *_SEES_ALL,
    *_SEES_POOLS,
    *_SEES_TESTS,
    "sessions_app.view_testresponse",
    "sessions_app.view_sessionevent",
    "sessions_app.view_webhook",
    "sessions_app.view_webhookmessage",
)
_ADMINISTERS = (
    *_GIVES_TESTS,
    *_SEES_ALL,
    "sessions_app.manage_classes",
    "sessions_app.change_student",
    "sessions_app.delete_namedtest",
)
_OWNS = (
    *_ADMINISTERS,
    *_MEASURES,
    *_AUDITS,
    "sessions_app.deliver_tests",
    "sessions_app.erase_students",
    "sessions_app.view_apiclient",
    "sessions_app.add_apiclient",
    "sessions_app.change_apiclient",
    "sessions_app.add_webhook",
    "sessions_app.change_webhook",
    "sessions_app.delete_webhook",
    "knox.view_authtoken",
    "knox.add_authtoken",
    "knox.delete_authtoken",
    "auth.view_user",
    "auth.add_user",
    "auth.change_user",
    "organisations.view_organisation",
    "organisations.change_organisation",
)

# Role → permissions, as Django names them.
ROLES: dict[str, frozenset[str]] = {
    TEACHER: frozenset(_GIVES_TESTS),
    AUTHOR: frozenset(_WRITES),
    PSYCHOMETRICIAN: frozenset(_MEASURES),
    TEST_ADMINISTRATOR: frozenset(_ADMINISTERS),
    AUDITOR: frozenset(_AUDITS),
    OWNER: frozenset(_OWNS),
}


def give_permissions(app_config: AppConfig, using: str = "default", **_: Any) -> None:
    """After an app's migrations: each role has all that it may in this app. What else it was given stays."""
    for role, names in ROLES.items():
        of_app = {name.partition(".")[2] for name in names if name.startswith(f"{app_config.label}.")}
        if of_app:
            group, _is_new = Group.objects.using(using).get_or_create(name=role)
            found = Permission.objects.using(using).filter(
                content_type__app_label=app_config.label, codename__in=of_app
            )
            group.permissions.add(*found)
