"""From where a request comes, for limits on guessing: of logins and of codes."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

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
