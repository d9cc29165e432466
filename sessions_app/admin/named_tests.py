"""Named tests with their invitations: what a teacher prepares, and whom she invites."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from sessions_app.admin.common import ReadOnly
from sessions_app.admin.confirming import ask, confirmed_ids
from sessions_app.admin.gated_form import Gated
from sessions_app.admin.result_form import RESULT_FIELDS, RESULT_ROWS, ResultFields
from sessions_app.admin.results import ResultPages
from sessions_app.admin.rules_form import EXPERT, STOPPING, fields_of, rules_of, sentences
from sessions_app.admin.sessions import STATUS_COLOURS
from sessions_app.admin.times import shown, zone_name
from sessions_app.administration import invitations
from sessions_app.models import Invitation, NamedTest, TestSession
from sessions_app.reporting.spreadsheets import csv_lines
from sessions_app.sitting import lengths, named_tests
from testing_engine.form_fields import LinesField, NumbersField
from testing_engine.interchange.json_objects import RepeatedFieldError, once
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.items.parts import in_use
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import load_revision

STUDENTS_PAGE = "/take/test"


class RulesField(forms.JSONField):
    """Empty where the simple fields say the rules."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        if problem := _repeated_field(value):
            raise forms.ValidationError(f"{problem[0].upper()}{problem[1:]}.", code="invalid")
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput(data) if _repeated_field(data) else super().bound_data(data, initial)


def _repeated_field(text: Any) -> str:
    """What is wrong with JSON that gives a field twice; of any other nothing."""
    try:
        json.loads(text, object_pairs_hook=once)
    except RepeatedFieldError as error:
        return str(error)
    except (TypeError, ValueError, RecursionError):
        pass
    return ""


class NamedTestForm(Gated, ResultFields):
    """The rules as simple fields or as JSON; tried on the pool's newest revision."""

    warning = ""  # what is saved, but perhaps not meant
    concept_names = LinesField(required=False, is_names=True, help_text="One a line; empty: the pool's own.")
    stopping = forms.ChoiceField(
        label="The test ends", choices=STOPPING.items(), widget=UnfoldAdminRadioSelectWidget
    )
    max_questions = forms.IntegerField(
        label="Most questions", required=False, initial=20, widget=UnfoldAdminIntegerFieldWidget
    )
    min_questions = forms.IntegerField(
        label="Fewest questions", required=False, initial=5, widget=UnfoldAdminIntegerFieldWidget
    )
    target_error = forms.FloatField(
        label="Target standard error",
        required=False,
        initial=0.3,
        help_text="In logits, for each concept; 0.3 is usual.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    sure_enough = forms.FloatField(
        label="Sure enough",
        required=False,
        initial=0.9,
        help_text="Probability of the level, 0.5 to 0.9999.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    cuts = NumbersField(
        label="Cuts between levels",
        required=False,
        help_text="On the scale of θ, with decimal points: -1, 0.5",
    )
    sets_together = forms.BooleanField(
        label="Questions of a set come together",
        required=False,
        initial=True,
        help_text="Once one of a set is asked, such as the questions on one passage, the others follow it. "
        "Where the pool has no sets it changes nothing.",
        widget=UnfoldBooleanSwitchWidget,
    )
    pilots = forms.IntegerField(
        label="Questions to try out",
        required=False,
        min_value=0,
        help_text="Questions that are not calibrated, among the others of an adaptive test; never among the "
        "first or last two, at most 15 % of the shortest test. They count in nothing. Empty: none.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    pilot_quota = forms.IntegerField(
        label="Answers wanted of each",
        required=False,
        initial=250,
        help_text="One that has them is tried out no more.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    rules = RulesField(
        label="Rules as JSON",
        required=False,
        help_text="Only where the test ends by rules as JSON; docs/ENGINE.md describes them.",
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
    )

    class Meta:
        model = NamedTest
        fields = (
            "title",
            "name",
            "pool",
            "concept_names",
            "introduction",
            "closing",
            "rules",
            "takers",
            "attempts_allowed",
            "time_limit_minutes",
            "opens_at",
            "closes_at",
            "allow_dont_know",
            "show_theta",
            *RESULT_FIELDS,
            "earlier_results",
            "vary_first_questions",
            "shuffle_options",
        )
        widgets = {"earlier_results": UnfoldAdminRadioSelectWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pool"].queryset = named_tests.pools_for(self.instance)  # type: ignore[attr-defined]
        simple = fields_of(self.instance.rules) if self.instance.pk else {"stopping": "precision"}
        for name in ("opens_at", "closes_at"):
            self.fields[name].help_text += f" In the time zone {zone_name()}."
        self.initial.pop("rules", None)
        for name, value in simple.items():
            if value is not None:
                self.initial[name] = value
        if simple["stopping"] == EXPERT:
            self.initial["rules"] = self.instance.rules

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"stopping", "pool"} - cleaned.keys() or self.errors:
            return cleaned
        self._fit_to_pool(cleaned)
        try:
            rules = rules_of(cleaned).to_json()
        except RulesError as error:
            for field, text in error.problems:
                self.add_error(field, text)
            return cleaned
        for field, text in named_tests.problems_of(cleaned["pool"], rules, cleaned["concept_names"]):
            is_simple = field == "rules" and cleaned["stopping"] != EXPERT
            self.add_error("stopping" if is_simple else field, text)
        if not self.errors:
            self._check_length(cleaned["pool"], rules)
        closes = cleaned.get("closes_at")
        if closes is not None and closes <= timezone.now() and "closes_at" in self.changed_data:
            self.add_error("closes_at", "This has passed: nobody could start the test.")
        if not self.errors:
            self.add_result_errors(cleaned, rules)
        if not self.errors:
            self.check_gate(cleaned, rules)
        return {**cleaned, "rules": rules}

    def _fit_to_pool(self, cleaned: dict[str, Any]) -> None:
        """What nobody chose on this form is not held against a pool without parameters."""
        is_new = not NamedTest.objects.filter(pk=self.instance.pk).exists()
        is_untouched = is_new and not {"stopping", "target_error"} & set(self.changed_data)
        if not is_untouched or not named_tests.lacks_parameters(cleaned["pool"]):
            return
        count = cleaned["pool"].current_revision.question_count
        cleaned["stopping"] = "linear" if count <= (cleaned["max_questions"] or 0) else "random"
        cleaned["max_questions"] = min(cleaned["max_questions"] or count, count)
        self.warning = (
            "This pool has no parameters: the test asks {} {}, and gives points and percent.".format(
                *("all questions,", "in order")
                if cleaned["stopping"] == "linear"
                else ("questions", "at random")
            )
        )

    def _check_length(self, pool: QuestionPool, rules: Mapping[str, Any]) -> None:
        """Refuses a pool with fewer questions than the test needs; warns of fewer than it may ask."""
        revision = pool.current_revision
        if revision is None:
            return
        bank, known = load_revision(revision.pk).bank, CatRules.from_json(rules)
        count = lengths.askable(known, bank)
        has = f"The pool has {count} questions"
        if left_out := in_use(bank).n_items - count:
            has += f" that such a test can ask (of {left_out} more the parameters are missing)"
        most, least = known.max_questions, known.min_questions
        if least > count:
            field = EXPERT if self.cleaned_data["stopping"] == EXPERT else "max_questions"
            self.add_error("rules" if field == EXPERT else field, f"{has}: the test needs {least}.")
        elif most > count:
            self.warning = f"{has}, the test may ask {most}: it ends when they are used up."


class StudentListForm(forms.Form):
    students = forms.FileField(
        label="List of students",
        help_text="CSV (UTF-8) or XLSX. First row: student_id,name,email,grade. Only student_id is needed.",
        widget=UnfoldAdminFileFieldWidget({"accept": ".csv,.tsv,.xlsx,text/csv"}),
    )


@admin.register(NamedTest)
class NamedTestAdmin(ResultPages, ModelAdmin):  # type: ignore[misc]
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
        is_running = Q(sessions__status=TestSession.Status.ACTIVE)
        return tests.annotate(
            running_count=Count("sessions", filter=is_running, distinct=True),
            over_count=Count("sessions", filter=~is_running, distinct=True),
            invited_count=Count("invitations", filter=Q(invitations__revoked_at=None), distinct=True),
        )

    def save_model(self, request: HttpRequest, obj: NamedTest, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        form.record_gate(obj, request.user.pk)
        if form.warning:
            self.message_user(request, form.warning, messages.WARNING)

    def sessions_of(self, object_id: int) -> QuerySet[TestSession]:
        return TestSession.objects.filter(named_test_id=object_id)

    def has_invite_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perms(["sessions_app.change_namedtest", "sessions_app.add_invitation"])

    def has_live_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("sessions_app.view_testsession")

    @admin.display(description="in words")
    def summary(self, test: NamedTest) -> str:
        return format_html_join("", "<div>{}</div>", ((line,) for line in sentences(test.rules or {})))

    @admin.display(description="open")
    def open(self, test: NamedTest) -> str:
        times = [
            f"{word} {shown(moment)}"
            for word, moment in (("from", test.opens_at), ("until", test.closes_at))
            if moment is not None
        ]
        return " ".join(times) or "always"

    @admin.display(description="invited", ordering="invited_count")
    def invited(self, test: NamedTest) -> str:
        address = reverse("admin:sessions_app_invitation_changelist")
        return format_html('<a href="{}?test__id__exact={}">{}</a>', address, test.pk, test.invited_count)  # type: ignore[attr-defined]

    @admin.display(description="running", ordering="running_count")
    def running(self, test: NamedTest) -> int:
        return test.running_count  # type: ignore[attr-defined,no-any-return]

    @admin.display(description="over", ordering="over_count")
    def over(self, test: NamedTest) -> int:
        return test.over_count  # type: ignore[attr-defined,no-any-return]

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
                self.message_user(request, f"Invited {done.new}; {done.known} were invited already.")
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
class InvitationAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Who is invited, and who has started or finished."""

    list_display = ["student", "student_name", "test", "state", "started", "revoked"]
    list_display_links = None
    list_filter = ["test", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["student__external_id", "student__name"]
    list_select_related = ["student", "test", "session"]
    list_per_page = 100
    show_full_result_count = False
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
