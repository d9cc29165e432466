"""Students and what was known of them."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sessions_app.legacy.export import Export, Row, readable
from sessions_app.legacy.report import Report, TableReport
from sessions_app.legacy.values import email, identifier, moment, name, share, text
from sessions_app.models import Student, StudentProficiency, TestSession
from sessions_app.sitting.proficiency import theta_of
from testing_engine.models import QuestionPool
from testing_engine.pools import scale_called

BATCH = 1000
NO_KNOWN_POOL = "Imported, of no known pool"  # a scale; pools may be put on it
LEAST_ERROR, MOST_ERROR = 0.1, 1.0  # of a proficiency that another program estimated


@dataclass(frozen=True)
class LegacyProficiency:
    label: str
    student_id: str
    concept_name: str
    theta: float
    standard_error: float
    updated_at: datetime


def import_students(export: Export, report: Report, tick: Callable[[int], object]) -> None:
    """Those that are new, in one transaction; a student who is there stays unchanged."""
    table = report["students"]
    students: dict[str, Student] = {}
    for label, student in readable(export["students"], _read_student, table):
        if student.external_id in students:
            table.refuse(label, "this id came before in the file: its first row counts")
        students.setdefault(student.external_id, student)
    tick(len(export["students"]) - len(students))
    keys = list(students)
    with transaction.atomic():
        for first in range(0, len(keys), BATCH):
            batch = keys[first : first + BATCH]
            known = _keys(batch)
            new = [students[key] for key in batch if key not in known]
            Student.objects.bulk_create(new, ignore_conflicts=True)
            table.taken += len(new)
            table.there += len(known)
            tick(len(batch))


def _read_student(row: Row) -> tuple[str, Student]:
    return row.label, Student(
        external_id=row.required("id", identifier),
        name=row.optional("name", text(200)) or "",
        email=row.optional("email", email) or "",
        grade_level=row.optional("grade_level", text(50)) or "",
    )


def students_named(external_ids: Iterable[str], table: TableReport) -> dict[str, int]:
    """Primary keys of these students; one whom only another table names is made with the id alone.

    Locked: nobody is erased while rows of theirs are imported.
    """
    wanted = dict.fromkeys(external_ids)
    known = _locked_keys(wanted)
    missing = [external_id for external_id in wanted if external_id not in known]
    if not missing:
        return known
    Student.objects.bulk_create((Student(external_id=key) for key in missing), ignore_conflicts=True)
    for external_id in missing:
        table.note(external_id, "is named by other tables alone: made without name and address")
    return _locked_keys(wanted)


def _locked_keys(external_ids: Iterable[str]) -> dict[str, int]:
    students = Student.objects.filter(external_id__in=list(external_ids)).order_by("pk")
    return dict(students.select_for_update(no_key=True).values_list("external_id", "pk"))


def _keys(external_ids: Iterable[str]) -> dict[str, int]:
    return dict(Student.objects.filter(external_id__in=list(external_ids)).values_list("external_id", "pk"))


def import_proficiencies(export: Export, report: Report, tick: Callable[[int], object]) -> None:
    """The newest of each student and concept, in one transaction; a newer one of ours stays.

    The original knew a concept by its name alone. Here it is one of a scale: of the pool of the student's
    newest imported test that measured it; without one, the only one of the student's tests, or of the pools
    that name the concept.
    """
    table = report["student_proficiencies"]
    rows = list(readable(export["student_proficiencies"], _read_proficiency, table))
    newest: dict[tuple[str, str], LegacyProficiency] = {}
    for row in sorted(rows, key=lambda row: row.updated_at):
        older = newest.get((row.student_id, row.concept_name))
        if older is not None:
            table.refuse(older.label, f"row {row.label} is newer, of the same student and concept")
        newest[row.student_id, row.concept_name] = row
    tick(len(export["student_proficiencies"]) - len(newest))
    with transaction.atomic():
        chosen = list(newest.values())
        for first in range(0, len(chosen), BATCH):
            batch = chosen[first : first + BATCH]
            _store(batch, students_named((row.student_id for row in batch), report["students"]), table)
            tick(len(batch))


def _read_proficiency(row: Row) -> LegacyProficiency:
    confidence = row.optional("confidence", share)
    return LegacyProficiency(
        label=row.label,
        student_id=row.required("student_id", identifier),
        concept_name=row.required("concept_name", name),
        theta=theta_of(row.required("proficiency_value", share)),
        standard_error=_standard_error(confidence),
        updated_at=row.checked("updated_at", moment) or row.required("created_at", moment),
    )


def _standard_error(reliability: float | None) -> float:
    """√(1 − r) in a population of variance 1, kept away from certainty."""
    if reliability is None:
        return MOST_ERROR
    return min(max(math.sqrt(1 - reliability), LEAST_ERROR), MOST_ERROR)


def _store(rows: list[LegacyProficiency], students: dict[str, int], table: TableReport) -> None:
    known = {
        (student_id, scale_id, concept_name): updated_at
        for student_id, scale_id, concept_name, updated_at in StudentProficiency.objects.now()
        .filter(student_id__in=students.values())
        .values_list("student_id", "scale_id", "concept_name", "updated_at_now")
    }
    scales = _Scales(students.values())
    new = []
    for row in rows:
        student_pk = students[row.student_id]
        key = (student_pk, scales.of(student_pk, row.concept_name, table, row.label), row.concept_name)
        if key not in known:
            new.append(_proficiency(row, *key[:2]))
        elif known[key] < row.updated_at:
            _renew(row, *key[:2])
        else:
            table.there += 1
            continue
        table.taken += 1
    StudentProficiency.objects.bulk_create(new, ignore_conflicts=True)


class _Scales:
    """On which scale each of these students' concepts lie."""

    def __init__(self, student_pks: Iterable[int]) -> None:
        imported = TestSession.objects.filter(student_id__in=list(student_pks), legacy_id__isnull=False)
        rows = imported.order_by("started_at", "pk").values_list(
            "student_id", "plan__concept_names", "revision__pool__scale_id"
        )
        self.by_student = {(student, each): scale for student, names, scale in rows for each in names}
        self.of_tests: dict[int, set[int]] = defaultdict(set)
        for student, _, scale in rows:
            self.of_tests[student].add(scale)
        self.by_name: dict[str, set[int]] = defaultdict(set)
        for names, scale in QuestionPool.objects.values_list("concept_names", "scale_id"):
            for each in names:
                self.by_name[each].add(scale)

    def of(self, student_pk: int, concept_name: str, table: TableReport, label: str) -> int:
        """Primary key of the scale; where nothing tells, of one that says so."""
        tested = self.by_student.get((student_pk, concept_name))
        if tested is not None:
            return tested
        for possible in (self.of_tests[student_pk], self.by_name[concept_name]):
            if len(possible) == 1:
                return next(iter(possible))
        table.note(label, f"no pool tells on which scale {concept_name} is: kept on “{NO_KNOWN_POOL}”")
        return scale_called(NO_KNOWN_POOL).pk


def _proficiency(row: LegacyProficiency, student_pk: int, scale_pk: int) -> StudentProficiency:
    return StudentProficiency(
        student_id=student_pk,
        scale_id=scale_pk,
        concept_name=row.concept_name,
        theta=row.theta,
        standard_error=row.standard_error,
        updated_at=row.updated_at,
    )


def _renew(row: LegacyProficiency, student_pk: int, scale_pk: int) -> None:
    """Conditional, because a test of that student may be running."""
    StudentProficiency.objects.now().filter(
        student_id=student_pk,
        scale_id=scale_pk,
        concept_name=row.concept_name,
        updated_at_now__lt=row.updated_at,
    ).update(theta=row.theta, standard_error=row.standard_error, session=None, updated_at=row.updated_at)
