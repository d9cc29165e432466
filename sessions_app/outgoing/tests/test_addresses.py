"""Which addresses nothing is sent to."""

import socket
from typing import Any

import pytest

from sessions_app.outgoing.addresses import AddressRefused, is_public, parsed, resolved


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "fe80::1%eth0", "0.0.0.0",  # noqa: S104
     "224.0.0.1",
     "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "100.64.0.1"],
)  # fmt: skip
def test_addresses_inside(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_outside(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "http://example.org/", "https://", "https://me:secret@example.org/", "x",
     "https://example.org/#part", "https://exa mple.org/", "https://example.org:99999/",
     "https://10.0.0.1/hook", "https://127.1/", "https://0x7f000001/", "https://[::1]:8443/", "https://localhost/"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        parsed(url)


def test_public_numbers_and_names_that_nobody_knows_are_addresses() -> None:
    assert parsed("https://93.184.215.14/").host == "93.184.215.14"
    assert parsed("https://" + "a" * 70 + ".example/").port == 443


def test_a_name_that_stands_for_the_own_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AddressRefused):
        resolved("https://localhost/hook")
    inside = socket.getaddrinfo("10.1.2.3", 443, type=socket.SOCK_STREAM)

    def known(name: str, *asked: Any, flags: int = 0, **options: Any) -> Any:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        return inside

    monkeypatch.setattr(socket, "getaddrinfo", known)
    with pytest.raises(AddressRefused, match="stands for"):
        resolved("https://hook.example.org/")
