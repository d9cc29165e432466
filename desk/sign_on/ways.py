"""What the log-in page offers beside a password."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from desk.sign_on.providers import OpenIdConnect


class Way(NamedTuple):
    """A button: its words, and where it leads."""

    name: str
    address: str


def institutions(came_by: str) -> list[Way]:
    """Those whose accounts count here; who came by an address goes on there."""
    query = f"?{urlencode({'next': came_by})}" if came_by else ""
    names = {True: "openid_connect_login", False: "saml_login"}
    return [
        Way(each.name, reverse(names[isinstance(each, OpenIdConnect)], args=[each.id]) + query)
        for each in settings.INSTITUTIONS
    ]
