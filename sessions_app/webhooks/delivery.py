"""One attempt to deliver one message over HTTP."""

import ssl
from dataclasses import dataclass

import urllib3

from sessions_app.webhooks.addresses import PORTS, AddressRefused, Target, resolved

SECONDS = 10.0
MOST_READ = 4096  # bytes of an answer, of which only its status counts
GONE = 410


@dataclass(frozen=True)
class Attempt:
    """What came of it; `status` None: no answer came."""

    status: int | None
    told: str

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether whoever is there wants no more."""
        return self.status == GONE


def deliver(url: str, body: bytes, headers: dict[str, str]) -> Attempt:
    """POST the body. Never raises for what the other side does: follows no redirect, waits ten seconds."""
    try:
        target = resolved(url)
    except AddressRefused as refused:
        return Attempt(None, str(refused))
    except OSError:
        return Attempt(None, "Nobody knows this name.")
    pool = _pool(target)
    try:
        reply = pool.request(
            "POST",
            target.path,
            body=body,
            headers={"Host": _host(target), "Content-Type": "application/json", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
        )
        reply.read(MOST_READ)
        return Attempt(reply.status, f"HTTP {reply.status}")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return Attempt(None, type(error).__name__)
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
