"""Answers that were accepted and are lost, and who has looked into it."""

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from sessions_app.admin.common import ReadOnly, go_on
from sessions_app.administration import acknowledging
from sessions_app.models import LossAcknowledgement, LostAnswers


class AcknowledgeForm(BaseDialogForm):  # type: ignore[misc]
    reason = forms.CharField(
        max_length=acknowledging.LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget,
        help_text="What happened, and what was done for the student.",
    )


class IsAcknowledged(admin.SimpleListFilter):
    title = "acknowledged"
    parameter_name = "acknowledged"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("no", "No"), ("yes", "Yes")]

    def queryset(self, request: HttpRequest, losses: QuerySet[LostAnswers]) -> QuerySet[LostAnswers]:
        if self.value() in ("no", "yes"):
            return losses.filter(acknowledgement__isnull=self.value() == "no")
        return losses


@admin.register(LostAnswers)
class LostAnswersAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["session_id", "count", "accepted", "is_session_lost", "noticed_at", "acknowledged"]
    list_filter = [IsAcknowledged]
    list_select_related = ["acknowledgement__by"]
    fields = [
        *("session_id", "client_id", "accepted", "stored", "is_session_lost", "noticed_at"),
        *("acknowledged", "reason"),
    ]
    readonly_fields = ["acknowledged", "reason"]
    ordering = ["-noticed_at", "-pk"]
    show_full_result_count = False
    actions = None
    actions_detail = ["acknowledge"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LostAnswers]:
        found: QuerySet[LostAnswers] = super().get_queryset(request)
        return found.select_related("acknowledgement__by")

    @admin.display(description="answers lost")
    def count(self, loss: LostAnswers) -> int:
        return loss.count

    @admin.display(description="acknowledged")
    def acknowledged(self, loss: LostAnswers) -> str:
        told = _of(loss)
        return "–" if told is None else f"{told.at:%Y-%m-%d %H:%M} UTC, by {told.by}"

    @admin.display(description="reason")
    def reason(self, loss: LostAnswers) -> str:
        told = _of(loss)
        return "–" if told is None else told.reason

    def has_acknowledge_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Once for each loss."""
        if not request.user.has_perm("sessions_app.add_lossacknowledgement"):
            return False
        return object_id is None or not LossAcknowledgement.objects.filter(loss_id=int(object_id)).exists()

    @action(  # type: ignore[untyped-decorator]
        description="Acknowledge",
        url_path="acknowledge",
        permissions=["acknowledge"],
        icon="task_alt",
        dialog={
            "title": "Acknowledge this loss",
            "description": "verify_audit goes on naming it, with your reason, and fails for it no more. It "
            "cannot be taken back.",
            "form_class": AcknowledgeForm,
            "form_submit_text": "Acknowledge",
        },
    )
    def acknowledge(self, request: HttpRequest, form: AcknowledgeForm, object_id: str) -> HttpResponse:
        loss = self.get_object(request, object_id)
        if loss is None:
            raise Http404
        assert isinstance(request.user, User)
        reason = form.cleaned_data["reason"]
        if acknowledging.acknowledge([loss], reason, request.user, timezone.now()):
            self.log_change(request, loss, f"Acknowledged: {reason}")
            self.message_user(request, "Acknowledged.")
        return go_on(request, reverse("admin:sessions_app_lostanswers_change", args=[object_id]))


def _of(loss: LostAnswers) -> LossAcknowledgement | None:
    return getattr(loss, "acknowledgement", None)
