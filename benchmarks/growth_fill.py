"""A service that has been in use for a while, by COPY: sessions, answers, events, students, invitations.

One session began each second, the newest now. 5 in 100 run, 1 expired, 2 were ended early, the others are
complete. Each student took two tests. Half of all sessions are of the named test `exam`; `class` has a
constant number of them. What is written is what the service's columns hold, but the links of the audit chain
are not computed: nothing here is for `verify_audit` or replay.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from benchmarks.twins import run, unchecked

ANSWERS = 10
CLASS = 30  # sessions of the named test `class`
TESTS_A_STUDENT = 2
CLIENT = "growth-client"  # who started them all
STAFF = "growth-staff"
INVITED = 10  # of a hundred sessions
_TABLES = (
    "students",
    "test_sessions",
    "test_responses",
    "session_events",
    "student_proficiencies",
    "invitations",
)
_COUNTS = (
    "answer_counts",
    "result_counts",
    "fit_sums",
    "hour_counts",
    "sessions_to_count",
    "ability_counts",
    "ability_changes",
)
FOLDED_AT_ONCE = 50_000  # sessions
_PLAIN_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes JOIN pg_index ON indexrelid = indexname::regclass
WHERE tablename = ANY(%(tables)s) AND NOT indisunique
"""
_LINK = r"\\x00000000000000000000000000000000"
_DRAWN = random.Random(13)  # abilities, so that tests are told apart
_THETAS = [f"{{{','.join(f'{_DRAWN.gauss():.6f}' for _ in range(5))}}}" for _ in range(4999)]
_ERRORS = [f"{{{','.join([f'{1 - 0.06 * place:.2f}'] * 5)}}}" for place in range(1, ANSWERS + 1)]
_FAMILY = "Abel", "Baum", "Curie", "Diaz", "Ebner", "Franz", "Gauss", "Hopper", "Ida", "Jung"


def prepare() -> None:
    """What every size has alike: accounts, a pool, two named tests, and a session of the service's own."""
    from django.contrib.auth.models import Permission, User

    from benchmarks.floor_sessions import publish_demo, start
    from sessions_app.models import NamedTest

    User.objects.create_user(CLIENT).user_permissions.set(Permission.objects.all())
    User.objects.create_superuser(STAFF)
    pool = publish_demo(5)
    start(pool, ANSWERS)
    rules = {"max_questions": ANSWERS}
    for name in ("exam", "class"):
        NamedTest.objects.create(name=name, title=name.title(), pool=pool, rules=rules)


def fill(sessions: int, *, now: datetime) -> None:
    """So many sessions with `ANSWERS` answers each, and what belongs to them. Ids start at one million."""
    from django.contrib.auth.models import User

    from sessions_app.counting import folding
    from sessions_app.models import NamedTest, TestSession

    one = TestSession.objects.select_related("revision").get()
    questions = list(one.revision.questions.order_by("pk").values_list("pk", flat=True))
    scale = one.revision.pool.scale_id
    concepts = one.revision.pool.concept_names
    tests = dict(NamedTest.objects.values_list("name", "pk"))
    client = User.objects.get(username=CLIENT)
    references = client.pk, one.revision_id, one.plan_id
    students = range(1_000_000, 1_000_000 + max(1, sessions // TESTS_A_STUDENT))
    made = [_Made(number, sessions, students, tests, now) for number in range(sessions)]
    with unchecked(), _without_indexes():
        _copy("students (id, external_id, name, email, grade_level, created_at)", _students(students, now))
        _copy(_SESSION, (_session(each, references, questions) for each in made))
        _copy(_ANSWER, _answers(made, questions))
        _copy(_EVENT, _events(made))
        _copy(_PROFICIENCY, _proficiencies(students, concepts, scale, now))
        _copy(
            "invitations (test_id, student_id, issue, created_at)",
            ((tests["exam"], pk, 1, now) for pk in students[: sessions * INVITED // 100]),
        )
    folding.begin_anew()  # no trigger fired
    for name in _TABLES:
        run(f"VACUUM ANALYZE {name}")
    folding.fold(float("inf"), batch=FOLDED_AT_ONCE)
    for name in _COUNTS:
        run(f"VACUUM ANALYZE {name}")
    run("CHECKPOINT")


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Indexes that are no constraint's are built when the rows are there."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_PLAIN_INDEXES, {"tables": list(_TABLES)})
        found = cursor.fetchall()
    for name, _ in found:
        run(f'DROP INDEX "{name}"')
    yield
    run("SET maintenance_work_mem = '512MB'")
    for _, definition in found:
        run(definition)
    run("RESET maintenance_work_mem")


class _Made:
    """One session, before it is a row."""

    __slots__ = ("ended", "pk", "seed", "started", "status", "student", "test")

    def __init__(
        self, number: int, sessions: int, students: range, tests: dict[str, int], now: datetime
    ) -> None:
        self.pk = uuid.UUID(int=random.getrandbits(128), version=4)
        self.seed = number
        self.student = students[number % len(students)]
        self.started = now - timedelta(seconds=number)
        self.status = _status_of(number, sessions)
        self.ended = None if self.status == "active" else self.started + timedelta(minutes=5)
        every = max(1, sessions // CLASS)
        name = "class" if number % every == 0 and number // every < CLASS else "exam" if number % 2 else None
        self.test = tests[name] if name else None


def _status_of(number: int, sessions: int) -> str:
    if number < sessions // 20:
        return "active"
    return "expired" if number % 100 == 0 else "ended" if number % 50 == 1 else "completed"


_SESSION = (
    "test_sessions (id, student_id, client_id, revision_id, plan_id, seed, status, end_reason, prior_mean, "
    "prior_sd, theta, standard_error, questions_answered, correct_responses, current_position, started_at, "
    "last_activity, completed_at, named_test_id, request_hash, chain_head, overall_theta, overall_error)"
)
_ANSWER = (
    "test_responses (session_id, position, question_id, answer, score, is_correct, theta, standard_error, "
    "response_time_ms, answered_at, link)"
)
_EVENT = "session_events (session_id, kind, after_answers, at, reason, request_hash, link)"
_PROFICIENCY = "student_proficiencies (student_id, scale_id, concept_name, theta, standard_error, updated_at)"


def _students(students: range, now: datetime) -> Iterator[Sequence[Any]]:
    for number, pk in enumerate(students):
        family = f"{_FAMILY[number % 10]}{number // 10}"
        yield pk, f"S-{pk:08}", f"Ada {family}", "", str(number % 13), now


def _session(made: _Made, references: tuple[int, int, int], questions: Sequence[int]) -> Sequence[Any]:
    is_active = made.status == "active"
    return (
        made.pk,
        made.student,
        *references,
        made.seed,
        made.status,
        "max_questions" if made.status == "completed" else "",
        "{0,0,0,0,0}",
        "{1,1,1,1,1}",
        _THETAS[(made.seed + ANSWERS - 1) % len(_THETAS)],
        _ERRORS[-1],
        ANSWERS,
        ANSWERS // 2,
        ANSWERS % len(questions) if is_active else None,
        made.started,
        made.started + timedelta(seconds=60 + made.seed % 1800),
        made.ended,
        made.test,
        "",
        _LINK,
        0.1,
        0.2,
    )


def _answers(made: Sequence[_Made], questions: Sequence[int]) -> Iterator[Sequence[Any]]:
    for each in made:
        for place in range(ANSWERS):
            right = (each.seed + place) % 2
            yield (
                each.pk,
                place + 1,
                questions[(each.seed + place) % len(questions)],
                right,
                right,
                "t" if right else "f",
                _THETAS[(each.seed + place) % len(_THETAS)],
                _ERRORS[place],
                2000 + (each.seed * 7919 + place * 104_729) % 60_000,
                each.started + timedelta(seconds=30 * place),
                _LINK,
            )


def _events(made: Sequence[_Made]) -> Iterator[Sequence[Any]]:
    for each in made:
        yield each.pk, "started", 0, each.started, "", "", _LINK
        if each.ended is not None:
            yield each.pk, each.status, ANSWERS, each.ended, "", "", _LINK


def _proficiencies(
    students: range, concepts: Sequence[str], scale: int, now: datetime
) -> Iterator[Sequence[Any]]:
    return ((pk, scale, concept, 0.1, 0.5, now) for pk in students for concept in concepts)


def _copy(target: str, rows: Iterator[Sequence[Any]]) -> None:
    """Rows as text, ten thousand at a time."""
    from django.db import connection

    connection.ensure_connection()
    assert connection.connection is not None
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {target} FROM STDIN") as copy,
    ):
        while some := list(islice(rows, 10_000)):
            copy.write("".join(map(_line, some)))


def _line(row: Sequence[Any]) -> str:
    return "\t".join([r"\N" if value is None else str(value) for value in row]) + "\n"
