"""Sessions with their audit trail.

Nobody edits or deletes a session or an answer here, not even a superuser; the database refuses it as well.
"""

import json

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from organisations.acting import acting_organisation
from organisations.membership import owns_everything
from organisations.models import DEFAULT
from sessions_app.admin.common import ReadOnly, abilities, errors, go_on, to_desk
from sessions_app.admin.long_work import by_a_worker
from sessions_app.admin.searching import HELP, SearchedByStudent
from sessions_app.administration import cleanup
from sessions_app.models import TestResponse, TestSession
from sessions_app.reporting.said import said_of
from sessions_app.reporting.sentences import headline_of_points
from sessions_app.review.replay import LEADING, replay
from sessions_app.sitting import lifecycle
from sessions_app.sitting.archived import archive_of
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.sitting.raw_scores import raw_score_of
from sessions_app.sitting.thousandths import told
from sessions_app.waiting import verification
from sessions_app.waiting.kinds import KINDS
from testing_engine.excerpts import excerpt
from testing_engine.growing_lists import GrowingList

STATUS_COLOURS = {"active": "info", "completed": "success", "ended": "warning", "expired": "danger"}


class ResponseInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The audit trail of a session, in order."""

    model = TestResponse
    ordering = ["position"]
    verbose_name_plural = "answers, in order"
    hide_title = True
    fields = [
        "position",
        "question_id_text",
        "chosen",
        "is_correct",
        "is_pilot",
        "is_rapid",
        "score",
        "ability",
        "error",
        "time",
        "answered_at",
    ]
    readonly_fields = fields
    extra = 0

    def get_fields(self, request: HttpRequest, obj: TestSession | None = None) -> list[str]:
        """Without an ability there is none to show."""
        hidden = set() if obj is None or obj.has_ability else {"ability", "error"}
        return [name for name in self.fields if name not in hidden]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TestResponse]:
        found: QuerySet[TestResponse] = super().get_queryset(request)
        return found.select_related("question", "session__student")

    @admin.display(description="question")
    def question_id_text(self, response: TestResponse) -> str:
        return f"{response.question.external_id} (version {response.question.version})"

    @admin.display(description="answer")
    def chosen(self, response: TestResponse) -> str:
        said = said_of(response)
        return "I don’t know" if said is None else excerpt(said)

    @admin.display(description="θ after")
    def ability(self, response: TestResponse) -> str:
        return abilities(response.theta)

    @admin.display(description="standard error")
    def error(self, response: TestResponse) -> str:
        return errors(response.standard_error)

    @admin.display(description="seconds")
    def time(self, response: TestResponse) -> str:
        return "–" if response.response_time_ms is None else f"{response.response_time_ms / 1000:.1f}"


class CleanUpForm(BaseDialogForm):  # type: ignore[misc]
    inactivity_minutes = forms.IntegerField(
        min_value=1,
        max_value=cleanup.MOST_MINUTES,
        initial=settings.SESSION_INACTIVITY_MINUTES,
        widget=UnfoldAdminIntegerFieldWidget,
    )


@admin.register(TestSession)
class TestSessionAdmin(ReadOnly, GrowingList, SearchedByStudent, ModelAdmin):  # type: ignore[misc]
    list_display = [
        "id",
        "student",
        "pool",
        "state",
        "questions_answered",
        "ability",
        "started_at",
        "last_activity",
    ]
    list_filter = ["status", "revision__pool", ("started_at", admin.DateFieldListFilter)]
    search_help_text = f"A session's id, or {HELP[0].lower()}{HELP[1:]}"
    ordering = ["-started_at", "pk"]
    list_select_related = ["student", "revision__pool"]
    actions = None
    actions_list = ["clean_up_now", "verify_audit"]
    actions_detail = ["show_path", "show_replay", "revoke_tokens"]
    inlines = [ResponseInline]
    fieldsets = [
        (None, {"fields": ["id", "student", "pool", "client", "status", "end_reason", "answers_in"]}),
        (
            "Result",
            {
                "fields": [
                    "concepts",
                    "questions_answered",
                    "pilots_answered",
                    "effort",
                    "correct_responses",
                    "share_right",
                ]
            },
        ),
        ("Times", {"fields": ["started_at", "last_activity", "completed_at"]}),
        ("How it runs", {"fields": ["rules", "seed", "idempotency_key", "legacy_id"]}),
    ]
    readonly_fields = ["pool", "concepts", "share_right", "effort", "rules", "answers_in"]

    def has_operate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("sessions_app.operate_service")

    def has_audit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """It looks at all organisations together."""
        return request.user.has_perm(KINDS["verification"].permission) and owns_everything()

    @action(  # type: ignore[untyped-decorator]
        description="Verify the audit chain",
        url_path="verify-audit",
        permissions=["audit"],
        icon="verified_user",
    )
    def verify_audit(self, request: HttpRequest) -> HttpResponse:
        """The same as the command, by a worker."""
        return by_a_worker(
            self,
            request,
            verification.Wanted(),
            acting_organisation() or DEFAULT,
            title="Verify the audit chain",
            says="A worker looks whether every answer and event is what was written, and is there: some "
            "minutes for a million tests.",
            yes="Verify",
            back=reverse("admin:sessions_app_testsession_changelist"),
        )

    @display(description="status", ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, session: TestSession) -> tuple[str, str]:
        return session.status, session.get_status_display()

    @admin.display(description="θ")
    def ability(self, session: TestSession) -> str:
        return abilities(session.theta)

    @admin.display(description="pool")
    def pool(self, session: TestSession) -> str:
        return f"{session.revision.pool}, {session.revision}"

    @admin.display(description="answers")
    def answers_in(self, session: TestSession) -> str:
        name = archive_of(session.pk)
        return "below" if name is None else f"in the archive {name}"

    @admin.display(description="concepts")
    def concepts(self, session: TestSession) -> str:
        if not session.has_ability:
            return self.points(session)
        rows = zip(session.plan.concept_names, session.theta, session.standard_error, strict=True)
        lines = [
            f"{name}: proficiency {proficiency_of(theta):.3f} (θ = {told(theta)}, standard error {error:.2f})"
            for name, theta, error in rows
        ]
        return format_html("<pre>{}</pre>", "\n".join(lines))

    def points(self, session: TestSession) -> str:
        """Of a test in linear or random order that is over."""
        raw = raw_score_of(session) if session.status != TestSession.Status.ACTIVE else None
        order = session.plan.rules.get("selection", "")
        return f"{order} order, without an ability" + (f": {headline_of_points(raw)}" if raw else "")

    @admin.display(description="accuracy")
    def share_right(self, session: TestSession) -> str:
        return f"{session.accuracy:.0%}"

    @admin.display(description="answers that came too fast to count")
    def effort(self, session: TestSession) -> str:
        effort = session.response_time_effort
        return "–" if effort is None else f"{session.rapid_answers} (response time effort {effort:.2f})"

    @admin.display(description="rules")
    def rules(self, session: TestSession) -> str:
        return format_html("<pre>{}</pre>", json.dumps(session.plan.rules, indent=2))

    @action(  # type: ignore[untyped-decorator]
        description="Clean up now",
        url_path="clean-up-now",
        permissions=["operate"],
        icon="mop",
        dialog={
            "title": "End inactive sessions now",
            "description": "Sessions without activity for so many minutes expire, with their results so far.",
            "form_class": CleanUpForm,
            "form_submit_text": "End them",
        },
    )
    def clean_up_now(self, request: HttpRequest, form: CleanUpForm) -> HttpResponse:
        ended = cleanup.end_inactive(form.cleaned_data["inactivity_minutes"], now=cleanup.shared_clock())
        self.message_user(request, f"Ended {ended} inactive session{'' if ended == 1 else 's'}.")
        return go_on(request, reverse("admin:sessions_app_testsession_changelist"))

    @action(description="Path", url_path="path", permissions=["view"], icon="show_chart")  # type: ignore[untyped-decorator]
    def show_path(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """At the desk."""
        session = self.get_object(request, object_id)
        if session is None:
            raise Http404
        return to_desk(request, "session_path", session.pk)

    @action(  # type: ignore[untyped-decorator]
        description="Revoke its tokens",
        url_path="revoke-tokens",
        permissions=["operate"],
        icon="key_off",
        dialog={
            "title": "Revoke the session's tokens",
            "description": "The student's page stops. The client that started the test can get a new token.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Revoke them",
        },
    )
    def revoke_tokens(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        with transaction.atomic():
            session = TestSession.objects.select_for_update().filter(pk=object_id).first()
            if session is None:
                raise Http404
            lifecycle.revoke_tokens(session)
        self.log_change(request, session, "Revoked its session tokens.")
        self.message_user(request, "No session token that was given so far opens this session any more.")
        return go_on(request, reverse("admin:sessions_app_testsession_change", args=[object_id]))

    @action(description="Replay", url_path="replay", permissions=["view"], icon="replay")  # type: ignore[untyped-decorator]
    def show_replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Why each question came, and whether all that is stored is what comes out again. Changes nothing."""
        session = self.get_object(request, object_id)
        if session is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"Replay of {session}",
            "opts": self.opts,
            "session": session,
            "replay": replay(session.pk, candidates=LEADING),
        }
        return TemplateResponse(request, "admin/sessions_app/testsession/replay.html", context)
