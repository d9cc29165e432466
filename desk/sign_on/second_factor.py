"""Codes of second factors cannot be guessed: failures count as wrong passwords do (adaptive/logins.py)."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied, ValidationError


class _Counted:
    """Refuses while the account is locked for this address, also with the right code."""

    user: Any

    def clean_code(self) -> str:
        request, credentials = context.request, {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out = True  # its middleware shows the page of locks
            raise PermissionDenied
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError:
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            raise
        return code


class CodeAtLogIn(_Counted, AuthenticateForm):  # type: ignore[misc]
    """The form between the password and the desk."""


class CodeAgain(_Counted, ReauthenticateForm):  # type: ignore[misc]
    """The form before somebody changes a second factor."""
