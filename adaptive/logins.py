"""Failed logins to the admin, which django-axes counts: whose they are, and what the locked out see."""

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

ONE_SITE = 64  # bits: who has one IPv6 address has the 2**64 of its network


def address_of(request: HttpRequest) -> str | None:
    """The address that failures are counted under.

    Behind a proxy it is the last entry of X-Forwarded-For, which the proxy wrote; those before it may be a
    client's own invention. Without a proxy the header is a client's invention altogether.
    """
    sender = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        sender = request.headers.get("X-Forwarded-For", sender).rpartition(",")[2].strip()
    try:
        address = ip_address(sender)
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, ONE_SITE), strict=False).network_address)


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """The login page's place, until the lock is over."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    context = {**admin.site.each_context(request), "title": "Too many failed logins", "minutes": minutes}
    page = render(request, "admin/locked_out.html", context, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    return page
