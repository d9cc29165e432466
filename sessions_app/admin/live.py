"""The live view: who is where in a running test; extend, end, or let an expired one go on."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import ActionForm, BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from sessions_app.admin.common import ReadOnly, go_on
from sessions_app.admin.confirming import ask, confirmed_ids
from sessions_app.admin.sessions import STATUS_COLOURS
from sessions_app.administration import supervision
from sessions_app.administration.supervision import MOST_MINUTES, Outcome, Supervisor
from sessions_app.models import LiveSession, TestSession
from sessions_app.refusals import Refusal
from sessions_app.sitting.thousandths import told

EXPIRED_WITHIN = timedelta(days=1)
MINUTES = 10
VERBS = {"extend": "Extended", "end": "Ended", "resume": "Goes on"}
Act = Callable[[list[Any], Supervisor], Outcome]


def _key() -> str:
    """Hidden in each form, so that a double click extends once."""
    return secrets.token_urlsafe(16)


class MinutesActionForm(ActionForm):  # type: ignore[misc]
    minutes = forms.IntegerField(
        label="minutes",
        required=False,
        min_value=1,
        max_value=MOST_MINUTES,
        initial=MINUTES,
        widget=forms.NumberInput({"class": "bg-white/20 px-2 py-1 rounded-default w-20"}),
    )
    key = forms.CharField(label="", widget=forms.HiddenInput, initial=_key, required=False, max_length=64)


class ConfirmForm(BaseDialogForm):  # type: ignore[misc]
    key = forms.CharField(widget=forms.HiddenInput, initial=_key, max_length=64)


class ExtendForm(ConfirmForm):
    minutes = forms.IntegerField(
        min_value=1, max_value=MOST_MINUTES, initial=MINUTES, widget=UnfoldAdminIntegerFieldWidget
    )


@admin.register(LiveSession)
class LiveSessionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Running tests, and those that expired within a day. The page updates by itself (live.js)."""

    list_display = ["student", "test", "state", "question", "ability", "started_at", "idle", "left"]
    list_display_links = None
    list_filter = ["named_test", "status"]
    search_fields = ["student__external_id", "student__name"]
    search_help_text = "Part of a student's id or name"
    list_select_related = ["student", "named_test", "plan"]
    list_per_page = 100
    show_full_result_count = False
    action_form = MinutesActionForm
    actions = ["extend_these", "end_these", "resume_these"]
    actions_row = ["extend_one", "end_one", "resume_one"]
    ordering = ["status", "-last_activity"]

    class Media:
        js = ["sessions_app/live.js"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("sessions_app.view_testsession")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_app.operate_service")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LiveSession]:
        found: QuerySet[LiveSession] = super().get_queryset(request)
        expired = Q(status=TestSession.Status.EXPIRED, completed_at__gt=timezone.now() - EXPIRED_WITHIN)
        return found.filter(Q(status=TestSession.Status.ACTIVE) | expired)

    @admin.display(description="test", ordering="named_test")
    def test(self, session: LiveSession) -> str:
        return session.named_test.title if session.named_test else "–"

    @display(description="status", ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, session: LiveSession) -> tuple[str, str]:
        return session.status, session.get_status_display()

    @admin.display(description="question", ordering="questions_answered")
    def question(self, session: LiveSession) -> str:
        most = session.plan.rules.get("max_questions", 20)
        return f"{session.questions_answered + 1} of at most {most}"

    @admin.display(description="θ ± standard error")
    def ability(self, session: LiveSession) -> str:
        rows = zip(session.plan.concept_names, session.theta, session.standard_error, strict=True)
        return format_html_join(
            "", "<div>{}: {} ± {}</div>", ((name, told(theta), f"{error:.2f}") for name, theta, error in rows)
        )

    @admin.display(description="idle for", ordering="last_activity")
    def idle(self, session: LiveSession) -> str:
        return _span(timezone.now() - session.last_activity)

    @admin.display(description="time left", ordering="deadline")
    def left(self, session: LiveSession) -> str:
        if session.deadline is None:
            return "no limit"
        if session.is_waiting:
            return "not begun"
        left = session.deadline - timezone.now()
        return "time is up" if left < timedelta(0) else _span(left)

    # --- Several at once ---------------------------------------------------------------------------------

    @admin.action(description="Extend by the minutes beside", permissions=["operate"])
    def extend_these(self, request: HttpRequest, sessions: QuerySet[LiveSession]) -> None:
        form = ExtendForm(request, None, {**request.POST.dict(), "_form_submitted": "on"})
        if not form.is_valid():
            self.message_user(request, f"minutes: {form.errors['minutes'][0]}", messages.ERROR)
            return
        self._act(request, sessions, form.cleaned_data["key"], extending(form.cleaned_data["minutes"]))

    @admin.action(description="End now, with the results so far", permissions=["operate"])
    def end_these(self, request: HttpRequest, sessions: QuerySet[LiveSession]) -> HttpResponse | None:
        ids = confirmed_ids(request)
        if ids is None:
            says = "They keep their results so far, and cannot go on afterwards."
            return ask(self, request, sessions, title="End these tests now?", says=says, yes="End them")
        self._act(request, self.get_queryset(request).filter(pk__in=ids), request.POST.get("key"), end)
        return None

    @admin.action(description="Let expired tests go on", permissions=["operate"])
    def resume_these(self, request: HttpRequest, sessions: QuerySet[LiveSession]) -> None:
        self._act(request, sessions, None, resume)

    # --- One ---------------------------------------------------------------------------------------------

    @action(  # type: ignore[untyped-decorator]
        description="Extend",
        url_path="extend",
        permissions=["operate"],
        icon="more_time",
        dialog={
            "title": "Give more time",
            "description": "Minutes after its deadline, or from now where that has passed.",
            "form_class": ExtendForm,
            "form_submit_text": "Extend",
        },
    )
    def extend_one(self, request: HttpRequest, form: ExtendForm, object_id: str) -> HttpResponse:
        return self._one(request, object_id, form, extending(form.cleaned_data["minutes"]))

    @action(  # type: ignore[untyped-decorator]
        description="End now",
        url_path="end",
        permissions=["operate"],
        icon="stop_circle",
        dialog={
            "title": "End this test now?",
            "description": "It keeps its results so far, and cannot go on afterwards.",
            "form_class": ConfirmForm,
            "form_submit_text": "End it",
        },
    )
    def end_one(self, request: HttpRequest, form: ConfirmForm, object_id: str) -> HttpResponse:
        return self._one(request, object_id, form, end)

    @action(  # type: ignore[untyped-decorator]
        description="Let it go on",
        url_path="resume",
        permissions=["operate"],
        icon="resume",
        dialog={
            "title": "Let this expired test go on?",
            "description": "At the question where it stood, with the time that was left.",
            "form_class": ConfirmForm,
            "form_submit_text": "Let it go on",
        },
    )
    def resume_one(self, request: HttpRequest, form: ConfirmForm, object_id: str) -> HttpResponse:
        return self._one(request, object_id, form, resume)

    def _one(self, request: HttpRequest, object_id: str, form: ConfirmForm, act: Act) -> HttpResponse:
        sessions = self.get_queryset(request).filter(pk=object_id)
        if not sessions.exists():
            raise Http404
        self._act(request, sessions, form.cleaned_data["key"], act)
        return go_on(request, reverse("admin:sessions_app_livesession_changelist"))

    def _act(self, request: HttpRequest, sessions: QuerySet[LiveSession], key: str | None, act: Act) -> None:
        ids = list(sessions.order_by("pk").values_list("pk", flat=True))
        outcome = act(ids, Supervisor(request.user.pk, key and f"admin-{key}", act.__name__))
        refused = [str(result) for result in outcome.values() if isinstance(result, Refusal)]
        done = len(outcome) - len(refused)
        if done:
            tests = f"{done} test{'' if done == 1 else 's'}"
            self.message_user(request, f"{VERBS[act.__name__]}: {tests}.", messages.SUCCESS)
        for reason in dict.fromkeys(refused):
            times = refused.count(reason)
            self.message_user(request, f"{times} not done: {reason}", messages.WARNING)


def extending(minutes: int) -> Act:
    def extend(ids: list[Any], supervisor: Supervisor) -> Outcome:
        return supervision.extend(ids, minutes, supervisor, now=timezone.now())

    return extend


def end(ids: list[Any], supervisor: Supervisor) -> Outcome:
    return supervision.end(ids, supervisor, now=timezone.now())


def resume(ids: list[Any], supervisor: Supervisor) -> Outcome:
    return supervision.resume(ids, supervisor, now=timezone.now())


def _span(time: timedelta) -> str:
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
