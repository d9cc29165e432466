"""Learning platforms (LTI): who may launch tests, from where they did, and what was sent to them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from organisations.membership import owns_everything
from sessions_app.admin.common import ReadOnly, found, go_on
from sessions_app.lti import keys, outbox, registering
from sessions_app.lti.addresses import Addresses
from sessions_app.lti.frames import origin_of, problem_of_origin
from sessions_app.models import LtiLink, LtiMessage, LtiRegistration
from sessions_app.outgoing import queue
from sessions_app.outgoing.addresses import AddressRefused, parsed
from testing_engine.growing_lists import GrowingList

ADDRESSES = ("auth_url", "token_url", "keyset_url")


class _Lines(SimpleArrayField):
    """A list, one member a line."""

    def __init__(self, base_field: forms.Field, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        super().__init__(base_field, delimiter="\n", required=False, widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        lines = value.split() if isinstance(value, str) else value
        return super().to_python("\n".join(lines) if lines else "")


class RegistrationForm(forms.ModelForm[LtiRegistration]):
    deployment_ids = _Lines(forms.CharField(max_length=255), label="Deployment IDs", help_text="One a line.")
    frame_ancestors = _Lines(
        forms.CharField(max_length=200),
        label="May show it in a frame",
        help_text="Origins, one a line: https://school.example. Empty: tests open in a tab of their own.",
    )

    class Meta:
        model = LtiRegistration
        fields = [
            *("name", "issuer", "client_id", "deployment_ids", "takes_any_deployment"),
            *(*ADDRESSES, "token_audience", "frame_ancestors", "is_active"),
        ]
        widgets = dict.fromkeys(("issuer", *ADDRESSES, "token_audience"), UnfoldAdminTextInputWidget)

    def clean_frame_ancestors(self) -> list[str]:
        origins: list[str] = self.cleaned_data["frame_ancestors"]
        for origin in origins:
            if problem := problem_of_origin(origin):
                raise forms.ValidationError(f"{origin} {problem}.")
        return origins

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ADDRESSES:
            try:
                parsed(cleaned.get(name) or "")
            except AddressRefused as refused:
                self.add_error(name, str(refused))
        if not cleaned.get("deployment_ids") and not cleaned.get("takes_any_deployment"):
            self.add_error("deployment_ids", "At least one, or allow any.")
        return cleaned


@admin.register(LtiRegistration)
class LtiRegistrationAdmin(ModelAdmin):  # type: ignore[misc]
    form = RegistrationForm
    list_display = ["name", "issuer", "client_id", "is_active", "created_at"]
    readonly_fields = ["paste_there"]
    fields = ["paste_there", *RegistrationForm.Meta.fields]
    actions = None
    actions_list = ["invite", "rotate"]
    actions_detail = ["sent"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        self.own = Addresses(origin_of(request.build_absolute_uri("/")))
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its launches stay; it is switched off instead."""
        return False

    @admin.display(description="to paste into the platform")
    def paste_there(self, registration: LtiRegistration) -> str:
        own = self.own
        told = [
            ("Tool URL, target link URI", own.launch),
            ("Initiate login URL, OpenID Connect initiation URL", own.login),
            ("Redirection URI", own.launch),
            ("Public keyset URL, JWK URL", own.keys),
            ("Deep linking, content selection URL", own.launch),
        ]
        return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}</dt><dd><code>{}</code></dd>", told))

    def has_invite_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(self.has_add_permission(request))

    @action(description="Register dynamically", url_path="invite", permissions=["invite"])  # type: ignore[untyped-decorator]
    def invite(self, request: HttpRequest) -> HttpResponse:
        own = Addresses(origin_of(request.build_absolute_uri("/")))
        address = own.register(registering.invitation())
        messages.info(
            request,
            format_html(
                "Paste this into the platform as the tool's registration URL, once and within seven days: "
                "<code>{}</code>",
                address,
            ),
        )
        return go_on(request, reverse("admin:sessions_app_ltiregistration_changelist"))

    def has_rotate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """The keys sign for the platforms of all organisations."""
        may = isinstance(request.user, User) and request.user.has_perm("sessions_app.change_ltikey")
        return may and owns_everything()

    @action(description="New signing key", url_path="rotate", permissions=["rotate"])  # type: ignore[untyped-decorator]
    def rotate(self, request: HttpRequest) -> HttpResponse:
        moment = date_format(timezone.localtime(keys.rotate(timezone.now())), "Y-m-d H:i T")
        messages.info(request, f"The new key is published now, and signs from {moment} on.")
        return go_on(request, reverse("admin:sessions_app_ltiregistration_changelist"))

    @action(description="Messages", url_path="messages", permissions=["view"])  # type: ignore[untyped-decorator]
    def sent(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = found(self, request, object_id)
        address = reverse("admin:sessions_app_ltimessage_changelist")
        return go_on(request, f"{address}?registration__id__exact={row.pk}")


@admin.register(LtiLink)
class LtiLinkAdmin(ReadOnly, GrowingList, ModelAdmin):  # type: ignore[misc]
    list_display = ["test", "context_title", "registration", "line_item", "roster_read_at", "launched_at"]
    list_filter = ["registration"]
    list_select_related = ["test", "registration"]
    ordering = ["-launched_at", "pk"]
    actions = None
    actions_detail = ["read_roster"]

    def has_roster_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may_send(request)

    @action(description="Ask for the roster", url_path="roster", permissions=["roster"])  # type: ignore[untyped-decorator]
    def read_roster(self, request: HttpRequest, object_id: str) -> HttpResponse:
        link = found(self, request, object_id)
        if link.memberships_url:
            outbox.ask_for_roster(link)
            messages.info(request, "It is asked soon; the list of messages tells what it says.")
        else:
            messages.warning(request, "The platform does not say who is in this course.")
        return go_on(request, reverse("admin:sessions_app_ltilink_change", args=[object_id]))


@admin.register(LtiMessage)
class LtiMessageAdmin(ReadOnly, GrowingList, ModelAdmin):  # type: ignore[misc]
    list_display = [
        *("kind", "student", "link", "registration", "happened_at"),
        *("attempts", "delivered_at", "answer", "next_try_at"),
    ]
    list_filter = ["kind", ("next_try_at", admin.EmptyFieldListFilter)]
    list_select_related = ["registration", "link", "session__student"]
    ordering = ["-happened_at", "pk"]
    actions = ["send_these_again"]
    actions_detail = ["send_again"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        allowed: bool = lookup == "registration__id__exact" or super().lookup_allowed(lookup, value, request)
        return allowed

    @admin.display(description="student")
    def student(self, message: LtiMessage) -> str:
        return str(message.session.student) if message.session is not None else "–"

    def has_resend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may_send(request)

    @action(description="Send again", url_path="again", permissions=["resend"])  # type: ignore[untyped-decorator]
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        queue.send_again(found(self, request, object_id), timezone.now())
        messages.info(request, "It is sent again within a quarter of a minute.")
        return go_on(request, reverse("admin:sessions_app_ltimessage_change", args=[object_id]))

    @admin.action(description="Send again", permissions=["resend"])
    def send_these_again(self, request: HttpRequest, chosen: Any) -> None:
        for message in chosen:
            queue.send_again(message, timezone.now())
        messages.info(request, f"{len(chosen)} are sent again within a quarter of a minute.")


def _may_send(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.has_perm("sessions_app.change_ltiregistration")
