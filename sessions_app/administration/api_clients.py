"""API clients and their tokens: made, found and revoked here, for the admin and the command line."""

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.db.models import Q
from knox.models import AuthToken

from sessions_app.models import ApiClient

# What people say → Django's permissions.
PERMISSIONS = {
    "deliver": ("deliver_tests",),
    "author": ("author_pools",),
    "export": ("export_pools",),
    "publish": ("publish_calibrations",),
    "operate": ("operate_service",),
    "report": ("report_results",),
    "privacy": ("erase_students",),
    "prepare": ("view_namedtest", "change_namedtest"),
    "invite": ("view_invitation", "add_invitation"),
    "notify": ("view_webhook", "add_webhook", "change_webhook", "delete_webhook"),
    "classes": ("manage_classes", "teach_classes"),  # all of them
    "teach": ("teach_classes",),  # those that the client made, or teaches
}
SHORT = {codename: short for short, codenames in PERMISSIONS.items() for codename in codenames}


MOST_DAYS = 36_500


class NotAProgram(ValueError):
    """The name belongs to somebody who may enter the admin: no token may act in their place."""


def make_token(name: str, permissions: Iterable[str], lifetime: timedelta | None) -> str:
    """A new token of the client called `name`, who is made if need be and gains the permissions.

    The token is shown this once: only its hash is stored. `lifetime` None: it never expires.
    """
    if User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), username=name).exists():
        raise NotAProgram(f"{name!r} is the account of a person who uses the admin.")
    codenames = [codename for permission in permissions for codename in PERMISSIONS[permission]]
    with transaction.atomic():
        client, is_new = ApiClient.objects.get_or_create(username=name)
        if is_new:
            client.set_unusable_password()
            client.save(update_fields=["password"])
        client.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
        _, token = AuthToken.objects.create(client, expiry=lifetime)
    return str(token)


def revoke_tokens(name_or_prefix: str) -> int:
    """Revoke all tokens of a client, or the one that begins so; returns how many."""
    tokens = AuthToken.objects.filter(user__username=name_or_prefix)
    if not tokens.exists() and len(name_or_prefix) >= 8:
        tokens = AuthToken.objects.filter(token_key__startswith=name_or_prefix[:15])
    revoked: int = tokens.delete()[0]
    return revoked
