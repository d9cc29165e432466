"""Named tests with their invitations: what a teacher prepares, and whom she invites."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from sessions_app.admin.common import ReadOnly, SharedBy
from sessions_app.admin.confirming import ask, confirmed_ids
from sessions_app.admin.named_test_form import NamedTestForm
from sessions_app.admin.result_form import RESULT_ROWS
from sessions_app.admin.results import ResultPages
from sessions_app.admin.searching import SearchedByStudent
from sessions_app.admin.sessions import STATUS_COLOURS
from sessions_app.admin.times import shown
from sessions_app.administration import invitations
from sessions_app.models import Invitation, NamedTest, TestSession
from sessions_app.preparing.rules_in_fields import sentences
from sessions_app.reporting.result_distribution import Results, results_of_named_test
from sessions_app.reporting.spreadsheets import csv_lines
from sessions_app.waiting.results import Chosen
from testing_engine.growing_lists import GrowingList, counted, in_short

STUDENTS_PAGE = "/take/test"


class StudentListForm(forms.Form):
    students = forms.FileField(
        label="List of students",
        help_text="CSV (UTF-8) or XLSX. First row: student_id,name,email,grade. Only student_id is needed.",
        widget=UnfoldAdminFileFieldWidget({"accept": ".csv,.tsv,.xlsx,text/csv"}),
    )


@admin.register(NamedTest)
class NamedTestAdmin(SharedBy, ResultPages, ModelAdmin):  # type: ignore[misc]
    form = NamedTestForm
    list_display = ["title", "name", "pool", "open", "takers", "invited", "running", "over"]
    list_filter = ["takers", "pool"]
    search_fields = ["name", "title"]
    list_select_related = ["pool"]
    readonly_fields = ["summary"]
    prepopulated_fields = {"name": ["title"]}
    warn_unsaved_form = True
    actions = None
    actions_detail = ["invite", "download_links", "show_results", "show_live"]
    fieldsets = [
        (None, {"fields": ["title", "name", "pool", "concept_names"]}),
        ("Texts", {"fields": ["introduction", "closing"]}),
        (
            "Rules",
            {
                "fields": [
                    "summary",
                    "stopping",
                    ("max_questions", "min_questions"),
                    "target_error",
                    ("sure_enough", "cuts"),
                    "sets_together",
                    ("pilots", "pilot_quota"),
                    ("effort", "rapid_seconds"),
                    ("pauses", "pause_minutes"),
                    "rules",
                    "override_reason",
                ]
            },
        ),
        ("Result", {"fields": RESULT_ROWS}),
        ("Fairness", {"fields": ["earlier_results", "vary_first_questions", "shuffle_options"]}),
        (
            "Conditions",
            {
                "fields": [
                    "takers",
                    "attempts_allowed",
                    "time_limit_minutes",
                    "opens_at",
                    "closes_at",
                    "allow_dont_know",
                    "show_theta",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[NamedTest]:
        tests: QuerySet[NamedTest] = super().get_queryset(request)
        sessions = TestSession.objects.filter(named_test=OuterRef("pk")).order_by()
        invited = Invitation.objects.filter(test=OuterRef("pk"), revoked_at=None).order_by()
        return tests.annotate(
            running_count=counted(sessions.filter(status=TestSession.Status.ACTIVE)),
            over_count=counted(sessions.exclude(status=TestSession.Status.ACTIVE)),
            invited_count=counted(invited),
        )

    def save_model(self, request: HttpRequest, obj: NamedTest, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        form.record_gate(obj, request.user.pk)
        if form.warning:
            self.message_user(request, form.warning, messages.WARNING)

    def all_of(self, object_id: int) -> Chosen:
        return Chosen(test=object_id)

    def results_of(self, object_id: int) -> Results:
        return results_of_named_test(object_id)

    def has_invite_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perms(["sessions_app.change_namedtest", "sessions_app.add_invitation"])

    def has_live_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("sessions_app.view_testsession")

    @admin.display(description="in words")
    def summary(self, test: NamedTest) -> str:
        return format_html_join("", "<div>{}</div>", ((line,) for line in sentences(test.rules or {})))

    @admin.display(description="open")
    def open(self, test: NamedTest) -> str:
        if test.is_draft or test.archived_at is not None:
            return "in preparation" if test.archived_at is None else "in the archive"
        times = [
            f"{word} {shown(moment)}"
            for word, moment in (("from", test.opens_at), ("until", test.closes_at))
            if moment is not None
        ]
        return " ".join(times) or "always"

    @admin.display(description="invited")
    def invited(self, test: NamedTest) -> str:
        address = reverse("admin:sessions_app_invitation_changelist")
        number = in_short(test.invited_count)  # type: ignore[attr-defined]
        return format_html('<a href="{}?test__id__exact={}">{}</a>', address, test.pk, number)

    @admin.display(description="running")
    def running(self, test: NamedTest) -> str:
        return in_short(test.running_count)  # type: ignore[attr-defined]

    @admin.display(description="over")
    def over(self, test: NamedTest) -> str:
        return in_short(test.over_count)  # type: ignore[attr-defined]

    @action(description="Invite students", url_path="invite", permissions=["invite"], icon="group_add")  # type: ignore[untyped-decorator]
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A list of students in: all are invited, or the page says what is wrong with it."""
        test = self._test(request, object_id)
        form = StudentListForm(request.POST or None, request.FILES or None)
        problems: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                rows = invitations.parse_students(_start_of(form.cleaned_data["students"]))
            except invitations.ListRefused as refused:
                problems = refused.problems
            else:
                done = invitations.invite(test, rows)
                said = format_html(
                    'Invited {}; {} were invited already. <a href="{}">Download their links (CSV)</a>',
                    done.new,
                    done.known,
                    reverse("admin:sessions_app_namedtest_download_links", args=[test.pk]),
                )
                self.message_user(request, said)
                address = reverse("admin:sessions_app_invitation_changelist")
                return HttpResponseRedirect(f"{address}?test__id__exact={test.pk}")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Invite students to {test}",
            "opts": self.opts,
            "test": test,
            "form": form,
            "problems": problems[:100],
            "more_problems": max(0, len(problems) - 100),
        }
        return TemplateResponse(request, "admin/sessions_app/namedtest/invite.html", context)

    @action(description="Links (CSV)", url_path="links", permissions=["invite"], icon="link")  # type: ignore[untyped-decorator]
    def download_links(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        test = self._test(request, object_id)
        page = request.build_absolute_uri(STUDENTS_PAGE)
        lines = csv_lines(["student_id", "name", "link"], invitations.links(test, page), is_for_people=True)
        headers = {
            "Content-Disposition": f'attachment; filename="{test.name}-links.csv"',
            "Cache-Control": "no-store",
        }
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    @action(description="Live view", url_path="live", permissions=["live"], icon="monitoring")  # type: ignore[untyped-decorator]
    def show_live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        address = reverse("admin:sessions_app_livesession_changelist")
        return HttpResponseRedirect(f"{address}?named_test__id__exact={self._test(request, object_id).pk}")

    def _test(self, request: HttpRequest, object_id: str) -> NamedTest:
        test: NamedTest | None = self.get_object(request, object_id)
        if test is None:
            raise Http404
        return test


def _start_of(file: Any) -> bytes:
    """No more of a file than a list may have, and one byte, which is then too many."""
    content: bytes = file.read(invitations.MOST_BYTES + 1)
    return content


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, GrowingList, SearchedByStudent, ModelAdmin):  # type: ignore[misc]
    """Who is invited, and who has started or finished."""

    list_display = ["student", "student_name", "test", "state", "started", "revoked"]
    list_display_links = None
    list_filter = ["test", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["student", "test", "session"]
    list_per_page = 100
    ordering = ["pk"]
    actions = ["revoke", "renew"]

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["sessions_app.change_namedtest", "sessions_app.add_invitation"])

    @admin.display(description="name", ordering="student__name")
    def student_name(self, invitation: Invitation) -> str:
        return invitation.student.name

    @display(  # type: ignore[untyped-decorator]
        description="test of this link",
        ordering="session__status",
        label={"not started": "", **STATUS_COLOURS},
    )
    def state(self, invitation: Invitation) -> tuple[str, str]:
        if invitation.session is None:
            return "not started", "not started"
        return invitation.session.status, invitation.session.get_status_display()

    @admin.display(description="started", ordering="session__started_at")
    def started(self, invitation: Invitation) -> Any:
        return invitation.session and invitation.session.started_at

    @admin.display(description="revoked", ordering="revoked_at")
    def revoked(self, invitation: Invitation) -> Any:
        return invitation.revoked_at

    @admin.action(description="Revoke: the link opens nothing any more", permissions=["invite"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> HttpResponse | None:
        ids = confirmed_ids(request)
        if ids is None:
            says = "Their links open nothing any more. A test that already runs goes on."
            return ask(self, request, chosen, title="Revoke these invitations?", says=says, yes="Revoke")
        done = invitations.revoke(list(map(int, ids)), now=timezone.now())
        self.message_user(request, f"Revoked: {done}.", messages.SUCCESS)
        return None

    @admin.action(description="Renew: a new link; the old one opens nothing", permissions=["invite"])
    def renew(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> HttpResponse | None:
        ids = confirmed_ids(request)
        if ids is None:
            says = "Each gets a new link. The links that were sent open nothing any more."
            return ask(self, request, chosen, title="Renew these invitations?", says=says, yes="Renew")
        done = invitations.renew(list(map(int, ids)))
        self.message_user(request, f"Renewed: {done}. Download the links again.", messages.SUCCESS)
        return None
