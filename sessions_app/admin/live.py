"""The live view of tests that clients began without a name: who is where; end one, or let it go on.

Named tests have their own at the desk; only they have deadlines.
"""

import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import ActionForm, BaseDialogForm

from sessions_app.admin import live_rows
from sessions_app.admin.common import ReadOnly, go_on, is_key
from sessions_app.admin.confirming import ask, confirmed_ids
from sessions_app.admin.searching import SearchedByStudent
from sessions_app.admin.sessions import STATUS_COLOURS
from sessions_app.administration import supervision
from sessions_app.administration.supervision import Outcome, Supervisor
from sessions_app.models import LiveSession, TestSession
from sessions_app.refusals import Refusal
from testing_engine.growing_lists import GrowingChangeList, GrowingList

EXPIRED_WITHIN = timedelta(days=1)
RUNNING = Q(status=TestSession.Status.ACTIVE)
MOST = 200  # running tests of a list, and as many that expired; a filter or a search shows others
VERBS = {"end": "Ended", "resume": "Goes on"}
Act = Callable[[list[Any], Supervisor], Outcome]


def _key() -> str:
    """Hidden in each form, so that a double click acts once."""
    return secrets.token_urlsafe(16)


class KeyForm(ActionForm):  # type: ignore[misc]
    key = forms.CharField(label="", widget=forms.HiddenInput, initial=_key, required=False, max_length=64)


class ConfirmForm(BaseDialogForm):  # type: ignore[misc]
    key = forms.CharField(widget=forms.HiddenInput, initial=_key, max_length=64)


def _expired() -> Q:
    """Not long ago."""
    return Q(status=TestSession.Status.EXPIRED, completed_at__gt=timezone.now() - EXPIRED_WITHIN)


class LiveChangeList(GrowingChangeList):
    """However many tests run, no more than the newest `MOST` of them are looked at, and as many that expired.

    Each kind is found by an index of its own, which one query over both would not use.
    """

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[LiveSession]:
        """Also what an action on all that were found is done to."""
        found: QuerySet[LiveSession] = super().get_queryset(request, exclude_parameters)
        running = found.filter(RUNNING).order_by("-started_at", "pk")
        expired = found.filter(_expired()).order_by("-completed_at", "pk")
        ids = [pk for some in (running, expired) for pk in some.values_list("pk", flat=True)[:MOST]]
        return found.filter(pk__in=ids)


@admin.register(LiveSession)
class LiveSessionAdmin(ReadOnly, GrowingList, SearchedByStudent, ModelAdmin):  # type: ignore[misc]
    """Those that run, and those that expired within a day. The page updates by itself (live.js)."""

    list_display = ["student", "state", "question", "ability", "started_at", "idle"]
    list_display_links = None
    list_filter = ["status"]
    list_select_related = ["student", "plan"]
    action_form = KeyForm
    actions = ["end_these", "resume_these"]
    actions_row = ["end_one", "resume_one"]
    ordering = ["status", "-started_at", "pk"]

    class Media:
        js = ["sessions_app/live.js"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("sessions_app.view_testsession")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_app.operate_service")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LiveSession]:
        """Running or not: the list finds each kind by an index of its own."""
        found: QuerySet[LiveSession] = super().get_queryset(request)
        return found.filter(named_test=None)

    def _shown(self, request: HttpRequest) -> QuerySet[LiveSession]:
        """What something may be done to."""
        return self.get_queryset(request).filter(RUNNING | _expired())

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[GrowingChangeList]:
        return LiveChangeList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if is_key(test_id := request.GET.get("named_test__id__exact", "")):
            return HttpResponseRedirect(reverse("desk:live", args=[test_id]))
        titled = {"title": "Tests without a name; a named test's live view is at the desk"}
        page: HttpResponse = super().changelist_view(request, {**titled, **(extra_context or {})})
        return page

    def get_urls(self) -> list[URLPattern]:
        changes = self.admin_site.admin_view(require_POST(self.changes))
        return [path("changes/", changes, name="sessions_app_livesession_changes"), *super().get_urls()]

    def changes(self, request: HttpRequest) -> HttpResponse:
        """What a page of the list with the same query does not show yet, as JSON: see `live_rows`."""
        try:
            known = json.loads(request.body)["known"]
        except (ValueError, KeyError, TypeError):
            known = None
        page = self.changelist_view(request)
        if not isinstance(known, dict) or not isinstance(page, TemplateResponse):
            return JsonResponse({"detail": "`known` must be an object of versions, by key."}, status=400)
        context = page.context_data or {}
        listed, now = context["cl"], timezone.now()
        order = [str(session.pk) for session in listed.result_list]
        news = live_rows.news_of(listed.result_list, known, now)
        listed.result_list = news.rows
        template = "admin/sessions_app/livesession/rows.html"
        rows = render_to_string(template, context, request) if news.rows else ""
        reply = {"now": round(now.timestamp() * 1000), "order": order, "cells": news.cells, "rows": rows}
        return JsonResponse(reply, headers={"Cache-Control": "no-store"})

    @display(description="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, session: LiveSession) -> tuple[str, str]:
        return session.status, session.get_status_display()

    @admin.display(description="question")
    def question(self, session: LiveSession) -> str:
        return live_rows.question(session, timezone.now())

    @admin.display(description="θ ± standard error")
    def ability(self, session: LiveSession) -> str:
        return live_rows.ability(session, timezone.now())

    @admin.display(description="idle for")
    def idle(self, session: LiveSession) -> str:
        return live_rows.idle(session, timezone.now())

    # --- Several at once ---------------------------------------------------------------------------------

    @admin.action(description="End now, with the results so far", permissions=["operate"])
    def end_these(self, request: HttpRequest, sessions: QuerySet[LiveSession]) -> HttpResponse | None:
        ids = confirmed_ids(request)
        if ids is None:
            says = "They keep their results so far, and cannot go on afterwards."
            return ask(self, request, sessions, title="End these tests now?", says=says, yes="End them")
        self._act(request, self._shown(request).filter(pk__in=ids), request.POST.get("key"), end)
        return None

    @admin.action(description="Let expired tests go on", permissions=["operate"])
    def resume_these(self, request: HttpRequest, sessions: QuerySet[LiveSession]) -> None:
        self._act(request, sessions, None, resume)

    # --- One ---------------------------------------------------------------------------------------------

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
        sessions = self._shown(request).filter(pk=object_id)
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


def end(ids: list[Any], supervisor: Supervisor) -> Outcome:
    return supervision.end(ids, supervisor, now=timezone.now())


def resume(ids: list[Any], supervisor: Supervisor) -> Outcome:
    return supervision.resume(ids, supervisor, now=timezone.now())
