"""Who is where in a named test: running, expired not long ago, finished, invited and not begun.

A row has a version: a digest of all that it tells but its clocks. A page says which versions it shows, and
gets what is new. However many tests run, no more than the newest of each kind are looked at, by an index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from uuid import UUID

from django.db.models import Q, QuerySet

from sessions_app.administration.finding import ids_of_students_called
from sessions_app.models import Invitation, TestSession
from sessions_app.sitting.times import PausesLeft, left_of_each
from testing_engine.revisions import load_plan

EXPIRED_WITHIN = timedelta(days=1)
STATUSES = [
    TestSession.Status.ACTIVE,
    TestSession.Status.EXPIRED,
    TestSession.Status.COMPLETED,
    TestSession.Status.ENDED,
]
NEWEST = "-started_at", "pk"
MOST, MOST_OTHERS = 300, 100  # rows of running tests, and of those that are not


class Standing(Enum):
    """Where one student is."""

    WAITS = "waits"  # reads the introduction
    RUNS = "runs"
    PAUSED = "paused"
    EXPIRED = "expired"
    FINISHED = "finished"
    NOT_BEGUN = "not_begun"


@dataclass(frozen=True)
class Row:
    """One student's test. `key`: of the row, and of the session where there is one. `most`: questions that it
    has at most."""

    key: str
    student_id: str
    name: str
    standing: Standing
    answered: int = 0
    most: int = 0
    started_at: datetime | None = None
    last_activity: datetime | None = None
    deadline: datetime | None = None
    completed_at: datetime | None = None
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    pauses_left: PausesLeft | None = None  # of a running test that allows its student some

    @property
    def version(self) -> str:
        """Equal for as long as the row tells the same."""
        return blake2b(repr(self).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Live:
    """Rows in order; `counts` by standing, of those that are listed. `is_cut`: there are more."""

    rows: tuple[Row, ...]
    counts: dict[Standing, int]
    is_cut: bool

    def news(self, known: Mapping[str, object]) -> list[Row]:
        """Rows that a page with these versions, by their keys, does not show yet."""
        return [row for row in self.rows if known.get(row.key) != row.version]


def live_of(test_id: int, *, now: datetime, search: str = "") -> Live:
    """The test as it is now; `search`: beginnings of words of a student's name or id."""
    sessions = TestSession.objects.filter(named_test=test_id).select_related("student", "plan")
    invited = Invitation.objects.filter(test=test_id, session=None, revoked_at=None).select_related("student")
    if search.strip():
        students, _ = ids_of_students_called(search)
        sessions, invited = sessions.filter(student__in=students), invited.filter(student__in=students)
    active, expired, *for_good = (sessions.filter(status=status) for status in STATUSES)
    lately, long_ago = Q(completed_at__gt=now - EXPIRED_WITHIN), Q(completed_at__lte=now - EXPIRED_WITHIN)
    some_of_each = [
        (list(active.order_by(*NEWEST)[: MOST + 1]), MOST),
        (list(expired.filter(lately).order_by("-completed_at", "pk")[: MOST + 1]), MOST),
        (_newest([expired.filter(long_ago), *for_good], MOST_OTHERS + 1), MOST_OTHERS),
    ]
    rows, is_cut = [], False
    for some, most in some_of_each:
        is_cut |= len(some) > most
        rows += _rows(some[:most])
    waiting = list(invited.order_by("student_id")[: MOST_OTHERS + 1])  # as an index has them
    is_cut |= len(waiting) > MOST_OTHERS
    waiting.sort(key=lambda invitation: (invitation.student.name, invitation.pk))
    rows += [
        Row(f"invited-{each.pk}", each.student.external_id, each.student.name, Standing.NOT_BEGUN)
        for each in waiting[:MOST_OTHERS]
    ]
    counts = {standing: sum(row.standing is standing for row in rows) for standing in Standing}
    return Live(tuple(rows), counts, is_cut)


def _newest(kinds: Iterable[QuerySet[TestSession]], most: int) -> list[TestSession]:
    """Of several kinds, each of which an index has in this order."""
    found = [session for kind in kinds for session in kind.order_by(*NEWEST)[:most]]
    return sorted(found, key=lambda session: (-session.started_at.timestamp(), session.pk))[:most]


def _rows(sessions: list[TestSession]) -> list[Row]:
    running = [each for each in sessions if each.status == TestSession.Status.ACTIVE]
    allowed = {each.pk: load_plan(each.plan_id).rules.pauses for each in running}
    left = left_of_each({pk: pauses for pk, pauses in allowed.items() if pauses is not None})
    return [_row(session, left.get(session.pk)) for session in sessions]


def _row(session: TestSession, pauses_left: PausesLeft | None) -> Row:
    standing = Standing.WAITS if session.is_waiting else Standing.RUNS
    if session.paused_at is not None:
        standing = Standing.PAUSED
    if session.status != TestSession.Status.ACTIVE:
        is_expired = session.status == TestSession.Status.EXPIRED
        standing = Standing.EXPIRED if is_expired else Standing.FINISHED
    return Row(
        key=str(session.pk),
        student_id=session.student.external_id,
        name=session.student.name,
        standing=standing,
        answered=session.questions_answered,
        most=session.plan.rules.get("max_questions", 20),
        started_at=session.started_at,
        last_activity=session.last_activity,
        deadline=session.deadline,
        completed_at=session.completed_at,
        paused_at=session.paused_at,
        paused_until=session.paused_until,
        pauses_left=pauses_left,
    )


def sessions_among(test_id: int, keys: Iterable[str]) -> list[UUID]:
    """Of these rows' keys, the sessions of this test, in the order in which rows are locked."""
    asked = []
    for key in keys:
        try:
            asked.append(UUID(key))
        except ValueError:
            continue  # who has not begun has no session
    found: QuerySet[TestSession] = TestSession.objects.filter(named_test=test_id, pk__in=asked)
    return list(found.order_by("pk").values_list("pk", flat=True))


def milliseconds(moment: datetime) -> int:
    """Since 1970, as a page's clock counts."""
    return round(moment.timestamp() * 1000)


def span(time: timedelta) -> str:
    """As a clock shows it: 4:07, 1:04:07."""
    minutes, seconds = divmod(max(0, int(time.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
