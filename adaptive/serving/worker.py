"""gunicorn's worker of threads, with clients kept away from the threads.

Without this, a thread of gunicorn reads a request and writes its reply at the client's speed: as many silent
connections as there are threads stop a process. Here the main thread reads and writes whatever clients take
their time for, and gives a thread only requests that have arrived whole. Who is too slow, or one of too
many, is closed: the longest wait gives way, so a client that is not slow finds room whatever the others do.
"""

import contextlib
import errno
import socket
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from adaptive.serving.arrival import Arrival, TooLarge
from adaptive.serving.buffers import BufferedSocket, patience_for
from adaptive.serving.succession import succession

MOST_HELD = 64 * 1024 * 1024  # bytes of unfinished requests and replies in one process
LARGE = 64 * 1024  # bytes; a connection that holds less is not closed for its size
LINGER = 2.0  # seconds in which a client may still send before a connection is closed (RFC 9112, 9.6)
STUCK_AFTER = 120.0  # seconds in which no thread came to an end with a request
# Asked by who restarts what is not alive, so answered while every thread waits for PostgreSQL.
LIVENESS = b"GET /health/live "
ALIVE = ("200 OK", "application/json", '{"status": "live"}')
STUCK = ("503 Service Unavailable", "application/json", '{"status": "stuck"}')
REFUSALS = {
    400: ("Bad Request", "incomplete_body", "The request ends before its headers say it does."),
    408: ("Request Timeout", "request_timeout", "The request took too long to arrive."),
    413: ("Content Too Large", "body_too_large", "The body is too large."),
    431: ("Request Header Fields Too Large", "headers_too_large", "The headers are too large."),
}


class Phase(Enum):
    """What a connection waits for that no thread holds."""

    IDLE = "a request"
    ARRIVING = "the rest of a request"
    LEAVING = "the client to take the reply"
    LINGERING = "the client's end"


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """One client."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        self.buffers = BufferedSocket(sock)
        super().__init__(cfg, self.buffers, client, server)
        self.initialized = self.data_ready = True
        self.parser = http.get_parser(cfg, self.buffers, client)
        self.phase: Phase | None = Phase.ARRIVING  # None: a thread has it, or will
        self.arrival: Arrival | None = None
        self.began = time.monotonic()
        self.moved = 0
        self.deadline = self.began + patience_for(0)
        self.watched = False  # by the main thread's poller
        self.counted = 0  # bytes of it in the worker's sum
        self.stays = False  # open after the reply

    @property
    def held(self) -> int:
        return len(self.buffers.incoming) + len(self.buffers.outgoing)

    def enter(self, phase: Phase, patience: float) -> None:
        self.phase, self.began, self.moved = phase, time.monotonic(), 0
        self.deadline = self.began + patience

    def progress(self, moved: int) -> None:
        self.moved += moved
        self.deadline = self.began + patience_for(self.moved)


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Named in docker/gunicorn.conf.py. All but `handle` runs in the main thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: dict[Connection, None] = {}  # in no thread, nor on the way to one
        self.held = 0  # bytes of all connections
        self.most_body = 0
        self.stops_at: float | None = None  # told to, once others take its requests, and no later
        self.at_work = 0  # connections that a thread has, or will
        self.last_progress = time.monotonic()  # of the threads

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl:
            raise RuntimeError("This worker speaks plain HTTP: TLS ends at the proxy.")

    def load_wsgi(self) -> None:
        """Not earlier: before this point gunicorn's worker does not hear that it shall stop."""
        super().load_wsgi()
        from django.conf import settings

        self.most_body = max(settings.POOL_UPLOAD_MAX_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Told to stop while it loads the service, it has nothing to finish.

        Where Python ignores the exception (in callbacks of its collector), it ends when it has loaded. One
        that is replaced goes on until others take its requests, or until it is told a second time.
        """
        if self.booted and self.stops_at is None and not succession.may_stop(self.age):
            self.stops_at = time.monotonic() + self.cfg.graceful_timeout
            return
        super().handle_exit(sig, frame)
        if not self.booted:
            raise SystemExit(0)

    def run(self) -> None:
        succession.note_ready(self.age)
        super().run()

    def is_parent_alive(self) -> bool:
        """Asked once in each turn of the loop, at least every second."""
        if self.stops_at is not None and (succession.may_stop(self.age) or time.monotonic() > self.stops_at):
            self.alive = False
        return bool(super().is_parent_alive())

    # --- From the listener to a thread ----------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        try:
            sock, address = listener.accept()
        except OSError as error:  # mostly: the client is gone, or another process has it
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room(at_least=0)
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, address, listener.getsockname())
        self._wait(conn)
        if self.nr_conns >= self.worker_connections:
            self._make_room(at_least=0)
        self._receive(conn)

    def _receive(self, conn: Connection, _: Any = None) -> None:
        """The client has sent something, or ended."""
        if conn not in self.waiting:  # closed by what happened just before
            return
        try:
            came = conn.buffers.receive()
        except OSError:
            self._close(conn)
            return
        self._count(conn)
        if came and conn.phase is Phase.IDLE:
            conn.enter(Phase.ARRIVING, patience_for(0))
        conn.progress(came)
        self._look(conn)
        if self.held > MOST_HELD:
            self._make_room(at_least=LARGE)

    def _look(self, conn: Connection) -> None:
        """Whether what has come is a request."""
        if conn.arrival is None:
            conn.arrival = Arrival(self.most_body)
        try:
            is_whole = conn.arrival.is_whole(conn.buffers.incoming)
        except TooLarge as refused:
            self._refuse(conn, refused.status)
            return
        if is_whole and conn.buffers.incoming.startswith(LIVENESS):
            self._tell(conn, *(ALIVE if self._is_alive() else STUCK))
        elif is_whole:
            conn.buffers.begin_request(conn.arrival.end or 0)
            conn.arrival = conn.phase = None
            self._stop_waiting(conn)
            if not self.at_work:
                self.last_progress = time.monotonic()
            self.at_work += 1
            self.enqueue_req(conn)
        elif conn.buffers.ended:
            self._refuse(conn, 400) if conn.arrival.head else self._close(conn)
        elif conn.arrival.head and conn.arrival.expects_continue:
            conn.arrival.expects_continue = False
            conn.buffers.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    # --- From a thread to the client ------------------------------------------------------------------

    def finish_request(self, conn: Connection, done: Any) -> None:
        self.at_work -= 1
        self.last_progress = time.monotonic()
        conn.stays = not done.cancelled() and done.exception() is None and bool(done.result())
        conn.stays = conn.stays and not conn.buffers.ended
        conn.enter(Phase.LEAVING, patience_for(0))
        self._wait(conn)
        self._send(conn)

    def _send(self, conn: Connection, _: Any = None) -> None:
        if conn not in self.waiting:
            return
        if conn.buffers.outgoing:
            try:
                conn.progress(conn.buffers.flush())
            except OSError:
                self._close(conn)
                return
            self._count(conn)
        if conn.buffers.outgoing:
            self._watch(conn, EVENT_WRITE, self._send)
        elif conn.stays:
            conn.enter(Phase.IDLE, self.cfg.keepalive if self.alive else LINGER)
            self._watch(conn, EVENT_READ, self._receive)
            if conn.buffers.incoming:  # the next request came with the last one
                conn.enter(Phase.ARRIVING, patience_for(0))
                self._look(conn)
        else:
            self._linger(conn)

    def _refuse(self, conn: Connection, status: int) -> None:
        """The request is not whole."""
        reason, code, detail = REFUSALS[status]
        body = (
            f'{{"type": "about:blank", "title": "{reason}", "status": {status}, '
            f'"detail": "{detail}", "code": "{code}"}}'
        )
        self.log.info("Refused a request that was not whole: %s", code)
        self._tell(conn, f"{status} {reason}", "application/problem+json", body)

    def _tell(self, conn: Connection, status: str, kind: str, body: str) -> None:
        """A reply without the service, and the connection's end."""
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            conn.buffers.sendall((head + body).encode())
        self._linger(conn)

    def _is_alive(self) -> bool:
        """Whether the threads come to an end with what they have: waiting for PostgreSQL they do."""
        return not self.at_work or time.monotonic() - self.last_progress < STUCK_AFTER

    def _linger(self, conn: Connection) -> None:
        """Say that nothing more comes, and take in what still comes: the client may miss the reply else."""
        conn.buffers.incoming.clear()
        conn.buffers.outgoing.clear()
        self._count(conn)
        conn.enter(Phase.LINGERING, LINGER)
        try:
            conn.buffers.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        if conn.buffers.ended:
            self._close(conn)
        else:
            self._watch(conn, EVENT_READ, self._discard)

    def _discard(self, conn: Connection, _: Any = None) -> None:
        if conn not in self.waiting:
            return
        try:
            conn.buffers.receive()
        except OSError:
            conn.buffers.ended = True
        conn.buffers.incoming.clear()
        if conn.buffers.ended:
            self._close(conn)

    # --- Who waits ------------------------------------------------------------------------------------

    def _wait(self, conn: Connection) -> None:
        self.waiting[conn] = None
        self._count(conn)
        if conn.phase is not Phase.LEAVING:
            self._watch(conn, EVENT_READ, self._receive)

    def _watch(self, conn: Connection, events: int, call: Callable[..., None]) -> None:
        if conn.watched:
            self.poller.modify(conn.buffers, events, partial(call, conn))
        else:
            self.poller.register(conn.buffers, events, partial(call, conn))
        conn.watched = True

    def _stop_waiting(self, conn: Connection) -> None:
        del self.waiting[conn]
        if conn.watched:
            self.poller.unregister(conn.buffers)
            conn.watched = False

    def _count(self, conn: Connection) -> None:
        """What a thread has counts as it was, until the thread is done."""
        self.held += conn.held - conn.counted
        conn.counted = conn.held

    def _close(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        self.held -= conn.counted
        self.nr_conns -= 1
        conn.buffers.close_now()

    def _make_room(self, at_least: int) -> None:
        """Close what has held so many bytes or more for longest; what is unfinished before what is idle."""
        found = [conn for conn in self.waiting if conn.held >= at_least]
        if found:
            longest = min(found, key=lambda conn: (conn.phase is Phase.IDLE, conn.began))
            self.log.info("Closed a client to make room for others; it had waited for %s", longest.phase)
            self._close(longest)

    def murder_keepalived(self, force: bool = False) -> None:
        """gunicorn's name for: close whose time is over."""
        now = time.monotonic()
        for conn in [conn for conn in self.waiting if force or conn.deadline <= now]:
            if conn.phase is Phase.ARRIVING and conn.buffers.incoming and not force:
                self._refuse(conn, 408)
            else:
                self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """A worker that stops waits for no new request, and goes on with what it has begun."""
        for conn in self.waiting:
            if conn.phase is Phase.IDLE:
                conn.deadline = min(conn.deadline, deadline)
