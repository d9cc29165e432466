"""API clients with their tokens, and the people who use the admin.

Who gives a right must hold it: to a client, to a token, to a person, to a group, or by setting somebody's
password.
"""

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from knox.models import AuthToken
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget

from organisations.membership import accounts, owns_everything, sees_all
from organisations.models import Membership
from sessions_app.admin.common import ReadOnly, go_on
from sessions_app.admin.confirming import ask, confirmed_ids
from sessions_app.administration.api_clients import MOST_DAYS, SHORT, make_token
from sessions_app.models import ApiClient


def holds_all_of(request: HttpRequest, other: Any) -> bool:
    """Whether whoever asks may do everything that another account may."""
    person = request.user
    if not isinstance(person, User) or not person.is_active:
        return False
    if person.is_superuser:
        return True
    return not other.is_superuser and _rights_of(other) <= person.get_all_permissions()


def _rights_of(account: User) -> set[str]:
    """Also of an account that is switched off, which somebody could switch on."""
    found = Permission.objects.filter(Q(user=account.pk) | Q(group__user=account.pk))
    return {f"{app}.{codename}" for app, codename in found.values_list("content_type__app_label", "codename")}


def held_by(person: Any) -> QuerySet[Permission]:
    """The permissions that a person could give."""
    if person.is_superuser:
        return Permission.objects.all()
    held = Q(pk__in=[])
    for name in person.get_all_permissions():
        app, _, codename = name.partition(".")
        held |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(held)


class Delegating:
    """Nobody gives a permission that they do not hold, or changes an account that may do more than they."""

    def has_change_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return may and (obj is None or self.may_give(request, obj))

    def has_delete_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may and (obj is None or self.may_give(request, obj))

    def may_give(self, request: HttpRequest, obj: Any) -> bool:
        return holds_all_of(request, obj)

    def formfield_for_manytomany(self: Any, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        held = held_by(request.user)
        if db_field.related_model is Permission:
            field.queryset = field.queryset.filter(pk__in=held.values("pk"))
        elif db_field.related_model is Group:
            beyond = Group.objects.filter(
                permissions__in=Permission.objects.exclude(pk__in=held.values("pk"))
            )
            field.queryset = field.queryset.exclude(pk__in=beyond.values("pk"))
        return field


class MembershipInline(StackedInline):  # type: ignore[misc]
    """For who stands outside of all organisations: a member's accounts are made in the member's own."""

    model = Membership
    fields = ["organisation"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return sees_all(request)

    has_change_permission = has_add_permission = has_delete_permission = has_view_permission


class Member:
    """An account with its membership, once it is there."""

    def get_inlines(self: Any, request: HttpRequest, obj: Any) -> list[Any]:
        given = super().get_inlines(request, obj)  # type: ignore[misc]
        return [*given, MembershipInline] if obj is not None else list(given)


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
class ApiClientAdmin(Member, Delegating, ModelAdmin):  # type: ignore[misc]
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
        """A token acts with all of its client's permissions, so whoever makes one must hold them."""
        if not request.user.has_perm("knox.add_authtoken"):
            return False
        client = None if object_id is None else ApiClient.objects.filter(pk=object_id).first()
        return client is None or holds_all_of(request, client)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Permission.objects.filter(codename__in=SHORT).select_related("content_type")
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        field.label_from_instance = lambda permission: permission.name
        return field

    @admin.display(description="may")
    def may(self, client: ApiClient) -> str:
        held = {permission.codename for permission in client.user_permissions.all()}
        shorts = dict.fromkeys(short for codename, short in SHORT.items() if codename in held)
        return ", ".join(shorts) or "nothing"

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
        client = ApiClient.objects.filter(pk=object_id).first()
        if client is None:
            raise Http404
        days = form.cleaned_data["days"]
        token = make_token(client.username, [], timedelta(days=days) if days else None)
        self.message_user(request, f"The new token, shown only now: {token}")
        return go_on(request, reverse("admin:sessions_app_apiclient_change", args=[object_id]))


admin.site.unregister(AuthToken)  # shown with its client
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(Member, Delegating, DjangoUserAdmin[User], ModelAdmin):  # type: ignore[misc]
    """People who use the admin."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = ("remove_second_factors",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(pk__in=accounts().values("pk"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, "is_superuser")

    @admin.action(description="Remove their second factors", permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        """For who lost them; accounts that may do more than whoever asks stay as they are."""
        ids = confirmed_ids(request)
        if ids is None:
            says = "Until they set up new ones, their password alone lets them in."
            return ask(
                self, request, chosen, title="Remove these people's second factors?", says=says, yes="Remove"
            )
        theirs = [user for user in accounts().filter(pk__in=ids) if self.has_change_permission(request, user)]
        Authenticator.objects.filter(user__in=theirs).delete()
        self.message_user(request, f"People without a second factor now: {len(theirs)}.", messages.SUCCESS)
        return None


@admin.register(Group)
class GroupAdmin(Delegating, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups are the same in every organisation: while there are several, no member changes them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_add_permission(request)) and owns_everything()

    def may_give(self, request: HttpRequest, obj: Any) -> bool:
        return (
            owns_everything()
            and not obj.permissions.exclude(pk__in=held_by(request.user).values("pk")).exists()
        )
