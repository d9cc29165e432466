"""Who is where in a named test: running, expired not long ago, finished, invited and not begun.

A row has a version: a digest of all that it tells but its clocks. A page says which versions it shows, and
gets what is new. However many tests there are, what is looked at is a page of rows, found by their keys in an
index, and counts that stop at `MOST_COUNTED`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from uuid import UUID

from django.db.models import QuerySet

from sessions_app.administration.finding import ids_of_students_called
from sessions_app.models import Invitation, NamedTest, TestSession
from sessions_app.sitting.times import PausesLeft, left_of_each
from testing_engine.growing_lists import MOST_COUNTED, counted
from testing_engine.revisions import load_plan

EXPIRED_WITHIN = timedelta(days=1)
NEWEST = "-started_at", "pk"
PAGE_SIZE = 100  # rows: a class, or a large room


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
class Counts:
    """How many are where, of all that were found; beyond `MOST_COUNTED` it is not counted how many more.
    `paused`: of those that run."""

    running: int = 0
    paused: int = 0
    stopped: int = 0
    finished: int = 0
    not_begun: int = 0


@dataclass(frozen=True)
class Live:
    """A page of rows in order, of `pages`. `is_cut`: beyond the last page there are more."""

    rows: tuple[Row, ...]
    counts: Counts
    page: int
    pages: int
    is_cut: bool

    def news(self, known: Mapping[str, object]) -> list[Row]:
        """Rows that a page with these versions, by their keys, does not show yet."""
        return [row for row in self.rows if known.get(row.key) != row.version]


def live_of(test_id: int, *, now: datetime, search: str = "", page: int = 1) -> Live:
    """The test as it is now, those at work first; `search`: beginnings of words of a student's name or id.
    `page`: from 1 on; the last one in the place of any behind it.

    Of each kind of rows no more than the first `MOST_COUNTED` are on pages.
    """
    found = _found(test_id, now, search)
    counts, listed = _counts(test_id, found)
    sizes = [min(size, MOST_COUNTED) for size in listed]
    pages = max(1, -(-sum(sizes) // PAGE_SIZE))
    page = min(max(1, page), pages)
    some = list(_on_page(sizes, (page - 1) * PAGE_SIZE))
    keys = [key for kind, place in zip(found.sessions, some, strict=False) for key in _keys(kind, place)]
    rows = (*_rows(keys), *_not_begun(found.invited, some[-1]))
    return Live(rows, counts, page, pages, any(size > MOST_COUNTED for size in listed))


@dataclass(frozen=True)
class _Found:
    """What is listed, kind by kind. Each of the queries has an index in its order."""

    running: QuerySet[TestSession]
    expired_lately: QuerySet[TestSession]
    expired: QuerySet[TestSession]
    completed: QuerySet[TestSession]
    ended: QuerySet[TestSession]
    invited: QuerySet[Invitation]

    @property
    def sessions(self) -> tuple[list[QuerySet[TestSession]], ...]:
        """As pages list them: queries that stand together are merged, the newest first."""
        return [self.running], [self.expired_lately], [self.expired, self.completed, self.ended]


def _found(test_id: int, now: datetime, search: str) -> _Found:
    sessions = TestSession.objects.filter(named_test=test_id).order_by(*NEWEST)
    invited = Invitation.objects.filter(test=test_id, session=None, revoked_at=None).order_by("student_id")
    if search.strip():
        students, _ = ids_of_students_called(search)
        sessions, invited = sessions.filter(student__in=students), invited.filter(student__in=students)
    status, since = TestSession.Status, now - EXPIRED_WITHIN
    expired = sessions.filter(status=status.EXPIRED)
    return _Found(
        running=sessions.filter(status=status.ACTIVE),
        expired_lately=expired.filter(completed_at__gt=since).order_by("-completed_at", "pk"),
        expired=expired.filter(completed_at__lte=since),
        completed=sessions.filter(status=status.COMPLETED),
        ended=sessions.filter(status=status.ENDED),
        invited=invited,
    )


def _counts(test_id: int, found: _Found) -> tuple[Counts, tuple[int, int, int, int]]:
    """How many are where, and how many rows each kind on the pages has. In one statement."""
    # The database knows that a pause has an end, and has an index of those alone.
    paused = found.running.filter(paused_until__isnull=False)
    kinds = {**vars(found), "paused": paused}
    by_name = {f"number_{name}": counted(kind.order_by()) for name, kind in kinds.items()}
    number: dict[str, int] = NamedTest.objects.filter(pk=test_id).values(**by_name).get()  # type: ignore[assignment]
    running, lately, expired, completed, ended, invited = (number[f"number_{name}"] for name in vars(found))
    counts = Counts(running, number["number_paused"], lately + expired, completed + ended, invited)
    return counts, (running, lately, expired + completed + ended, invited)


def _on_page(sizes: Sequence[int], first: int) -> Iterable[slice]:
    """Of kinds of rows that follow each other, which of each lie on the page that begins so far behind."""
    for size in sizes:
        yield slice(max(0, first), max(0, min(size, first + PAGE_SIZE)))
        first -= size


def _keys(kinds: Sequence[QuerySet[TestSession]], place: slice) -> list[UUID]:
    """Of one kind, or of several that are merged."""
    if place.start >= place.stop:
        return []
    keys = [kind.values_list("pk", "started_at") for kind in kinds]
    if len(keys) == 1:
        return [pk for pk, _ in keys[0][place]]
    one, *others = (each[: place.stop] for each in keys)
    return [pk for pk, _ in one.union(*others, all=True).order_by("-started_at", "id")[place]]


def _not_begun(invited: QuerySet[Invitation], place: slice) -> list[Row]:
    if place.start >= place.stop:
        return []
    waiting = list(invited.select_related("student")[place])
    waiting.sort(key=lambda invitation: (invitation.student.name, invitation.pk))
    return [
        Row(f"invited-{each.pk}", each.student.external_id, each.student.name, Standing.NOT_BEGUN)
        for each in waiting
    ]


def _rows(keys: Sequence[UUID]) -> list[Row]:
    """Of sessions, in this order."""
    found = TestSession.objects.select_related("student", "plan").in_bulk(keys) if keys else {}
    sessions = [found[key] for key in keys if key in found]
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
