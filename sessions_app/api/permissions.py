"""What each kind of caller may do. Permissions are Django's, named by their codename."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from organisations.acting import sees_own_alone
from organisations.sharing import Level, NotShared
from sessions_app.administration.api_clients import SHORT
from sessions_app.api.authentication import Client, SessionHolder, user_of
from sessions_app.preparing import shelf as tests
from testing_engine.authoring import shelf as pools

DELIVER = "deliver_tests"
AUTHOR = "author_pools"
EXPORT = "export_pools"
PUBLISH = "publish_calibrations"
OPERATE = "operate_service"
REPORT = "report_results"
PRIVACY = "erase_students"
SEE_TESTS, PREPARE = "view_namedtest", "change_namedtest"
SEE_INVITATIONS, INVITE = "view_invitation", "add_invitation"
SEE_WEBHOOKS, ADD_WEBHOOKS = "view_webhook", "add_webhook"
TEACH, MANAGE_CLASSES = "teach_classes", "manage_classes"
CHANGE_WEBHOOKS, DELETE_WEBHOOKS = "change_webhook", "delete_webhook"


class NobodyUnlessSaid(BasePermission):
    """The default: a view that names no permission lets nobody in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class AnyClient(BasePermission):
    """An API client; the domain says what of it may be seen."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(user_of(request), Client)


class Holds(BasePermission):
    """An API client with `view.permission`, which says one, or one for each method."""

    @property
    def message(self) -> str:
        return f"This needs an API token with the permission {SHORT[self.missing]!r} ({self.missing})."

    missing = ""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.permission
        if not isinstance(needed, str):
            needed = needed.get(request.method, needed["GET"])
        self.missing = needed
        user = user_of(request)
        if user is None or not user.may(needed):
            return False
        if sees_own_alone():
            _check_shared(request, view, needed)
        return True


def require(request: Request, needed: str) -> None:
    """Where a field of the body asks for more than its view does. Raises `PermissionDenied`."""
    user = user_of(request)
    if not isinstance(user, Client) or not user.may(needed):
        raise PermissionDenied(f"This needs an API token with the permission {SHORT[needed]!r} ({needed}).")


def _check_shared(request: Request, view: Any, needed: str) -> None:
    """How far a colleague shared the pool or test that the address names. Raises `NotShared`.

    The token of somebody who may log in finds what they find at the desk, and no more.
    """
    changes = request.method not in SAFE_METHODS and not view.only_looks
    least = Level.KEYS if needed == EXPORT else Level.CHANGE if changes else Level.SEE
    for name, level_on in (("pool_id", pools.level_called), ("name", tests.level_called)):
        if name in view.kwargs and (level_on(view.kwargs[name]) or least) < least:
            raise NotShared


class HoldsOrOwnSession(Holds):
    """The same, or anybody with a session's token; the domain refuses every other session."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(user_of(request), SessionHolder) or super().has_permission(request, view)
