"""Sessions with their audit trail, students, and API clients in the admin.

Nobody edits or deletes a session or an answer here, not even a superuser; the database refuses it as well.
"""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from knox.models import AuthToken
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from sessions_app import cleanup
from sessions_app.api_clients import MOST_DAYS, PERMISSIONS, make_token
from sessions_app.models import ApiClient, Student, StudentProficiency, TestResponse, TestSession
from sessions_app.proficiency import proficiency_of
from sessions_app.replay import LEADING, replay

STATUS_COLOURS = {"active": "info", "completed": "success", "ended": "warning", "expired": "danger"}


def _go_on(request: HttpRequest, address: str) -> HttpResponse:
    """To the next page, where the message shows. Dialogs post by htmx, which would swallow a redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


class ReadOnly:
    """Nobody adds, changes or deletes; whoever may view, sees."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


class ResponseInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The audit trail of a session, in order."""

    model = TestResponse
    ordering = ["position"]
    verbose_name_plural = "answers, in order"
    hide_title = True
    fields = [
        "position",
        "question_id_text",
        "answer",
        "is_correct",
        "score",
        "ability",
        "error",
        "time",
        "answered_at",
    ]
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[TestResponse]:
        found: QuerySet[TestResponse] = super().get_queryset(request)
        return found.select_related("question")

    @admin.display(description="question")
    def question_id_text(self, response: TestResponse) -> str:
        return f"{response.question.external_id} (version {response.question.version})"

    @admin.display(description="θ after")
    def ability(self, response: TestResponse) -> str:
        return _numbers(response.theta)

    @admin.display(description="standard error")
    def error(self, response: TestResponse) -> str:
        return _numbers(response.standard_error)

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
class TestSessionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["id", "student", "state", "questions_answered", "ability", "started_at", "last_activity"]
    list_filter = ["status", "revision__pool", ("started_at", admin.DateFieldListFilter)]
    search_fields = ["id__exact", "student__external_id"]
    search_help_text = "A session's id, or part of a student's id"
    list_select_related = ["student"]
    list_per_page = 50
    show_full_result_count = False
    actions = None
    actions_list = ["clean_up_now"]
    actions_detail = ["show_replay"]
    inlines = [ResponseInline]
    fieldsets = [
        (None, {"fields": ["id", "student", "pool", "client", "status", "end_reason"]}),
        ("Result", {"fields": ["concepts", "questions_answered", "correct_responses", "accuracy"]}),
        ("Times", {"fields": ["started_at", "last_activity", "completed_at"]}),
        ("How it runs", {"fields": ["rules", "seed", "idempotency_key", "legacy_id"]}),
    ]
    readonly_fields = ["pool", "concepts", "accuracy", "rules"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_app.operate_service")

    @display(description="status", ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, session: TestSession) -> tuple[str, str]:
        return session.status, session.get_status_display()

    @admin.display(description="θ")
    def ability(self, session: TestSession) -> str:
        return _numbers(session.theta)

    @admin.display(description="pool")
    def pool(self, session: TestSession) -> str:
        return f"{session.revision.pool}, {session.revision}"

    @admin.display(description="concepts")
    def concepts(self, session: TestSession) -> str:
        rows = zip(session.plan.concept_names, session.theta, session.standard_error, strict=True)
        lines = [
            f"{name}: proficiency {proficiency_of(theta):.3f} (θ = {theta:.3f}, standard error {error:.3f})"
            for name, theta, error in rows
        ]
        return format_html("<pre>{}</pre>", "\n".join(lines))

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
        ended = cleanup.end_inactive(form.cleaned_data["inactivity_minutes"], now=timezone.now())
        self.message_user(request, f"Ended {ended} inactive session{'' if ended == 1 else 's'}.")
        return _go_on(request, reverse("admin:sessions_app_testsession_changelist"))

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


class ProficiencyInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = StudentProficiency
    hide_title = True
    fields = ["concept_name", "proficiency", "updated_at"]
    readonly_fields = fields
    extra = 0

    @admin.display(description="proficiency")
    def proficiency(self, row: StudentProficiency) -> str:
        return f"{proficiency_of(row.theta):.3f}"


@admin.register(Student)
class StudentAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["external_id", "name", "grade_level", "created_at"]
    search_fields = ["external_id", "name"]
    fields = ["external_id", "name", "email", "grade_level", "created_at"]
    readonly_fields = ["external_id", "created_at"]
    inlines = [ProficiencyInline]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StudentProficiency)
class StudentProficiencyAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["student", "concept_name", "proficiency", "theta", "standard_error", "updated_at"]
    search_fields = ["student__external_id", "concept_name"]
    list_select_related = ["student"]
    show_full_result_count = False

    @admin.display(description="proficiency", ordering="theta")
    def proficiency(self, row: StudentProficiency) -> str:
        return f"{proficiency_of(row.theta):.3f}"


class TokenInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """Tokens of a client: by their first characters, since only the hash is kept. Deleting one revokes it."""

    model = AuthToken
    hide_title = True
    fields = ["begins_with", "created", "expiry"]
    readonly_fields = fields
    extra = 0

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("knox.delete_authtoken")

    @admin.display(description="begins with")
    def begins_with(self, token: AuthToken) -> str:
        return f"{token.token_key[:8]}…"


class TokenForm(BaseDialogForm):  # type: ignore[misc]
    days = forms.IntegerField(
        min_value=0,
        max_value=MOST_DAYS,
        initial=90,
        help_text="Days until it expires; 0: never.",
        widget=UnfoldAdminIntegerFieldWidget,
    )


@admin.register(ApiClient)
class ApiClientAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["username", "may", "is_active", "date_joined"]
    search_fields = ["username"]
    fields = ["username", "is_active", "user_permissions"]
    filter_horizontal = ["user_permissions"]
    inlines = [TokenInline]
    actions = None
    actions_detail = ["make_token"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiClient]:
        clients: QuerySet[ApiClient] = super().get_queryset(request)
        return clients.prefetch_related("user_permissions")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its sessions refer to it; it is made inactive instead

    def has_make_token_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("knox.add_authtoken")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Permission.objects.filter(codename__in=PERMISSIONS.values()).select_related(
            "content_type"
        )
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description="may")
    def may(self, client: ApiClient) -> str:
        held = {permission.codename for permission in client.user_permissions.all()}
        return ", ".join(short for short, codename in PERMISSIONS.items() if codename in held) or "nothing"

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    @action(  # type: ignore[untyped-decorator]
        description="Make a token",
        url_path="make-token",
        permissions=["make_token"],
        icon="key",
        dialog={
            "title": "Make a token",
            "description": "It is shown once: copy it then.",
            "form_class": TokenForm,
            "form_submit_text": "Make it",
        },
    )
    def make_token(self, request: HttpRequest, form: TokenForm, object_id: int) -> HttpResponse:
        client = ApiClient.objects.get(pk=object_id)
        days = form.cleaned_data["days"]
        token = make_token(client.username, [], timedelta(days=days) if days else None)
        self.message_user(request, f"The new token, shown only now: {token}")
        return _go_on(request, reverse("admin:sessions_app_apiclient_change", args=[object_id]))


admin.site.unregister(AuthToken)  # shown with its client
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin):  # type: ignore[misc]
    """People who use the admin."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass
