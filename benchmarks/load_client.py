"""Many students in one process, a thread and a kept connection each: take tests over HTTP, without a pause.

Reads one `Share` of JSON a line, writes one `Seen` a line. Nothing that goes wrong stops it: it is counted.
"""

import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from benchmarks.floor_client import Connection, Test
from benchmarks.serving import FLOOR, QUESTIONS, SUBMIT


class Share(msgspec.Struct):
    """What the students of one process do in a round. `tests` of the floor were started before, for each."""

    students: list[str]
    authorization: str
    pool_id: str
    concepts: int
    tests: list[Test] = []  # empty: each student starts a test, over HTTP

    @property
    def is_floor(self) -> bool:
        return bool(self.tests)


class Seen(msgspec.Struct):
    """Seconds of the requests that went well; what went wrong, in words."""

    starts: list[float] = []
    answers: list[float] = []
    errors: list[str] = []


class Student:
    """With one connection, kept from test to test."""

    def __init__(self, port: int) -> None:
        self.connection = Connection(port)

    def take(self, share: Share, number: int) -> Seen:
        """One whole test."""
        seen = Seen()
        try:
            self.connection.ready()
            if share.is_floor:
                test, path = share.tests[number], FLOOR
            else:
                test, path = self._start(share, number, seen), SUBMIT
            question_id: str | None = test.question_id
            for answered in range(QUESTIONS):
                body = {
                    "session_id": test.session_id,
                    "question_id": question_id,
                    "response": answered % 2,
                    "response_time_ms": 8200,
                    **({"answered": answered, "concepts": share.concepts} if share.is_floor else {}),
                }
                reply = self._post(path, f"Session {test.token}", body, seen.answers)
                question_id = reply["next_question"]["id"] if reply["status"] == "continue" else None
        except Exception as error:  # whatever it is, it is a student who was not served
            self.connection.socket = None
            seen.errors.append(f"{type(error).__name__}: {error}")
        return seen

    def _start(self, share: Share, number: int, seen: Seen) -> Test:
        criteria = {"type": "fixed_length", "max_questions": QUESTIONS}
        body = {
            "student_id": share.students[number],
            "question_pool_id": share.pool_id,
            "end_criteria": criteria,
        }
        reply = self._post("/api/test/start", share.authorization, body, seen.starts)
        return Test(reply["session_id"], reply["session_token"], reply["next_question"]["id"])

    def _post(self, path: str, authorization: str, body: Mapping[str, object], seconds: list[float]) -> Any:
        content = msgspec.json.encode(body)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        begun = time.perf_counter()
        status, reply = self.connection.exchange(head.encode() + content)
        taken = time.perf_counter() - begun
        if status != b"200":
            raise RuntimeError(f"{path} answered {status!r}: {reply!r}")
        seconds.append(taken)
        return msgspec.json.decode(reply)


def main() -> None:
    port, most = int(sys.argv[1]), int(sys.argv[2])
    students = [Student(port) for _ in range(most)]
    decoder = msgspec.json.Decoder(Share)
    with ThreadPoolExecutor(most) as threads:
        for line in sys.stdin.buffer:
            share = decoder.decode(line)
            count = len(share.students)
            taken = list(threads.map(lambda n, share=share: students[n].take(share, n), range(count)))
            together = Seen(
                [each for seen in taken for each in seen.starts],
                [each for seen in taken for each in seen.answers],
                [each for seen in taken for each in seen.errors],
            )
            sys.stdout.buffer.write(msgspec.json.encode(together) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
