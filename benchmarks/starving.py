"""What a client waits for its `start`, quiet and while another client tries to take everything."""

import argparse
import http.client
import json
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks import durable_services
from benchmarks.serving import prepare, serve

DEAR, SILENT = 16, 32
PATIENCE = 10.0  # seconds
CUTS = [k / 5 - 2 for k in range(20)]
UNDECIDED = {"name": "classification", "cuts": CUTS, "probability": 0.9999}
EVERYTHING = {"name": "all", "rules": [UNDECIDED, *[{"name": "PSER"}] * 10]}
DEAR_RULES: dict[str, Any] = {
    "prior": {"name": "uniform", "lower": -20, "upper": 20},
    "criterion": {"name": "MEI", "update": "MAP"},
    "stop": [EVERYTHING] * 5,
    "max_questions": 40,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starving", description=__doc__)
    parser.add_argument(
        "--starts", type=int, default=40, help="starts that are timed for each row (%(default)s)"
    )
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    options = parser.parse_args()
    starts = 3 if options.tiny else options.starts
    with durable_services() as folder:
        from sessions_app.administration.api_clients import make_token

        pool = str(prepare(folder)[1].pk)
        attacker, other = (make_token(name, ["deliver"], None) for name in ("attacker", "other"))
        with serve(folder, CLIENT_REQUESTS_AT_ONCE="4") as (port, _):
            start(port, other, pool)  # reads the pool
            attacks: dict[str, Callable[[], Any]] = {
                "quiet": ExitStack,
                f"{DEAR} dear answers": lambda: dear_answers(port, attacker, pool),
                f"{SILENT} half headers": lambda: silent(port, b"GET / HTTP/1.1\r\nHost: x\r\nX"),
                f"{SILENT} half bodies": lambda: silent(port, HALF_BODY),
                f"{SILENT} unread replies": lambda: silent(port, UNREAD),
            }
            print("| while | median, ms | largest, ms | not served |\n| --- | --- | --- | --- |")
            return max(
                report(name, attack, lambda: start(port, other, pool), starts)
                for name, attack in attacks.items()
            )


HALF_BODY = b"POST /api/test/start HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"
UNREAD = b"GET /api/schema HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def report(name: str, attack: Callable[[], Any], timed: Callable[[], tuple[int, float]], starts: int) -> int:
    """A row; 1 where somebody was not served."""
    with attack():
        time.sleep(0.5)
        replies = [timed() for _ in range(starts)]
    times = [1000 * seconds for _, seconds in replies]
    lost = sum(status != 200 for status, _ in replies)
    print(f"| {name} | {statistics.median(times):.1f} | {max(times):.1f} | {lost} of {starts} |", flush=True)
    return int(lost > 0)


def start(port: int, token: str, pool: str, rules: dict[str, Any] | None = None) -> tuple[int, float]:
    """Status (0: none came) and seconds."""
    began = time.perf_counter()
    body = {"student_id": f"s{began}", "question_pool_id": pool, **({"rules": rules} if rules else {})}
    try:
        status, _ = post(port, token, "/api/test/start", body)
    except OSError:
        status = 0
    return status, time.perf_counter() - began


def post(port: int, token: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        headers = {"Authorization": f"Token {token}"}
        client.request("POST", path, json.dumps(body), headers)
        reply = client.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        client.close()


@contextmanager
def dear_answers(port: int, token: str, pool: str) -> Iterator[None]:
    """So many threads that answer without a pause, each in a test of its own, started before."""
    over = threading.Event()
    body = {"question_pool_id": pool, "rules": DEAR_RULES}
    tests = [post(port, token, "/api/test/start", {**body, "student_id": f"dear {k}"}) for k in range(DEAR)]
    assert all(status == 200 for status, _ in tests), tests[0]
    threads = [threading.Thread(target=answer, args=(port, token, told, over)) for _, told in tests]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def answer(port: int, token: str, told: dict[str, Any], over: threading.Event) -> None:
    session, question = told["session_id"], told["next_question"]
    while question is not None and not over.is_set():
        body = {"session_id": session, "question_id": question["id"], "response": 0}
        try:
            status, told = post(port, token, "/api/test/submit", body)
        except OSError:
            continue
        if status == 200:
            question = told.get("next_question")
        elif status == 409:
            return


@contextmanager
def silent(port: int, sent: bytes) -> Iterator[None]:
    """Connections that send so much and then nothing, and never read."""
    with ExitStack() as open_ones:
        for _ in range(SILENT):
            open_ones.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(sent)
        yield


if __name__ == "__main__":
    sys.exit(main())
