"""A connection's bytes on their way in and out, so that no thread waits for a client.

The worker's main thread fills `incoming` until a request is whole and gives the connection to one of its
threads. What the thread reads comes from there; what it writes and the client does not take at once stays in
`outgoing`, and the main thread sends it. Of the two threads one at a time holds a connection, so there are
no locks.
"""

import errno
import io
import select
import socket
import time

RECEIVE = 256 * 1024
MOST_OUTGOING = 4 * 1024 * 1024  # bytes; a thread that has written more waits, for streams have no end
PATIENCE = 10.0  # seconds without which nobody is slow
SLOWEST = 4096  # bytes a second beyond that


def patience_for(moved: int) -> float:
    """Seconds that a client may take for so many bytes."""
    return PATIENCE + moved / SLOWEST


class BufferedSocket:
    """What gunicorn takes for the socket. Its reads and writes never block but for streams."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self._read = io.BytesIO()
        self.ended = False  # by the client

    # --- The main thread's side -----------------------------------------------------------------------

    def receive(self) -> int:
        """Take in what has come; returns how much that was. Raises OSError."""
        try:
            data = self.sock.recv(RECEIVE)
        except (BlockingIOError, InterruptedError):
            return 0
        self.incoming += data
        self.ended = self.ended or not data
        return len(data)

    def flush(self) -> int:
        """Send what the client takes of `outgoing`; returns how much that was. Raises OSError."""
        try:
            sent = self.sock.send(self.outgoing)
        except (BlockingIOError, InterruptedError):
            return 0
        del self.outgoing[:sent]
        return sent

    def begin_request(self, end: int) -> None:
        """The first `end` bytes of `incoming` are what the thread may read."""
        self._read = io.BytesIO(bytes(self.incoming[:end]))
        del self.incoming[:end]

    # --- The thread's side, and gunicorn's names ------------------------------------------------------

    def recv(self, size: int) -> bytes:
        """Nothing where the request ends: gunicorn then says what it misses."""
        return self._read.read(size)

    def send(self, data: bytes) -> int:
        """gunicorn says "100 Continue" by this; the main thread has said it already."""
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Raises ConnectionResetError where a client does not take a stream."""
        sent = 0
        if not self.outgoing:
            try:
                sent = self.sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
        if sent < len(data):
            self.outgoing += memoryview(data)[sent:]
        if len(self.outgoing) > MOST_OUTGOING:
            self._wait_for_client()

    def _wait_for_client(self) -> None:
        began, moved = time.monotonic(), 0
        while len(self.outgoing) > MOST_OUTGOING:
            left = began + patience_for(moved) - time.monotonic()
            if left <= 0:
                self.outgoing.clear()
                self.ended = True
                raise ConnectionResetError(errno.ECONNRESET, "The client does not take the reply.")
            writable = select.poll()
            writable.register(self.sock, select.POLLOUT)
            writable.poll(1000 * min(left, 1.0))
            moved += self.flush()

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def gettimeout(self) -> float:
        return 0.0

    def settimeout(self, seconds: float | None) -> None:
        """It never waits."""

    def getsockname(self) -> object:
        return self.sock.getsockname()

    def getpeername(self) -> object:
        return self.sock.getpeername()

    def fileno(self) -> int:
        return self.sock.fileno()

    def shutdown(self, how: int) -> None:
        self.sock.shutdown(how)

    def close(self) -> None:
        """gunicorn gives up: the main thread closes, once it has the connection back."""
        self.ended = True

    def close_now(self) -> None:
        self.sock.close()
