"""Institutions that do not answer: people are told so, and what is said of us alone does not need them."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.providers.saml.views import MetadataView
from django.http import HttpRequest, HttpResponse

from desk.doors import show

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


def asking(view: View) -> View:
    """A view that reads what the institution publishes of itself: without an answer it is 503, in words."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *args, **named)
        except OSError as error:  # what `requests` and `urllib` raise are all of that kind
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
