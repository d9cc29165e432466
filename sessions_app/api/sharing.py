"""Whose a test or pool is and with whom it is shared, by the rules of `organisations.sharing`."""

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from organisations import sharing
from organisations.sharing import Kept
from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import sharing as documentation_of
from sessions_app.api.requests import body_of
from sessions_app.api.serializers import StrictBody
from sessions_app.api.sharing_requests import (
    PoolShareRequest,
    SharingChange,
    TestShareRequest,
    level_called,
)
from sessions_app.api.views import ClientView
from sessions_app.refusals import ColleagueNotFound
from sessions_app.sitting.named_tests import named_test


def _colleague(username: str) -> int:
    """Raises `ColleagueNotFound`."""
    if "\x00" in username:
        raise ColleagueNotFound
    try:
        return sharing.colleague_called(username)
    except User.DoesNotExist as error:
        raise ColleagueNotFound from error


class _SharingView(ClientView):
    """What is shared is found by `row`, from what the address names."""

    def row(self) -> Kept:
        raise NotImplementedError

    def get(self, request: Request, **named: str) -> Response:
        return Response(replies.sharing_of(self.row()))

    def patch(self, request: Request, **named: str) -> Response:
        row, fields = self.row(), body_of(request, SharingChange)
        owner = _colleague(fields["made_by"]) if "made_by" in fields else row.made_by_id
        sees = fields.get("everybody_sees", row.everybody_sees)
        with transaction.atomic():
            if sees != row.everybody_sees:
                sharing.let_everybody_see(row, sees)
            if owner is not None and owner != row.made_by_id:  # again: whoever had it may not share it now
                sharing.hand_over(row, owner)
        return Response(replies.sharing_of(row))


class _ShareView(ClientView):
    """A colleague's part."""

    request_kind: type[StrictBody]

    def row(self) -> Kept:
        raise NotImplementedError

    def put(self, request: Request, username: str, **named: str) -> Response:
        row, level = self.row(), level_called(body_of(request, self.request_kind)["level"])
        sharing.share(row, _colleague(username), level)
        return Response(replies.sharing_of(row))

    def delete(self, request: Request, username: str, **named: str) -> Response:
        row = self.row()
        has_it = [user.pk for user, _ in sharing.shared_with(row) if user.get_username() == username]
        sharing.unshare(row, has_it[0] if has_it else _colleague(username))
        return Response(replies.sharing_of(row))


class _OfTest(ClientView):
    permission = {
        "GET": permissions.SEE_TESTS,
        **dict.fromkeys(("PATCH", "PUT", "DELETE"), permissions.PREPARE),
    }

    def row(self) -> Kept:
        return named_test(self.kwargs["name"])


class _OfPool(ClientView):
    permission = permissions.AUTHOR

    def row(self) -> Kept:
        return pool_of(self.kwargs["pool_id"])


class TestSharingView(_OfTest, _SharingView):
    documentation = {"GET": documentation_of.READ_TEST, "PATCH": documentation_of.CHANGE_TEST}


class PoolSharingView(_OfPool, _SharingView):
    documentation = {"GET": documentation_of.READ_POOL, "PATCH": documentation_of.CHANGE_POOL}


class TestShareView(_OfTest, _ShareView):
    documentation = {"PUT": documentation_of.SHARE_TEST, "DELETE": documentation_of.UNSHARE_TEST}
    request_kind = TestShareRequest


class PoolShareView(_OfPool, _ShareView):
    documentation = {"PUT": documentation_of.SHARE_POOL, "DELETE": documentation_of.UNSHARE_POOL}
    request_kind = PoolShareRequest
