"""Below /desk/account/. The views are django-allauth's, and those that are not listed here cannot be reached.

The names are those by which it finds its own pages.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.saml import views as saml
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.generic import RedirectView

from desk.doors import in_language, page_context
from desk.sign_on.published import oidc_callback, oidc_log_in, with_messages, with_metadata
from desk.sign_on.silence import OwnMetadata, asking

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """The view in the desk's frame and language."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        def inside() -> HttpResponse:
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.context_data = {**page_context(request), **(response.context_data or {})}
            return response

        return in_language(request, inside)

    return shown


OIDC, SAML = "oidc/<slug:provider_id>", "saml/<slug:organization_slug>"
urlpatterns = [
    path("log-in", RedirectView.as_view(pattern_name="desk:log_in", query_string=True), name="account_login"),
    path("cancel", account.logout, name="account_logout"),
    path("inactive", page(account.account_inactive), name="account_inactive"),
    path("again", page(account.reauthenticate), name="account_reauthenticate"),
    path("", page(mfa.index), name="mfa_index"),
    path("code", page(mfa.authenticate), name="mfa_authenticate"),
    path("code/again", page(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("app/add", page(totp.activate_totp), name="mfa_activate_totp"),
    path("app/remove", page(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("recovery-codes", page(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("recovery-codes/new", page(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("recovery-codes/file", page(recovery.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("keys", page(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("keys/add", page(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("keys/again", page(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("keys/<int:pk>/remove", page(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("keys/<int:pk>/edit", page(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("cancelled", page(social.login_cancelled), name="socialaccount_login_cancelled"),
    path("error", page(social.login_error), name="socialaccount_login_error"),
    path(f"{OIDC}/log-in", page(asking(oidc_log_in)), name="openid_connect_login"),
    path(f"{OIDC}/callback", page(asking(oidc_callback)), name="openid_connect_callback"),
    path(f"{SAML}/log-in", page(asking(with_metadata(saml.login))), name="saml_login"),
    path(f"{SAML}/acs", page(asking(with_messages(saml.acs))), name="saml_acs"),
    path(f"{SAML}/acs/finish", page(asking(with_metadata(saml.finish_acs))), name="saml_finish_acs"),
    path(f"{SAML}/sls", page(asking(with_messages(with_metadata(saml.sls)))), name="saml_sls"),
    path(f"{SAML}/metadata", OwnMetadata.as_view(), name="saml_metadata"),
]
