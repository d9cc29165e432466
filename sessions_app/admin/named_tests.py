"""Named tests, by all their rules; who is invited and who is where in one is at the desk."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action

from organisations.acting import below_what_was_found
from sessions_app.admin.common import SharedBy, found, is_key, to_desk
from sessions_app.admin.named_test_form import NamedTestForm
from sessions_app.admin.result_form import RESULT_ROWS
from sessions_app.admin.results import ResultPages
from sessions_app.admin.times import shown
from sessions_app.models import Invitation, NamedTest, TestSession
from sessions_app.preparing.rules_in_fields import sentences
from sessions_app.reporting.result_distribution import Results, results_of_named_test
from sessions_app.waiting.results import Chosen
from testing_engine.growing_lists import counted, in_short


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
        with below_what_was_found():
            sessions = TestSession.objects.filter(named_test=OuterRef("pk")).order_by()
            invited = Invitation.objects.filter(test=OuterRef("pk"), revoked_at=None).order_by()
        return tests.annotate(
            running_count=counted(sessions.filter(status=TestSession.Status.ACTIVE)),
            over_count=counted(sessions.filter(status__in=TestSession.OVER)),
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
        return request.user.has_perm("sessions_app.add_invitation")

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
        address = reverse("desk:test_students", args=[test.pk])
        number = in_short(test.invited_count)  # type: ignore[attr-defined]
        return format_html('<a href="{}">{}</a>', address, number)

    @admin.display(description="running")
    def running(self, test: NamedTest) -> str:
        return in_short(test.running_count)  # type: ignore[attr-defined]

    @admin.display(description="over")
    def over(self, test: NamedTest) -> str:
        return in_short(test.over_count)  # type: ignore[attr-defined]

    @action(description="Students", url_path="invite", permissions=["invite"], icon="group_add")  # type: ignore[untyped-decorator]
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return to_desk(request, "test_students", self._test(request, object_id).pk)

    @action(description="Links (CSV)", url_path="links", permissions=["invite"], icon="link")  # type: ignore[untyped-decorator]
    def download_links(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return to_desk(request, "test_links", self._test(request, object_id).pk)

    @action(description="Live", url_path="live", permissions=["live"], icon="monitoring")  # type: ignore[untyped-decorator]
    def show_live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return to_desk(request, "live", self._test(request, object_id).pk)

    def _test(self, request: HttpRequest, object_id: str) -> NamedTest:
        test: NamedTest = found(self, request, object_id)
        return test


def invitation_list(request: HttpRequest) -> HttpResponse:
    """Where the admin listed invitations: the desk has them under each test."""
    test_id = request.GET.get("test__id__exact", "")
    address = reverse("desk:test_students", args=[test_id]) if is_key(test_id) else reverse("desk:tests")
    return HttpResponseRedirect(address)
