"""One client, in a process of its own: takes tests over one kept connection, as fast as the server answers.

A bare socket, because on a machine with few cores an HTTP library takes the time that it should measure.
Reads one `Round` of JSON a line, writes the seconds of its requests as one line.
"""

import socket
import sys
import time
from collections.abc import Mapping

import msgspec


class Test(msgspec.Struct):
    session_id: str
    token: str
    question_id: str


class Round(msgspec.Struct):
    path: str
    concepts: int
    questions: int
    tests: list[Test]


class Connection:
    def __init__(self, port: int) -> None:
        self.address = ("127.0.0.1", port)
        self.socket: socket.socket | None = None

    def ready(self) -> None:
        """Open, and known to the server: gunicorn closes a connection that was idle for long."""
        request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        try:
            self.exchange(request)
        except OSError:
            self.socket = socket.create_connection(self.address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.exchange(request)

    def exchange(self, request: bytes) -> tuple[bytes, bytes]:
        """Status and body."""
        if self.socket is None:
            raise ConnectionError
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self._receive()
        return head[9:12], body

    def _receive(self) -> bytes:
        assert self.socket is not None
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError
        return received


def take(connection: Connection, asked: Round, test: Test) -> list[float]:
    """Answer every question of a test; seconds of each."""
    seconds = []
    question_id = test.question_id
    for answered in range(asked.questions):
        body = {
            "session_id": test.session_id,
            "question_id": question_id,
            "response": answered % 2,
            "response_time_ms": 8200,
        }
        if asked.path.endswith("floor"):
            body |= {"answered": answered, "concepts": asked.concepts}
        took, reply = post(connection, asked.path, f"Session {test.token}", body)
        seconds.append(took)
        decoded = msgspec.json.decode(reply)
        question_id = decoded["next_question"]["id"] if decoded["status"] == "continue" else ""
    return seconds


def begin(connection: Connection, asked: Round, test: Test) -> list[float]:
    """Start so many tests of the pool for other students, by a client's token; seconds of each."""
    criteria = {"type": "fixed_length", "max_questions": asked.questions}
    seconds = []
    for number in range(asked.questions):
        student = f"{test.session_id}-{number}"
        body = {"student_id": student, "question_pool_id": test.question_id, "end_criteria": criteria}
        took, _ = post(connection, asked.path, f"Token {test.token}", body)
        seconds.append(took)
    return seconds


def look(connection: Connection, asked: Round, test: Test) -> list[float]:
    """Ask as often where a test stands; seconds of each."""
    path = f"{asked.path}/{test.session_id}"
    return [send(connection, "GET", path, f"Session {test.token}")[0] for _ in range(asked.questions)]


def post(
    connection: Connection, path: str, authorization: str, body: Mapping[str, object]
) -> tuple[float, bytes]:
    """Seconds until the reply was there, and the reply."""
    return send(connection, "POST", path, authorization, msgspec.json.encode(body))


def send(
    connection: Connection, method: str, path: str, authorization: str, content: bytes = b""
) -> tuple[float, bytes]:
    """The same with a body that is ready."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    begun = time.perf_counter()
    status, reply = connection.exchange(head.encode() + content)
    seconds = time.perf_counter() - begun
    if status != b"200":
        raise RuntimeError(f"{path} answered {status!r}: {reply!r}")
    return seconds, reply


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    decoder = msgspec.json.Decoder(Round)
    for line in sys.stdin.buffer:
        asked = decoder.decode(line)
        connection.ready()
        way = {"start": begin, "status": look}.get(asked.path.rpartition("/")[2], take)
        seconds = [each for test in asked.tests for each in way(connection, asked, test)]
        sys.stdout.buffer.write(msgspec.json.encode(seconds) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
