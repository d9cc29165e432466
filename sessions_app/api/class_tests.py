"""Tests that a class was given: handed out, taken back, and what came out."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone, translation
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration.classes import handing_out, members
from sessions_app.api import permissions
from sessions_app.api.class_requests import ClassTestRequest
from sessions_app.api.classes import class_of
from sessions_app.api.documentation import classes as documentation_of
from sessions_app.api.inviting import PAGE
from sessions_app.api.languages import language_of
from sessions_app.api.requests import body_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.models import ClassTest, Invitation, SchoolClass, Student
from sessions_app.refusals import ClassTestNotFound
from sessions_app.reporting import class_results
from sessions_app.sitting.named_tests import named_test


def given_of(request: Request, class_id: str, name: str) -> ClassTest:
    """Raises `ClassNotFound`, `ClassTestNotFound`."""
    given = handing_out.given_by_name(class_of(request, class_id), name)
    if given is None:
        raise ClassTestNotFound
    return given


def told(school_class: SchoolClass, given: ClassTest) -> Response:
    """The test as the class has it now."""
    return Response(replies.class_test(handing_out.rows_of(school_class).get(pk=given.pk)))


class ClassTestListView(ListView):
    documentation = documentation_of.LIST_TESTS
    permission = permissions.TEACH
    reply = staticmethod(replies.class_test)

    def get_queryset(self) -> QuerySet[ClassTest]:
        return handing_out.rows_of(class_of(self.request, self.kwargs["class_id"]))


class ClassTestView(ClientView):
    documentation = {
        "GET": documentation_of.READ_TEST,
        "PUT": documentation_of.GIVE_TEST,
        "DELETE": documentation_of.TAKE_TEST_BACK,
    }
    permission = {"GET": permissions.TEACH, "PUT": permissions.INVITE, "DELETE": permissions.INVITE}

    def get(self, request: Request, class_id: str, name: str) -> Response:
        given = given_of(request, class_id, name)
        return told(given.school_class, given)

    def put(self, request: Request, class_id: str, name: str) -> Response:
        found, test = class_of(request, class_id), named_test(name)
        may = body_of(request, ClassTestRequest)["names_may_be_chosen"]
        return told(found, handing_out.hand(found, test, names_may_be_chosen=may))

    def delete(self, request: Request, class_id: str, name: str) -> Response:
        given = given_of(request, class_id, name)
        return Response(replies.ChangedStudents(changed=handing_out.take_back(given, now=timezone.now())))


class NewCodeView(ClientView):
    documentation = documentation_of.NEW_CODE
    permission = permissions.INVITE

    def post(self, request: Request, class_id: str, name: str) -> Response:
        given = given_of(request, class_id, name)
        handing_out.new_code(given)
        return told(given.school_class, given)


class SlipListView(ListView):
    documentation = documentation_of.LIST_SLIPS
    permission = permissions.INVITE
    given: ClassTest

    def reply(self, row: Invitation) -> replies.SlipReply:
        page = self.request.build_absolute_uri(PAGE)
        return replies.slip(handing_out.slip_of(self.given, row, page))

    def get_queryset(self) -> QuerySet[Invitation]:
        self.given = given_of(self.request, self.kwargs["class_id"], self.kwargs["name"])
        return handing_out.invitations_of(self.given)


class ClassResultsView(ListView):
    documentation = documentation_of.RESULTS
    permission = permissions.TEACH
    given: ClassTest

    def get_queryset(self) -> QuerySet[Student]:
        self.given = given_of(self.request, self.kwargs["class_id"], self.kwargs["name"])
        return members.students_in(self.given.school_class)

    def replies_of(self, rows: Sequence[Student]) -> list[replies.Reply]:
        with translation.override(language_of(self.request)):
            found = class_results.standings(self.given.test_id, [row.pk for row in rows])
            return [replies.standing(row.external_id, row.name, found[row.pk]) for row in rows]
