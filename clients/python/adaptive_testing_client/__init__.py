"""Take computerised adaptive tests over REST: start, answer until it is over, read the result.

Every write carries an idempotency key, and is tried again where the network or the service fails: so an
answer counts once, whatever was lost on the way.
"""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import httpx

__all__ = ["AdaptiveTesting", "Answer", "Json", "Problem", "Test"]

Json = dict[str, Any]
# An option's index or text, response variables, or "I don't know".
Answer = int | str | Mapping[str, Any] | None

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds
PASSING = {429, 502, 503, 504}  # statuses that another try may not meet
PASSING_CODES = {"submission_in_progress"}
RUNS = {"started", "continue", "active"}  # what a reply about a running test has as `status`
PAUSED = "session_paused"
LOOK_EVERY = 5.0  # seconds between two looks at a test that is paused


class Problem(Exception):
    """The service refused; nothing was changed. `errors`: each field (a JSON pointer) and the reason."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.detail = str(body.get("detail", ""))
        self.errors: list[Json] = list(body.get("errors") or ())
        self.body = dict(body)
        fields = "; ".join(f"{each.get('pointer')}: {each.get('detail')}" for each in self.errors)
        super().__init__(f"{status} {self.code}: {self.detail}" + (f" ({fields})" if fields else ""))


class AdaptiveTesting:
    """The service, as one API client sees it. Safe to use from several threads."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        patience: float = 60.0,
        timeout: float = 15.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`patience`: seconds of trying again in all, for one call; `timeout`: of one request."""
        self.patience = patience
        headers = {"Authorization": f"Token {token}"}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> "AdaptiveTesting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def start(self, student_id: str, **fields: Any) -> "Test":
        """Begin a test; raises `Problem`.

        `fields` as in `POST /api/v1/test/start`: `test`, or `question_pool_id`, `end_criteria` or `rules`,
        `concept_names`.
        """
        return Test(self, self.post("/api/v1/test/start", {"student_id": student_id, **fields}))

    def resume(self, session_id: str) -> "Test":
        """A test that was begun before. Raises `Problem`."""
        return Test(self, self.get(f"/api/v1/test/status/{session_id}"), session_id)

    def get(self, path: str, **parameters: Any) -> Json:
        """Any reply of the API. Raises `Problem`, and `httpx.TransportError` where nobody answers."""
        return self._send("GET", path, params=parameters)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Json:
        """Send a body; the same `key` again is the same request again, a new one unless it is given."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self._send("POST", path, json=dict(body or {}), headers=headers)

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """As it is to be; the same again changes nothing more."""
        return self._send("PUT", path, json=dict(body or {}))

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        """What is to be otherwise; the same again changes nothing more."""
        return self._send("PATCH", path, json=dict(body))

    def delete(self, path: str) -> Json:
        """Take away. Where the first reply was lost, what is gone already is a `Problem` with status 404."""
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, **options: Any) -> Json:
        until, wait = time.monotonic() + self.patience, FIRST_WAIT
        while True:
            asked = wait * random.uniform(0.5, 1.0)  # noqa: S311  so that many clients do not come at once
            try:
                reply = self._http.request(method, path, **options)
            except httpx.TransportError:
                if time.monotonic() + asked > until:
                    raise
            else:
                if reply.is_success:
                    found: Json = reply.json() if reply.content else {}
                    return found
                problem = _problem_in(reply)
                asked = max(asked, _seconds(reply.headers.get("Retry-After")))
                is_passing = problem.status in PASSING or problem.code in PASSING_CODES
                if not is_passing or time.monotonic() + asked > until:
                    raise problem
            time.sleep(asked)
            wait = min(2 * wait, LONGEST_WAIT)


class Test:
    """One student's test. `standing` is the newest reply about it."""

    __test__ = False  # pytest: no test of yours

    def __init__(self, service: AdaptiveTesting, standing: Json, session_id: str | None = None) -> None:
        self._service = service
        self.standing = standing
        self.session_id: str = session_id or standing["session_id"]

    @property
    def question(self) -> Json | None:
        """The question that waits for an answer; None when the test is over, or paused."""
        return self.standing.get("next_question")

    @property
    def is_over(self) -> bool:
        return self.standing.get("status") not in RUNS

    @property
    def is_paused(self) -> bool:
        """Its clock stands still, and it has no question until it goes on."""
        return not self.is_over and self.question is None

    def submit(self, response: Answer, *, response_time_ms: int | None = None) -> Json | None:
        """Answer the question; returns the next one, None where there is none (`is_over`, `is_paused`).

        Raises `Problem`.
        """
        if self.question is None:
            raise ValueError("the test is over" if self.is_over else "the test is paused")
        body: Json = {"session_id": self.session_id, "question_id": self.question["id"], "response": response}
        if response_time_ms is not None:
            body["response_time_ms"] = response_time_ms
        self.standing = self._service.post("/api/v1/test/submit", body)
        return self.question

    def take(self, answer: Callable[[Json], Answer]) -> Json:
        """Answer until the test is over; returns its result. `answer` is given each question.

        While the test is paused, it waits until somebody lets it go on, or the pause ends by itself.
        """
        while not self.is_over:
            if self.question is None:
                time.sleep(LOOK_EVERY)
                self.status()
                continue
            try:
                self.submit(answer(self.question))
            except Problem as problem:
                if problem.code != PAUSED:
                    raise
                self.status()
        return self.result()

    def pause(self) -> Json:
        """Let its clock stand still, as its rules allow the student. Raises `Problem`."""
        self.standing = self._service.post(f"/api/v1/test/{self.session_id}/pause")
        return self.standing

    def go_on(self) -> Json:
        """Let the clock of a paused test run again. Raises `Problem`."""
        self.standing = self._service.post(f"/api/v1/test/{self.session_id}/continue")
        return self.standing

    def status(self) -> Json:
        """Where the test stands. Raises `Problem`."""
        self.standing = self._service.get(f"/api/v1/test/status/{self.session_id}")
        return self.standing

    def end(self) -> Json:
        """End it early, with its result so far. Raises `Problem`."""
        self.standing = self._service.post(f"/api/v1/test/end/{self.session_id}")
        return self.standing

    def result(self) -> Json:
        """Of a test that is over. Raises `Problem`."""
        return self._service.get(f"/api/v1/test/result/{self.session_id}")


def _problem_in(reply: httpx.Response) -> Problem:
    try:
        body = reply.json()
    except ValueError:  # a proxy's own page
        body = {}
    return Problem(reply.status_code, body if isinstance(body, dict) else {})


def _seconds(header: str | None) -> float:
    """What `Retry-After` says; 0 for a date or nothing."""
    return float(header) if header is not None and header.isdigit() else 0.0
