"""All that can happen to a test, in any order, beside a model that knows no server (chaos/model.py)."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone
from django_redis import get_redis_connection
from hypothesis import HealthCheck, strategies
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from rest_framework.test import APIClient

from chaos.model import Given, Sitting
from chaos.undisturbed import Known
from sessions_app.administration import cleanup
from sessions_app.conftest import Reply, browser_of, client_with
from sessions_app.models import StudentProficiency, TestSession
from sessions_app.sitting import hot_state
from sessions_app.tests.factories import make_pool, make_token, question
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision
from testing_engine.versions import revise_question

RULES = {"strategy": {"name": "randomesque", "count": 5}, "max_questions": 4}
CONCEPTS = 2
BEGIN = datetime(2030, 1, 1, 10, tzinfo=UTC)
LEFT_FOR = timedelta(minutes=30)  # then a test expires
NOBODY_LISTENS = "redis://127.0.0.1:1/0"
OPTIONS = strategies.sampled_from([None, 0, 1, 2, 3])


class Life(RuleBasedStateMachine):
    """`api`, `pool` and `settings` are set by the test."""

    api: APIClient
    pool: QuestionPool
    settings: LazySettings
    sittings = Bundle("sittings")

    def __init__(self) -> None:
        super().__init__()
        self.students = [f"student-{uuid.uuid4()}" for _ in range(2)]
        self.known = {student: Known({}) for student in self.students}
        self.all: list[Sitting] = []
        self.old_states: dict[bytes, bytes] = {}
        self.redis_settings = self.settings.CACHES
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.now = self.clock.start()

    def teardown(self) -> None:
        self.redis_returns()
        for sitting in self.all:
            self.end(sitting)
        self.clock.stop()
        get_redis_connection("default").flushdb()

    # --- What clients do --------------------------------------------------------------------------------

    @rule(target=sittings, student=strategies.integers(0, 1))
    def start(self, student: int) -> Sitting:
        student_id, key = self.students[student], str(uuid.uuid4())
        body = {"student_id": student_id, "question_pool_id": str(self.pool.pk), "rules": RULES}
        reply = self.good(self.api.post("/api/test/start", body, headers={"Idempotency-Key": key}))
        session = TestSession.objects.get(pk=reply["session_id"])
        self.pool.refresh_from_db()
        assert session.revision_id == self.pool.current_revision_id
        sitting = Sitting(
            student_id,
            key,
            body,
            load_revision(session.revision_id),
            CatRules.from_json(RULES),
            self.known[student_id],
            session.seed,
            reply,
            timezone.now(),
        )
        assert reply["ability"] == sitting.told
        assert reply["next_question"]["id"] == sitting.waiting
        self.all.append(sitting)
        return sitting

    @rule(sitting=sittings)
    def repeat_the_start(self, sitting: Sitting) -> None:
        headers = {"Idempotency-Key": sitting.key}
        assert self.good(self.api.post("/api/test/start", sitting.body, headers=headers)) == sitting.started
        other = {**sitting.body, "rules": {**RULES, "max_questions": 9}}
        self.refused(self.api.post("/api/test/start", other, headers=headers), "idempotency_key_reused")

    @rule(sitting=sittings, option=OPTIONS, has_key=strategies.booleans(), is_browser=strategies.booleans())
    def answer(self, sitting: Sitting, option: int | None, has_key: bool, is_browser: bool) -> None:
        waiting = sitting.waiting
        if waiting is None:
            return
        key = f"key-{len(sitting.given)}" if has_key else None
        response = self.submit(sitting, waiting, option, key, is_browser=is_browser)
        if sitting.status != "active":
            self.refused(response, "session_not_active")
            return
        reply = self.good(response)
        sitting.given.append(Given(waiting, option, key, reply))
        sitting.last_activity = max(sitting.last_activity, timezone.now())
        assert reply["ability"] == sitting.told
        if sitting.waiting is None:
            sitting.status = "completed"
        else:
            assert (reply["next_question"]["id"], reply["questions_answered"]) == (
                sitting.waiting,
                len(sitting.given),
            )
        assert reply["status"] == ("continue" if sitting.status == "active" else "completed")
        known = self.known[sitting.student_id].abilities
        self.known[sitting.student_id] = Known({**known, **sitting.found()})

    @rule(sitting=sittings, number=strategies.integers(0, 3), is_browser=strategies.booleans())
    def repeat_an_answer(self, sitting: Sitting, number: int, is_browser: bool) -> None:
        if number >= len(sitting.given):
            return
        given = sitting.given[number]
        other = 0 if given.option != 0 else 1
        if given.key is not None:
            again = self.submit(sitting, given.question_id, given.option, given.key, is_browser=is_browser)
            assert self.good(again) == given.reply
            self.refused(self.submit(sitting, given.question_id, other, given.key), "idempotency_key_reused")
        for option in (given.option, other):
            refusal = self.submit(sitting, given.question_id, option, None, is_browser=is_browser)
            self.refused(refusal, "already_submitted")
            current = sitting.waiting if sitting.status == "active" else None
            assert refusal.json()["current_question_id"] == current

    @rule(sitting=sittings, is_browser=strategies.booleans())
    def look(self, sitting: Sitting, is_browser: bool) -> None:
        client = browser_of(sitting.started) if is_browser else self.api
        told = self.good(client.get(f"/api/test/status/{sitting.session_id}"))
        assert (told["status"], told["ability"]) == (sitting.status, sitting.told)
        assert told["questions_answered"] == len(sitting.given)
        waiting = sitting.waiting if sitting.status == "active" else None
        assert (told["next_question"] or {}).get("id") == waiting

    @rule(sitting=sittings)
    def end(self, sitting: Sitting) -> None:
        for _ in range(2):
            told = self.good(self.api.post(f"/api/test/end/{sitting.session_id}"))
            if sitting.status == "active":
                sitting.status = "ended"
            assert (told["status"], told["ability"]) == (sitting.status, sitting.told)
            assert told["total_questions"] == len(sitting.given)

    # --- What happens to them ---------------------------------------------------------------------------

    @rule(minutes=strategies.sampled_from([-10, 1, 20, 31]))
    def time_passes(self, minutes: int) -> None:
        self.now.shift(timedelta(minutes=minutes))

    @rule()
    def clean_up(self) -> None:
        left = [
            sitting
            for sitting in self.all
            if sitting.status == "active" and sitting.last_activity <= timezone.now() - LEFT_FOR
        ]
        # Not over HTTP: there PostgreSQL's clock decides, and that one does not move here.
        assert cleanup.end_inactive(now=timezone.now()) == len(left)
        for sitting in left:
            sitting.status = "expired"

    @rule(index=strategies.integers(0, 29), difficulty=strategies.sampled_from([-1.5, 0.0, 1.5]))
    def edit_a_question(self, index: int, difficulty: float) -> None:
        concepts = [float(index % CONCEPTS == k) for k in range(CONCEPTS)]
        changed = {"questions": [question(index, concepts, difficulty=difficulty)]}
        revise_question(self.pool, parse_pool(changed).questions[0])

    @rule()
    def redis_is_flushed(self) -> None:
        if self.settings.CACHES is self.redis_settings:
            get_redis_connection("default").flushdb()

    @rule()
    def redis_is_saved(self) -> None:
        if self.settings.CACHES is self.redis_settings:
            redis = get_redis_connection("default")
            self.old_states |= {key: redis.get(key) for key in redis.keys("session:*:state")}

    @rule()
    def redis_is_set_back(self) -> None:
        """Every state that was ever saved comes back, however old, of tests that are over, too."""
        if self.settings.CACHES is self.redis_settings:
            redis = get_redis_connection("default")
            for key, state in self.old_states.items():
                redis.set(key, state, ex=100)

    @rule()
    def redis_goes(self) -> None:
        self.settings.CACHES = {"default": {**self.redis_settings["default"], "LOCATION": NOBODY_LISTENS}}

    @rule()
    def redis_returns(self) -> None:
        """With what it held."""
        self.settings.CACHES = self.redis_settings

    @rule()
    def another_process_takes_over(self) -> None:
        """It knows nothing of an outage that this one met."""
        hot_state.forget_outage()

    # --- What is true at every moment -----------------------------------------------------------------------

    @invariant()
    def rows_are_the_model(self) -> None:
        sessions = TestSession.objects.prefetch_related("responses").in_bulk(
            [uuid.UUID(sitting.session_id) for sitting in self.all]
        )
        assert TestSession.objects.filter(student__external_id__in=self.students).count() == len(self.all)
        for sitting in self.all:
            row = sessions[uuid.UUID(sitting.session_id)]
            assert (row.status, row.questions_answered) == (sitting.status, len(sitting.given))
            assert {"theta": row.theta, "standard_error": row.standard_error} == sitting.ability
            stored = [
                (each.position, sitting.revision.positions_by_key[each.question_id], each.answer, each.score)
                for each in row.responses.all()
            ]
            assert stored == [
                (number, sitting.revision.positions[given.question_id], given.option, score)
                for number, (given, score) in enumerate(zip(sitting.given, sitting.scores, strict=True), 1)
            ]
            assert row.started_at <= (row.completed_at or row.started_at)
        for student in self.students:
            rows = StudentProficiency.objects.now().filter(student__external_id=student)
            found = {each.concept_name: (each.theta_now, each.standard_error_now) for each in rows}
            assert found == self.known[student].abilities

    # --- Sending ------------------------------------------------------------------------------------------

    def submit(
        self,
        sitting: Sitting,
        question_id: str,
        option: int | None,
        key: str | None,
        *,
        is_browser: bool = False,
    ) -> Reply:
        client = browser_of(sitting.started) if is_browser else self.api
        body = {"session_id": sitting.session_id, "question_id": question_id, "response": option}
        return client.post("/api/test/submit", body, headers={} if key is None else {"Idempotency-Key": key})

    def good(self, response: Reply) -> Any:
        assert response.status_code == 200, response.json()
        return response.json()

    def refused(self, response: Reply, code: str) -> None:
        assert (response.status_code, response.json()["code"]) == (409, code)


@pytest.fixture
def life(transactional_db: None, settings: LazySettings) -> Iterator[type[Life]]:
    settings.REDIS_PAUSE_AFTER_FAILURE = 0.0
    settings.RATE_LIMIT_CLIENT_PER_MINUTE = settings.RATE_LIMIT_SESSION_PER_MINUTE = 10**9
    settings.SESSION_TOKEN_MAX_AGE = 10**9
    pool = make_pool(questions=30, concepts=CONCEPTS)
    with time_machine.travel(BEGIN, tick=False):
        api = client_with(f"Token {make_token()}")
    yield type("Life", (Life,), {"api": api, "pool": pool, "settings": settings})
    hot_state.forget_outage()


@pytest.mark.long
def test_it_is_the_model_whatever_happens(life: type[Life], request: pytest.FixtureRequest) -> None:
    examples, steps = (1000, 50) if request.config.getoption("--deep") else (12, 25)
    run_state_machine_as_test(
        life,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
