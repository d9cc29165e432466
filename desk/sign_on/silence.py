"""Institutions that do not answer: people are told so, and what is said of us alone does not need them.

The same where an institution answers with something that cannot be read (`published.py`).
"""

import logging
from collections.abc import Callable
from functools import wraps
from http.client import HTTPException
from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.providers.saml.views import MetadataView
from django.http import HttpRequest, HttpResponse

from desk.doors import show
from desk.sentences import translated
from desk.sign_on.published import Unreadable

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


def asking(view: View) -> View:
    """A view that reads what the institution publishes of itself: without an answer it is 503, with one that
    cannot be read 502, in words."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *args, **named)
        except Unreadable as error:
            logger.warning("The institution %s, %s: %s", *named.values(), error.field, error.why)
            (institution,) = named.values()
            told = {"institution": institution, "field": error.field, "why": translated(error.why)}
            return show(request, "institution_unreadable", told, status=error.status)
        # what `requests` and `urllib` raise are all OSErrors, but for an answer that is no HTTP
        except (OSError, HTTPException) as error:
            logger.warning("The institution %s does not answer: %s", *named.values(), error)
            return show(request, "institution_silent", status=503)

    return shown


class OwnMetadata(MetadataView):  # type: ignore[misc]  # its types are not there
    """What an institution enters to know us, before it has anything that we could read."""

    def get_provider(self, organization_slug: str) -> SAMLProvider:
        provider = super().get_provider(organization_slug)
        settings = provider.app.settings
        unread = {"entity_id": settings["idp"]["entity_id"], "sso_url": "", "x509cert": ""}
        provider.app.settings = {**settings, "idp": unread}
        return provider
