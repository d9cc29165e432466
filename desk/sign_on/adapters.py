"""What django-allauth asks us: who may come in, as whom, with which rights, and how secrets are kept."""

import base64
import logging
import re
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from desk.doors import show
from desk.sign_on.providers import Provider
from organisations.acting import acting_for
from organisations.membership import organisation_called

logger = logging.getLogger(__name__)

WITH_PASSWORD = "django.contrib.auth.backends.ModelBackend"  # noqa: S105  the path of a class
LONGEST_NAME = 150  # of Django's own column
MFA_KEY = b"second factors"


class LocalAccounts(DefaultAccountAdapter):  # type: ignore[misc]  # its types are not there
    """Accounts that administrators make; nobody makes one of their own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("desk:home")

    def login(self, request: HttpRequest, user: User) -> None:
        user.backend = WITH_PASSWORD  # else the first of all: axes', which knows nobody
        super().login(request, user)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str = "", *args: Any, **kwargs: Any
    ) -> None:
        """That somebody is in, the page behind it says."""
        if "logged_in" not in message_template:
            super().add_message(request, level, message_template, *args, **kwargs)


class Institutions(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """People come in as what their institution says of them, every time anew.

    Nobody becomes an account that was there before, neither by an e-mail address nor by connecting the two:
    else whoever rules an institution's log-in, or lures an administrator to a link, would be that
    administrator.
    """

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            raise ImmediateHttpResponse(_refused(request))
        institution = _institution_of(sociallogin)
        groups = institution.groups_for(_claims(sociallogin))
        if organisation_called(institution.organisation) is None:
            logger.error("%s: no organisation %r to log in to", institution.id, institution.organisation)
            groups = set()
        if not groups:
            raise ImmediateHttpResponse(_refused(request))
        sociallogin.account.extra_data = {}  # claims are read, and not kept
        sociallogin.email_addresses = []
        if sociallogin.is_existing:
            with transaction.atomic():
                sociallogin.account.save(update_fields=["extra_data"])
                _grant(sociallogin.user, institution, groups)
        else:
            sociallogin.granted_here = groups

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True  # `pre_social_login` has refused whom nobody lets in

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        institution = _institution_of(sociallogin)
        user: User = sociallogin.user
        user.username = _free_name(user.username or user.email or "person", institution.id)
        user.is_staff = True
        user.set_unusable_password()
        with transaction.atomic(), acting_for(organisation_called(institution.organisation)):
            sociallogin.save(request)  # a new account is of who acts
            _grant(user, institution, sociallogin.granted_here)
        return user


def _institution_of(sociallogin: SocialLogin) -> Provider:
    found: Provider = next(each for each in settings.INSTITUTIONS if each.id == sociallogin.account.provider)
    return found


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """OpenID Connect has them in two places: what it answered to our own question goes first."""
    data = sociallogin.account.extra_data
    if "userinfo" in data or "id_token" in data:
        return {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}
    return dict(data)


def _grant(user: User, institution: Provider, groups: set[str]) -> None:
    """The groups that the institution speaks of become what it says now; others stay as they are."""
    spoken_of = Group.objects.filter(name__in=institution.all_groups)
    user.groups.remove(*spoken_of.exclude(name__in=groups))
    user.groups.add(*spoken_of.filter(name__in=groups))


def _free_name(wanted: str, institution: str) -> str:
    """A user name that is nobody's: `ada@north`, then `ada2@north`."""
    stem = re.sub(r"[^\w.+-]", "", wanted.split("@")[0])[: LONGEST_NAME - len(institution) - 7] or "person"
    taken = set(
        User.objects.filter(username__startswith=stem, username__endswith=f"@{institution}").values_list(
            "username", flat=True
        )
    )
    number = 1
    while (name := f"{stem}{number if number > 1 else ''}@{institution}") in taken:
        number += 1
    return name


def _refused(request: HttpRequest) -> HttpResponse:
    return show(request, "no_role", status=403)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """The secrets of second factors lie in the database encrypted: who reads a dump can log in nowhere."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """Keys from SECRET_KEY and those before it."""
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=MFA_KEY).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
