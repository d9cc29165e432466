"""Webhooks and what was sent to them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from sessions_app.admin.common import ReadOnly, found, go_on
from sessions_app.models import ApiClient, Webhook, WebhookMessage
from sessions_app.outgoing import queue
from sessions_app.outgoing.addresses import AddressRefused, parsed
from sessions_app.webhooks import outbox, shelf


class WebhookForm(forms.ModelForm[Webhook]):
    events = forms.MultipleChoiceField(
        choices=Webhook.Kind.choices, label="Told of", widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    url = forms.CharField(
        label="Address",
        widget=UnfoldAdminTextInputWidget,
        help_text="https://… of the system that is told. Not in this installation's own network.",
    )

    class Meta:
        model = Webhook
        fields = ["url", "events", "client", "is_active"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            parsed(url)
        except AddressRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return url


@admin.register(Webhook)
class WebhookAdmin(ModelAdmin):  # type: ignore[misc]
    form = WebhookForm
    list_display = ["url", "told_of", "client", "is_active", "failing_since", "switched_off_because"]
    fields = ["url", "events", "client", "is_active", "signed_with", "failing_since", "switched_off_because"]
    readonly_fields = ["signed_with", "failing_since", "switched_off_because"]
    list_select_related = ["client"]
    actions = None
    actions_detail = ["try_it", "sent"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "client":
            kwargs["queryset"] = ApiClient.objects.all()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if "is_active" in form.changed_data and obj.is_active:
            shelf.switched_on(obj)
        super().save_model(request, obj, form, change)

    @admin.display(description="told of")
    def told_of(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @admin.display(description="signed with")
    def signed_with(self, webhook: Webhook) -> str:
        """Whoever may change the webhook gives the secret to whoever receives."""
        return webhook.secret

    @action(description="Send a test", url_path="try", permissions=["change"])  # type: ignore[untyped-decorator]
    def try_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        outbox.send_test(found(self, request, object_id))
        messages.info(request, "A test message is on its way; the list of messages shows what comes of it.")
        return go_on(request, _messages_of(object_id))

    @action(description="Messages", url_path="messages", permissions=["view"])  # type: ignore[untyped-decorator]
    def sent(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return go_on(request, _messages_of(found(self, request, object_id).pk))


def _messages_of(pk: object) -> str:
    return f"{reverse('admin:sessions_app_webhookmessage_changelist')}?webhook__id__exact={pk}"


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["kind", "webhook", "happened_at", "attempts", "delivered_at", "answer", "next_try_at"]
    list_filter = ["kind"]
    list_select_related = ["webhook"]
    show_full_result_count = False
    actions = None
    actions_detail = ["send_again"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        allowed: bool = lookup == "webhook__id__exact" or super().lookup_allowed(lookup, value, request)
        return allowed

    def has_resend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return isinstance(request.user, User) and request.user.has_perm("sessions_app.change_webhook")

    @action(description="Send again", url_path="again", permissions=["resend"])  # type: ignore[untyped-decorator]
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        queue.send_again(found(self, request, object_id), timezone.now())
        messages.info(request, "It is sent again within a quarter of a minute.")
        return go_on(request, reverse("admin:sessions_app_webhookmessage_change", args=[object_id]))
