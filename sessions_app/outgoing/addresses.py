"""Where messages may go: never into this installation's own network, whatever a name stands for.

A name is looked up once, every address that it has is judged, and the connection goes to the one that was
judged: a name that means something else a moment later leads nowhere.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

PORTS = {"https": 443, "http": 80}


class AddressRefused(ValueError):
    """Nothing is sent there; the message says why, to whoever set it."""


@dataclass(frozen=True)
class Target:
    """`path` with its query; `ip` is where to connect, `host` whose certificate is asked for."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str = ""


def parsed(url: str) -> Target:
    """The parts of an address, without a look at the network; raises `AddressRefused`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefused("This is no address.") from error
    if parts.scheme not in PORTS or not host or any(ord(sign) <= 32 for sign in url):
        raise AddressRefused("Must be an address that begins with https://.")
    if parts.scheme == "http" and not settings.WEBHOOKS_MAY_GO_INSIDE:
        raise AddressRefused("Must begin with https://: messages are about students.")
    if parts.username is not None or parts.fragment:
        raise AddressRefused("Must have neither a password nor a # part.")
    if not settings.WEBHOOKS_MAY_GO_INSIDE and _is_inside(host):
        raise AddressRefused("Is an address of a private network.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def resolved(url: str) -> Target:
    """The same with the address to connect to; raises `AddressRefused`, and `OSError` where nobody knows the
    name."""
    target = parsed(url)
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not settings.WEBHOOKS_MAY_GO_INSIDE:
        inside = [each for each in addresses if not is_public(each)]
        if inside:
            raise AddressRefused("The name stands for an address of a private network.")
    return Target(target.scheme, target.host, target.port, target.path, addresses[0])


def _is_inside(host: str) -> bool:
    """Whether the network need not be asked to see it: this machine's own name, or numbers."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):  # a name, which is looked up when something is sent
        return False
    return not all(is_public(str(each[4][0])) for each in found)


def is_public(address: str) -> bool:
    """Whether it is somebody's on the internet: not private, of this machine, of a link, or reserved."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
