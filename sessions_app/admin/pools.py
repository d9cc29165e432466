"""Pools and questions with the way to their pictures at the desk, and what operators do with pools."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from organisations.sharing import Level, require
from sessions_app.admin.common import SharedBy, go_on, to_desk
from sessions_app.administration.scales import put_on_scale
from sessions_app.reporting.pool_readiness import readiness_of
from testing_engine.admin import QuestionAdmin, QuestionPoolAdmin
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import choose_default, offered

admin.site.unregister(QuestionPool)
admin.site.unregister(Question)


@admin.register(QuestionPool)
class LinkedPoolAdmin(SharedBy, QuestionPoolAdmin):
    actions_detail = ["show_measurement", "show_exposure", "show_results", "make_default", "drop_default"]

    def get_fields(self, request: HttpRequest, obj: QuestionPool | None = None) -> Any:
        name, *others = super().get_fields(request, obj)
        return [name, "readiness", *others]

    def get_readonly_fields(self, request: HttpRequest, obj: QuestionPool | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "readiness"]

    @admin.display(description="parameters")
    def readiness(self, pool: QuestionPool) -> str:
        """How many questions have some, and what to do next."""
        found = readiness_of(pool)
        return format_html_join("", "<p>{}</p>", ((line,) for line in (found.in_words, *found.advice)))

    def has_see_results_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("sessions_app.view_testsession")

    def has_default_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        may: bool = self.has_change_permission(request)
        return may

    def save_model(self, request: HttpRequest, obj: QuestionPool, form: Any, change: bool) -> None:
        """Another scale takes with it what the pool's tests found of students."""
        scale = obj.scale
        if "scale" in form.changed_data:
            obj.scale_id = form.initial["scale"]
        super().save_model(request, obj, form, change)
        if obj.scale_id != scale.pk:
            moved = put_on_scale(obj, scale)
            found = f"{moved.estimates} estimates of students that its tests found"
            self.message_user(request, f"{obj} is on the scale {scale}, with {found}.")

    @action(  # type: ignore[untyped-decorator]
        description="Make it the default",
        url_path="make-default",
        permissions=["default"],
        icon="star",
        dialog={
            "title": "Make this the default pool",
            "description": "Tests that name no pool draw from it, whichever pool is uploaded later.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Make it the default",
        },
    )
    def make_default(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Tests that name no pool draw from it, whichever is uploaded later."""
        pool = self._pool(request, object_id)
        require(pool, Level.CHANGE)
        choose_default(pool)
        self.log_change(request, pool, "Made it the default pool.")
        self.message_user(request, f"Tests that name no pool draw from {pool} from now on.")
        return go_on(request, _to_pool(pool))

    @action(  # type: ignore[untyped-decorator]
        description="No default",
        url_path="no-default",
        permissions=["default"],
        icon="star_border",
        dialog={
            "title": "Choose no default pool",
            "description": "If this one is the default: tests that name no pool draw from the newest again.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Choose none",
        },
    )
    def drop_default(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Tests that name no pool draw from the newest again."""
        pool = self._pool(request, object_id)
        require(pool, Level.CHANGE)
        if pool.is_default:
            choose_default(None)
            self.log_change(request, pool, "It is no longer the default pool.")
        newest = offered().first()
        self.message_user(request, f"Tests that name no pool draw from {newest}.")
        return go_on(request, _to_pool(pool))

    @action(  # type: ignore[untyped-decorator]
        description="Measurement", url_path="measurement", permissions=["view"], icon="monitoring"
    )
    def show_measurement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """At the desk."""
        return to_desk(request, "pool_information", self._pool(request, object_id).pk)

    @action(  # type: ignore[untyped-decorator]
        description="Exposure", url_path="exposure", permissions=["view"], icon="visibility"
    )
    def show_exposure(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """At the desk."""
        return to_desk(request, "pool_exposure", self._pool(request, object_id).pk)

    @action(  # type: ignore[untyped-decorator]
        description="Results", url_path="results", permissions=["see_results"], icon="bar_chart"
    )
    def show_results(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """At the desk."""
        return to_desk(request, "pool_results", self._pool(request, object_id).pk)

    def _pool(self, request: HttpRequest, object_id: str) -> QuestionPool:
        pool: QuestionPool | None = self.get_object(request, object_id)
        if pool is None or pool.current_revision_id is None:
            raise Http404
        return pool


@admin.register(Question)
class LinkedQuestionAdmin(QuestionAdmin):
    actions_detail = ["show_answers"]

    @action(  # type: ignore[untyped-decorator]
        description="Curves and answers", url_path="answers", permissions=["view"], icon="show_chart"
    )
    def show_answers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """At the desk."""
        question: Question | None = self.get_object(request, object_id)
        if question is None:
            raise Http404
        return to_desk(request, "question_answers", question.pool_id, question.pk)


def _to_pool(pool: QuestionPool) -> str:
    return reverse("admin:testing_engine_questionpool_change", args=[pool.pk])
