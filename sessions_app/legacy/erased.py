"""An export still holds the students who were erased here since it was made. They stay erased.

Erasing leaves no id to compare with, so a student is known by a test of theirs: a session keeps the primary
key that follows from its id in the export, and refers to a student who is blank.
"""

from typing import Any
from uuid import UUID

from sessions_app.legacy.export import Export
from sessions_app.legacy.report import Report
from sessions_app.legacy.values import BadValue, canonical, identifier, uuid_of
from sessions_app.models import TestSession

STUDENT_COLUMN = {
    "students": "id",
    "test_sessions": "student_id",
    "test_responses": "student_id",
    "student_proficiencies": "student_id",
}
BATCH = 1000


def without_erased(export: Export, report: Report) -> Export:
    """The export without the rows of students who were erased here; they are reported as refused."""
    erased = _erased(export)
    if not erased:
        return export
    tables: dict[str, list[Any]] = {}
    for name, rows in export.tables.items():
        tables[name] = []
        for index, row in enumerate(rows):
            if _text(row, STUDENT_COLUMN.get(name)) not in erased:
                tables[name].append(row)
            else:  # by its place: an id may name the student
                report[name].refuse(f"row {index}", "its student was erased here")
    return Export(tables)


def _erased(export: Export) -> set[str]:
    """The ids, in the export, of the students of erased sessions."""
    owners: dict[UUID, str] = {}
    for table, column in (("test_responses", "session_id"), ("test_sessions", "id")):
        for row in export[table]:
            session, student = _text(row, column), _text(row, "student_id")
            if session is not None and student is not None:
                owners[uuid_of("session", canonical(session))] = student
    keys = list(owners)
    found: set[str] = set()
    for first in range(0, len(keys), BATCH):
        here = TestSession.objects.filter(pk__in=keys[first : first + BATCH])
        gone = here.filter(student__erased_at__isnull=False).values_list("pk", flat=True)
        found.update(owners[key] for key in gone)
    return found


def _text(row: object, column: str | None) -> str | None:
    try:
        return identifier(row[column]) if isinstance(row, dict) and column in row else None
    except BadValue:
        return None
