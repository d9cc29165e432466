"""What each kind of caller may do. Permissions are Django's, named by their codename."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sessions_app.administration.api_clients import PERMISSIONS
from sessions_app.api.authentication import SessionHolder, user_of

DELIVER = "deliver_tests"
AUTHOR = "author_pools"
EXPORT = "export_pools"
PUBLISH = "publish_calibrations"
OPERATE = "operate_service"
REPORT = "report_results"
PRIVACY = "erase_students"


class NobodyUnlessSaid(BasePermission):
    """The default: a view that names no permission lets nobody in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class Holds(BasePermission):
    """An API client with `view.permission`."""

    @property
    def message(self) -> str:
        short = {codename: name for name, codename in PERMISSIONS.items()}
        return f"This needs an API token with the permission {short[self.permission]!r}."

    permission = ""

    def has_permission(self, request: Request, view: Any) -> bool:
        self.permission = view.permission
        user = user_of(request)
        return user is not None and user.may(view.permission)


class HoldsOrOwnSession(Holds):
    """The same, or anybody with a session's token; the domain refuses every other session."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(user_of(request), SessionHolder) or super().has_permission(request, view)
