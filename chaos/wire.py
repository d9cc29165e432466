"""HTTP as clients in trouble speak it: they leave, stall, and send half a request.

Bare streams, because no HTTP library offers to misbehave, and because the machine's time belongs to the
servers.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 15.0  # seconds until a client takes a request for lost
MOST_PATIENT = 300.0


class Lost(Exception):
    """No reply came, and why. What the server did is not known."""


class ClientLeft(Exception):
    """As its manner is."""


@dataclass(frozen=True)
class Request:
    """A request of the API: POST, or GET where there is no body. `key` is the Idempotency-Key."""

    path: str
    authorization: str = field(repr=False)
    body: dict[str, Any] | None
    key: str | None = None

    def encoded(self) -> bytes:
        content = b"" if self.body is None else json.dumps(self.body).encode()
        method = "GET" if self.body is None else "POST"
        key = f"Idempotency-Key: {self.key}\r\n" if self.key else ""
        head = (
            f"{method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {self.authorization}\r\n{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


@dataclass(frozen=True)
class Reply:
    """`body` is the decoded JSON."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """Why it was refused; empty for a 200."""
        return "" if self.status == 200 else str(self.body.get("code", "")) or "?"


@dataclass(frozen=True)
class Manner:
    """How a client sends one request: in so many pieces with pauses (seconds), and whether it stays."""

    pieces: int = 1
    pause: float = 0.0
    leaves_before_last_piece: bool = False
    leaves_after: float | None = None  # seconds; nothing is read
    patience: float = PATIENCE


PLAIN = Manner()


class Wire:
    """One client's kept connection to one web server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request, manner: Manner = PLAIN) -> Reply:
        """Raises `Lost`."""
        is_whole = False
        try:
            async with asyncio.timeout(manner.patience):
                reader, writer = await self._open()
                await _send(writer, request.encoded(), manner)
                reply, is_kept = await _read(reader)
            is_whole = is_kept
            return reply
        except TimeoutError as error:
            raise Lost("none in time") from error
        except ClientLeft as error:
            raise Lost("none, as the client left") from error
        except (OSError, EOFError) as error:
            raise Lost("none, as the connection broke") from error
        finally:
            if not is_whole:
                self.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server did, as it may between two requests
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        return self._streams

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _send(writer: asyncio.StreamWriter, message: bytes, manner: Manner) -> None:
    size = -(-len(message) // manner.pieces)
    pieces = [message[first : first + size] for first in range(0, len(message), size)]
    for piece in pieces[:-1]:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(manner.pause)
    if manner.leaves_before_last_piece:
        raise ClientLeft
    writer.write(pieces[-1])
    await writer.drain()
    if manner.leaves_after is not None:
        await asyncio.sleep(manner.leaves_after)
        raise ClientLeft
    await asyncio.sleep(manner.pause)


async def _read(reader: asyncio.StreamReader) -> tuple[Reply, bool]:
    """The reply, and whether the connection is kept."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    content = await reader.readexactly(int(fields["content-length"]))
    is_json = "json" in fields.get("content-type", "")
    reply = Reply(int(head[9:12]), json.loads(content) if is_json else {"code": content.decode()[:200]})
    return reply, fields.get("connection") != "close"
