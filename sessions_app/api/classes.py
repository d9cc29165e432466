"""Classes of students: made, found, changed; who is in them and who teaches them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from organisations.acting import acting_organisation
from organisations.membership import the_only_organisation
from sessions_app import replies
from sessions_app.administration.classes import members, rosters, shelf, tables
from sessions_app.administration.classes.oneroster.bringing import bring_school
from sessions_app.administration.classes.oneroster.files import open_package
from sessions_app.administration.classes.oneroster.records import read_records
from sessions_app.administration.classes.shelf import Viewer
from sessions_app.administration.classes.tables import RosterRefused
from sessions_app.api import permissions
from sessions_app.api.authentication import Client, user_of
from sessions_app.api.class_requests import (
    ClassChange,
    ClassFilter,
    ClassRequest,
    ClassStudents,
    RosterTable,
    SchoolRoster,
    StudentsOut,
    Teachers,
    lines_in,
)
from sessions_app.api.documentation import classes as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.parsers import ImportParser, PoolUploadParser
from sessions_app.api.requests import body_of, creation_of, query_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.models import SchoolClass, Student

_SALT = "sessions_app.api.classes.class_id"


def viewer_of(request: Request) -> Viewer:
    """Who manages all classes sees all; others those that they teach, or made."""
    client = user_of(request)
    assert isinstance(client, Client)  # of all views here
    return Viewer(client.id, client.may(permissions.MANAGE_CLASSES))


def class_of(request: Request, class_id: str) -> SchoolClass:
    """Raises `ClassNotFound`."""
    return shelf.listed_class(viewer_of(request), class_id)


def told(request: Request, class_id: str) -> Response:
    """The class as it is now."""
    return Response(replies.school_class(class_of(request, class_id)))


@contextmanager
def refused_list(field: str) -> Iterator[None]:
    try:
        yield
    except RosterRefused as refused:
        problems = [(f"/{field}", str(problem)) for problem in refused.problems]
        raise InvalidBody(problems, code="roster_refused") from refused


class ClassListView(ListView):
    documentation = {"GET": documentation_of.LIST, "POST": documentation_of.MAKE}
    permission = permissions.TEACH
    reply = staticmethod(replies.school_class)

    def get_queryset(self) -> QuerySet[SchoolClass]:
        asked = query_of(self.request, ClassFilter)
        return shelf.rows_like(viewer_of(self.request), asked.get("search", ""), archived=asked["archived"])

    def post(self, request: Request) -> Response:
        fields, viewer = body_of(request, ClassRequest), viewer_of(request)
        teacher = None if viewer.sees_all else viewer.user_id
        key = creation_of(request, _SALT)
        made = shelf.new_class(key, fields["name"], fields.get("term", ""), teacher)
        return told(request, str(made.pk))


class ClassView(ClientView):
    documentation = {"GET": documentation_of.READ, "PATCH": documentation_of.CHANGE}
    permission = permissions.TEACH

    def get(self, request: Request, class_id: str) -> Response:
        return told(request, class_id)

    def patch(self, request: Request, class_id: str) -> Response:
        found, fields = class_of(request, class_id), body_of(request, ClassChange)
        shelf.rename_class(found, fields.get("name", found.name), fields.get("term", found.term))
        return told(request, class_id)


class _ArchiveView(ClientView):
    permission = permissions.TEACH
    is_archived: bool

    def post(self, request: Request, class_id: str) -> Response:
        found = class_of(request, class_id)
        if (found.archived_at is not None) != self.is_archived:
            shelf.archive_class(found, timezone.now() if self.is_archived else None)
        return told(request, class_id)


class ArchiveClassView(_ArchiveView):
    documentation = documentation_of.ARCHIVE
    is_archived = True


class RestoreClassView(_ArchiveView):
    documentation = documentation_of.RESTORE
    is_archived = False


class TeachersView(ClientView):
    documentation = documentation_of.ADD_TEACHERS
    permission = permissions.TEACH

    def post(self, request: Request, class_id: str) -> Response:
        found, usernames = class_of(request, class_id), body_of(request, Teachers)["usernames"]
        try:
            shelf.add_teachers(found, usernames)
        except shelf.NoSuchTeacher as refused:
            said, unknown = "No account of this name may enter the desk.", refused.usernames
            places = [place for place, each in enumerate(usernames) if each in unknown]
            raise InvalidBody([(f"/usernames/{place}", said) for place in places]) from refused
        return Response(replies.class_teachers(found))


class RemoveTeachersView(ClientView):
    documentation = documentation_of.REMOVE_TEACHERS
    permission = permissions.TEACH

    def post(self, request: Request, class_id: str) -> Response:
        found = class_of(request, class_id)
        shelf.remove_teachers(found, body_of(request, Teachers)["usernames"])
        return Response(replies.class_teachers(found))


class ClassStudentListView(ListView):
    documentation = {"GET": documentation_of.LIST_STUDENTS, "POST": documentation_of.BRING_STUDENTS}
    permission = permissions.TEACH
    parser_classes = [PoolUploadParser]

    @staticmethod
    def reply(row: Student) -> replies.ClassStudentReply:
        return replies.class_student(members.member(row))

    def get_queryset(self) -> QuerySet[Student]:
        return members.students_in(class_of(self.request, self.kwargs["class_id"]))

    def post(self, request: Request, class_id: str) -> Response:
        found, fields = class_of(request, class_id), body_of(request, ClassStudents)
        return _brought(found, lines_in(fields["students"]), fields, "students", timezone.now())


class StudentsOutView(ClientView):
    documentation = documentation_of.TAKE_STUDENTS_OUT
    permission = permissions.TEACH

    def post(self, request: Request, class_id: str) -> Response:
        found, student_ids = class_of(request, class_id), body_of(request, StudentsOut)["student_ids"]
        changed = members.remove_by_id(found, student_ids, now=timezone.now())
        return Response(replies.ChangedStudents(changed=changed))


class ClassRosterView(ClientView):
    documentation = documentation_of.BRING_ROSTER
    permission = permissions.TEACH
    parser_classes = [ImportParser, PoolUploadParser]

    def post(self, request: Request, class_id: str) -> Response:
        found, fields = class_of(request, class_id), body_of(request, RosterTable)
        field = "table" if "table" in fields else "file"
        with refused_list(field):
            lines = tables.read_roster(RosterTable.students(fields))
        return _brought(found, lines, fields, field, timezone.now())


def _brought(
    found: SchoolClass, lines: list[tables.Line], fields: dict[str, Any], field: str, now: datetime
) -> Response:
    with refused_list(field):
        report = rosters.bring(found, lines, is_whole=fields["whole"], dry_run=fields["dry_run"], now=now)
    return Response(replies.roster(report, dry_run=fields["dry_run"]))


class SchoolRosterView(ClientView):
    documentation = documentation_of.BRING_SCHOOL
    permission = permissions.MANAGE_CLASSES
    parser_classes = [ImportParser]

    def post(self, request: Request) -> Response:
        fields = body_of(request, SchoolRoster)
        acting = acting_organisation()
        organisation = the_only_organisation() if acting is None else acting
        if not organisation:
            raise PermissionDenied("You belong to no organisation: a member's client brings its roster.")
        with refused_list("file"):
            roster = read_records(open_package({fields["file"].name or "": fields["file"].read()}))
            report = bring_school(roster, organisation, dry_run=fields["dry_run"], now=timezone.now())
        return Response(replies.roster(report, dry_run=fields["dry_run"]))
