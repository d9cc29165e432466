"""The whole import, in the order in which the tables refer to each other. Running it again is safe."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from django.db import transaction

from sessions_app.legacy.erased import without_erased
from sessions_app.legacy.export import Export
from sessions_app.legacy.pools import ConceptNames, import_pools
from sessions_app.legacy.report import Report
from sessions_app.legacy.sessions import import_sessions
from sessions_app.legacy.students import import_proficiencies, import_students

# (table, its rows) → a context whose value is told how many rows are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]


def silent(table: str, rows: int) -> AbstractContextManager[Callable[[int], object]]:
    return nullcontext(lambda _: None)


def run(export: Export, names: ConceptNames, *, dry_run: bool = False, progress: Progress = silent) -> Report:
    """Import; `dry_run` does it all in one transaction and takes it back."""
    report = Report(set(export.tables))
    export = without_erased(export, report)
    with transaction.atomic() if dry_run else nullcontext():
        with progress("students", len(export["students"])) as tick:
            import_students(export, report, tick)
        with progress("questions", len(export["questions"])) as tick:
            import_pools(export, names, report, tick)
        with progress("test_sessions", len(export["test_sessions"])) as tick:
            import_sessions(export, names, report, tick)
        with progress("student_proficiencies", len(export["student_proficiencies"])) as tick:
            import_proficiencies(export, report, tick)
        if dry_run:
            transaction.set_rollback(True)
    return report
