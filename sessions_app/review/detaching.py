"""Old tests out of the database, by a file of `archive` that has them, and back again.

Each portion is one transaction: a session's answers and events go with the row that says where they are, or
not at all. So both directions may break off anywhere and be repeated. The session's own row, with its result
and the newest value of its chain, stays.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from sessions_app.models import (
    Archive,
    ArchivedSession,
    CatSitting,
    SessionEvent,
    SessionToCount,
    TestResponse,
    TestSession,
)
from sessions_app.review import archive as files
from sessions_app.review.archive import ArchiveError, Session
from sessions_app.review.archived import mark_of
from sessions_app.review.trails import Entry, break_of, trails_of

REST = timedelta(days=1)  # for so long Redis, and whoever repeats a request, may ask for an answer
WENT_ON = "went on since, or are not here"
NOT_COUNTED = "are not counted yet"
HANDED_OUT = "were begun over the CAT API, whose client may ask for them again"

Told = tuple[Session, list[Entry]]


@dataclass
class Moved:
    """How much was moved, how many sessions an earlier run had moved, and why others were left, by reason."""

    sessions: int = 0
    answers: int = 0
    events: int = 0
    earlier: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def add(self, told: Session) -> None:
        self.sessions += 1
        self.answers += len(told.answers)
        self.events += len(told.events)


def known_archive(checked: files.Counted, name: str, *, now: datetime) -> Archive:
    """The row of a file that was checked, stored when the first of its tests is taken out.

    Raises `ArchiveError` for a file that is not what was written, or too young.
    """
    if checked.breaks or checked.head is None:
        raise ArchiveError(f"Nothing was taken out: {checked.breaks[0].where}: {checked.breaks[0].what}.")
    if (since := checked.head.before + REST) > now:
        told = f"take them out from {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC on"
        raise ArchiveError(f"Its tests may have been over for less than a day: {told}.")
    return Archive.objects.filter(seal=checked.seal).first() or Archive(
        name=name,
        seal=checked.seal,
        before=checked.head.before,
        made_at=checked.head.made_at,
        sessions=checked.sessions,
        answers=checked.answers,
        events=checked.events,
    )


def take_out(
    lines: Iterable[bytes],
    archive: Archive,
    *,
    is_dry: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> Moved:
    """The answers and events of a file's tests. Raises `ArchiveError` at one that is not as it was."""
    moved = Moved()
    for portion in _portions(lines):
        with transaction.atomic():
            _take_out(portion, archive, moved, is_dry=is_dry)
        progress(len(portion))
    return moved


def bring_back(lines: Iterable[bytes], progress: Callable[[int], object] = lambda _: None) -> Moved:
    """All that `take_out` took, with keys of its own; clients' keys were not in the file. Raises the same."""
    moved = Moved()
    for portion in _portions(lines):
        with transaction.atomic():
            _bring_back(portion, moved)
        progress(len(portion))
    return moved


def _portions(lines: Iterable[bytes]) -> Iterator[list[Told]]:
    sessions = files.sessions_in(lines)
    while portion := list(islice(sessions, files.BATCH)):
        yield portion


def _locked(portion: list[Told]) -> dict[UUID, TestSession]:
    """The sessions' rows: none goes on meanwhile, and no second run moves them."""
    rows = TestSession.objects.select_for_update(of=("self",)).order_by("pk")
    told = rows.select_related("revision", "plan", "result_spec")
    return {row.pk: row for row in told.filter(pk__in=[session.id for session, _ in portion])}


def _take_out(portion: list[Told], archive: Archive, moved: Moved, *, is_dry: bool) -> None:
    rows = _locked(portion)
    these = Q(session__in=list(rows))
    archived = set(ArchivedSession.objects.filter(these).values_list("session_id", flat=True))
    left = dict.fromkeys(_keys(SessionToCount, list(rows)), NOT_COUNTED)
    left |= dict.fromkeys(_keys(CatSitting, list(rows)), HANDED_OUT)
    trails = trails_of(these)
    marks = []
    for told, _ in portion:
        row, trail = rows.get(told.id), trails.get(told.id, [])
        if told.id in archived:
            moved.earlier += 1
        elif row is None or bytes(row.chain_head) != told.chain_head:
            moved.left[WENT_ON] += 1
        elif told.id in left:
            moved.left[left[told.id]] += 1
        elif (broken := break_of(row, trail)) is not None:
            raise ArchiveError(f"session {told.id}: {broken}")
        else:
            marks.append((row, trail))
            moved.add(told)
    if is_dry or not marks:
        return
    if archive._state.adding:
        archive.save()
    ArchivedSession.objects.bulk_create(mark_of(row, trail, archive) for row, trail in marks)
    ids = [row.pk for row, _ in marks]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM test_responses WHERE session_id = ANY(%s)", [ids])
        cursor.execute("DELETE FROM session_events WHERE session_id = ANY(%s)", [ids])


def _keys(model: type[SessionToCount | CatSitting], sessions: list[UUID]) -> Iterable[UUID]:
    found: Iterable[UUID] = model.objects.filter(session_id__in=sessions).values_list("session_id", flat=True)
    return found


def _bring_back(portion: list[Told], moved: Moved) -> None:
    rows = _locked(portion)
    marks = ArchivedSession.objects.filter(session__in=list(rows))
    archived = set(marks.values_list("session_id", flat=True))
    back = [told for told, _ in portion if told.id in archived]
    for told in back:
        if bytes(rows[told.id].chain_head) != told.chain_head:
            raise ArchiveError(f"session {told.id}: its chain ends elsewhere than the file's")
        moved.add(told)
    moved.earlier += len(portion) - len(back)
    TestResponse.objects.bulk_create(_answer(told, each) for told in back for each in told.answers)
    SessionEvent.objects.bulk_create(_event(told, each) for told in back for each in told.events)
    trails = trails_of(Q(session__in=archived))
    for told in back:
        if (broken := break_of(rows[told.id], trails.get(told.id, []))) is not None:
            raise ArchiveError(f"session {told.id}: {broken}")
    marks.delete()


def _answer(told: Session, answer: files.Answer) -> TestResponse:
    own = {name: getattr(answer, name) for name in answer.__struct_fields__ if name != "question"}
    return TestResponse(session_id=told.id, **own)


def _event(told: Session, event: files.Event) -> SessionEvent:
    return SessionEvent(
        session_id=told.id, **{name: getattr(event, name) for name in event.__struct_fields__}
    )
