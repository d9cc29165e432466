"""API clients with their tokens, and the people who use the admin."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from knox.models import AuthToken
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget

from sessions_app.admin.common import ReadOnly, go_on
from sessions_app.administration.api_clients import MOST_DAYS, PERMISSIONS, make_token
from sessions_app.models import ApiClient


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
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        field.label_from_instance = lambda permission: permission.name
        return field

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
        return go_on(request, reverse("admin:sessions_app_apiclient_change", args=[object_id]))


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
