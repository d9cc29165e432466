"""The row that says of a session that an archive has its answers and events: made, and checked.

Its seal is over the session's own row, which no trail in the database vouches for any more, and over what it
keeps of the answers. Without AUDIT_KEY nobody makes one, so whoever deletes answers cannot say that they were
archived.
"""

import json

import msgspec

from sessions_app.models import Archive, ArchivedSession, TestSession
from sessions_app.review import archive as files
from sessions_app.review.trails import Entry
from sessions_app.sitting.archived import marks_of
from testing_engine import seals


def mark_of(row: TestSession, trail: list[Entry], archive: Archive) -> ArchivedSession:
    """For a session with this trail, whole, in this archive."""
    answers = [entry.row for entry in trail if entry.is_answer]
    mark = ArchivedSession(
        session=row,
        archive=archive,
        answers=len(answers),
        events=len(trail) - len(answers),
        questions=[answer[2] for answer in answers],
        scores=[answer[4] for answer in answers],
        marks=[marks_of(answer[5], answer[14], answer[15]) for answer in answers],
    )
    mark.seal = seals.seal_of(_told(row, mark), ())
    return mark


def break_of_archived(row: TestSession, mark: ArchivedSession, trail: list[Entry]) -> str | None:
    """What is not as it was when the answers were taken out."""
    if trail:
        return f"is in the archive {mark.archive}, and some of its answers or events are here"
    if not seals.is_sealed(bytes(mark.seal), _told(row, mark), ()):
        return f"its row, or what is kept of its answers in the archive {mark.archive}, was changed"
    return None


def _told(row: TestSession, mark: ArchivedSession) -> str:
    own = msgspec.json.encode(files.alone(row)).decode()
    kept = [mark.answers, mark.events, mark.questions, mark.scores, mark.marks]
    return json.dumps(["session archived", mark.archive.seal, own, *kept])
