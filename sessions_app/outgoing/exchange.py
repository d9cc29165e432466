"""One request over HTTP to somebody else's server, and what came back."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import urllib3

from sessions_app.outgoing.addresses import PORTS, AddressRefused, Target, resolved

SECONDS = 10.0
MOST_READ = 4096  # bytes of an answer, of which only its status counts


class Unreachable(Exception):
    """No answer came; the message says why, to whoever reads the list of messages."""


@dataclass(frozen=True)
class Answer:
    """`headers` by lower-case names. `is_cut`: there was more than was to be read."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_cut: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def exchange(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], most_read: int = MOST_READ
) -> Answer:
    """Follows no redirect, waits ten seconds, goes to no private address. Raises `Unreachable`."""
    try:
        target = resolved(url)
    except AddressRefused as refused:
        raise Unreachable(str(refused)) from refused
    except OSError as error:
        raise Unreachable("Nobody knows this name.") from error
    pool = _pool(target)
    try:
        reply = pool.request(
            method,
            target.path,
            body=body,
            headers={**headers, "Host": _host(target)},
            redirect=False,
            retries=False,
            preload_content=False,
        )
        content = reply.read(most_read + 1)
        told = {name.lower(): value for name, value in reply.headers.items()}
        return Answer(reply.status, told, content[:most_read], len(content) > most_read)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(type(error).__name__) from error
    finally:
        pool.close()


def _pool(target: Target) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(total=SECONDS)
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(target.ip, target.port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        target.ip,
        target.port,
        timeout=timeout,
        server_hostname=target.host,
        assert_hostname=target.host,
        ssl_context=ssl.create_default_context(),
    )


def _host(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == PORTS[target.scheme] else f"{host}:{target.port}"
