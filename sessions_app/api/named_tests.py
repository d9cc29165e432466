"""Named tests: prepared, changed, opened, closed, copied."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.documentation import named_tests as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.named_test_requests import (
    CopyTest,
    NamedTestChange,
    NamedTestRequest,
    OpenTest,
    TestFilter,
)
from sessions_app.api.publishing import in_the_clients_name
from sessions_app.api.requests import body_of, creation_of, query_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.models import NamedTest
from sessions_app.preparing import shelf, whole
from sessions_app.preparing.shelf import TestCard, TestUnknown
from sessions_app.preparing.steps import TestRefused
from sessions_app.refusals import NamedTestNotFound
from sessions_app.sitting.named_tests import named_test

_SALT = "sessions_app.api.named_tests.creation_key"
IN_BODY = {"pool": "question_pool_id", "pool_id": "question_pool_id"}


@contextmanager
def refused_fields() -> Iterator[None]:
    """What cannot work, at the fields of the body."""
    try:
        yield
    except TestRefused as refused:
        problems = [(f"/{IN_BODY.get(field, field)}", str(said)) for field, said in refused.problems]
        raise InvalidBody(problems, code="test_refused") from refused
    except TestUnknown as unknown:
        raise NamedTestNotFound from unknown


def told(test: NamedTest) -> Response:
    """The test as it is now."""
    card = shelf.test_card(test.pk, timezone.now())
    return Response(replies.named_test(shelf.test_of(test.pk), card))


class TestListView(ListView):
    documentation = {"GET": documentation_of.LIST, "POST": documentation_of.MAKE}
    permission = {"GET": permissions.SEE_TESTS, "POST": permissions.PREPARE}

    @staticmethod
    def reply(row: NamedTest) -> replies.TestReply:
        return replies.named_test(row, shelf.card_of(row, timezone.now()))

    def get_queryset(self) -> QuerySet[NamedTest]:
        asked = query_of(self.request, TestFilter)
        return shelf.rows_like(asked.get("search", ""), archived=asked["archived"])

    def post(self, request: Request) -> Response:
        fields = body_of(request, NamedTestRequest)
        with refused_fields():
            made = whole.make(creation_of(request, _SALT), fields, now=timezone.now())
        return told(made)


class TestView(ClientView):
    documentation = {"GET": documentation_of.READ, "PATCH": documentation_of.CHANGE}
    permission = {"GET": permissions.SEE_TESTS, "PATCH": permissions.PREPARE}

    def get(self, request: Request, name: str) -> Response:
        return told(named_test(name))

    def patch(self, request: Request, name: str) -> Response:
        test, fields = named_test(name), body_of(request, NamedTestChange)
        reason = fields.pop("override_reason", "")
        with refused_fields(), in_the_clients_name(request, reason):
            return told(whole.change(test, fields, now=timezone.now()))


class CopyTestView(ClientView):
    documentation = documentation_of.COPY
    permission = permissions.PREPARE
    only_looks = True

    def post(self, request: Request, name: str) -> Response:
        test, title = named_test(name), body_of(request, CopyTest)["title"]
        with refused_fields():
            key = creation_of(request, f"{_SALT}.copy", address=str(test.pk))
            return told(shelf.copy_test(test.pk, key, title))


class OpenTestView(ClientView):
    documentation = documentation_of.OPEN
    permission = permissions.PREPARE

    def post(self, request: Request, name: str) -> Response:
        test, reason = named_test(name), body_of(request, OpenTest)["override_reason"]
        with refused_fields(), in_the_clients_name(request, reason):
            shelf.open_test(test.pk, timezone.now())
        return told(test)


class _ActView(ClientView):
    """Something that needs no more than to be said."""

    permission = permissions.PREPARE
    act: Callable[[int, datetime], TestCard]

    def post(self, request: Request, name: str) -> Response:
        test = named_test(name)
        with refused_fields():
            self.act(test.pk, timezone.now())
        return told(test)


class CloseTestView(_ActView):
    documentation = documentation_of.CLOSE
    act = staticmethod(shelf.close_test)


class ArchiveTestView(_ActView):
    documentation = documentation_of.ARCHIVE
    act = staticmethod(shelf.archive_test)


class RestoreTestView(_ActView):
    documentation = documentation_of.RESTORE
    act = staticmethod(shelf.restore_test)
