"""Whether a request has arrived whole. Looks at bytes alone: no sockets, no clock.

Only as much of HTTP/1.1 (RFC 9112) as that takes; gunicorn's parser reads the request afterwards, and
refuses what is malformed. So what is not understood here counts as whole.
"""

import re
from dataclasses import dataclass, field

MOST_HEAD = 64 * 1024  # bytes; gunicorn's own limits of lines and fields are stricter
HEAD_END = b"\r\n\r\n"
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_LONGEST_SIZE_LINE = 1024


class TooLarge(Exception):
    """Of the head (431) or the body (413)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Arrival:
    """One request at the start of a buffer that grows. Raises `TooLarge`."""

    most_body: int
    head: int = 0  # its length, with the empty line, once it is there
    end: int | None = None  # where the request ends, once that is known
    expects_continue: bool = False  # the client waits for "100 Continue" before it sends its body
    _chunk: int | None = field(default=None, repr=False)  # where the next chunk begins; None: no chunks
    _searched: int = field(default=0, repr=False)

    def is_whole(self, buffer: bytearray) -> bool:
        """Looks on where it stopped when it was asked before."""
        if not self.head and not self._has_head(buffer):
            return False
        if self._chunk is not None:
            self._follow_chunks(buffer)
        return self.end is not None and len(buffer) >= self.end

    def _has_head(self, buffer: bytearray) -> bool:
        found = buffer.find(HEAD_END, max(0, self._searched - len(HEAD_END)))
        self._searched = len(buffer)
        if max(found, 0 if found >= 0 else len(buffer)) > MOST_HEAD:
            raise TooLarge(431)
        if found < 0:
            return False
        self.head = found + len(HEAD_END)
        self._read_head(bytes(buffer[:found]))
        return True

    def _read_head(self, head: bytes) -> None:
        fields: dict[bytes, list[bytes]] = {}
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            fields.setdefault(name.strip().lower(), []).append(value.strip().lower())
        self.expects_continue = b"100-continue" in fields.get(b"expect", [])
        lengths = fields.get(b"content-length", [])
        if b"transfer-encoding" in fields:
            if fields[b"transfer-encoding"] == [b"chunked"] and not lengths:
                self._chunk = self.head
            else:
                self.end = self.head
        elif len(lengths) == 1 and lengths[0].isdigit():
            if int(lengths[0][:20]) > self.most_body:
                raise TooLarge(413)
            self.end = self.head + int(lengths[0])
        else:
            self.end = self.head

    def _follow_chunks(self, buffer: bytearray) -> None:
        """RFC 9112, 7.1: chunks with their sizes, one of size 0, trailer fields, an empty line."""
        while self.end is None and self._chunk is not None:
            at = self._chunk
            line = _CHUNK_SIZE.match(buffer, at)
            if line is None:
                if buffer.find(b"\r\n", at) >= 0 or len(buffer) - at > _LONGEST_SIZE_LINE:
                    self.end = len(buffer)  # malformed, as the parser will say
                return
            size = int(line[1], 16)
            if at + size - self.head > self.most_body + MOST_HEAD:
                raise TooLarge(413)
            if size == 0:
                self._find_trailers_end(buffer, line.end())
                return
            if len(buffer) < line.end() + size + 2:
                return
            self._chunk = line.end() + size + 2

    def _find_trailers_end(self, buffer: bytearray, at: int) -> None:
        if buffer.startswith(b"\r\n", at):
            self.end = at + 2
            return
        found = buffer.find(HEAD_END, at)
        if found >= 0:
            self.end = found + len(HEAD_END)
        elif len(buffer) - at > MOST_HEAD:
            raise TooLarge(431)
