"""Export a student, and erase one: docs/PRIVACY.md says what is held where.

Erasing takes away who it was. The answers and what was computed from them stay, of nobody: the row of the
student keeps its primary key, which the sessions refer to, and nothing else.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Case, Prefetch, QuerySet, TextField, When
from django.db.models.functions import Cast

from sessions_app.models import (
    Invitation,
    SessionEvent,
    Student,
    StudentProficiency,
    TestResponse,
    TestSession,
)
from sessions_app.reporting.results import StudentNotFound, student_of
from sessions_app.sitting import hot_state, lifecycle
from sessions_app.sitting.proficiency import proficiency_of

logger = logging.getLogger(__name__)

DATA_DICTIONARY = {
    "student": "What is known of the person. student_id is the id that the school's own system uses.",
    "proficiencies": "The newest estimate in each concept; the next test starts from it.",
    "invitations": "Links that were made for the student to take a named test with.",
    "sessions": "Every test, the oldest first.",
    "sessions[].test": "The named test, if it was one; deadline: when its time was over.",
    "sessions[].rules": "What was asked for: how questions are chosen and when the test stops.",
    "sessions[].prior": "What was taken to be known before the test: mean and standard deviation.",
    "sessions[].ability": "What was found, in the order of concept_names: theta on the logit scale (mean 0, "
    "standard deviation 1 in the reference population), and its standard error.",
    "sessions[].seed": "The random choices of the test are drawn from it.",
    "sessions[].client": "The program that started the test; null: it was imported.",
    "sessions[].token_generation": "How often the test's session tokens were revoked.",
    "sessions[].idempotency_key": "Sent by that program, to tell a repeated request by; so is request_hash.",
    "sessions[].legacy_id": "The test's id in the service that it was imported from.",
    "sessions[].answers[].response": 'Index of the chosen option, from 0; null: "I don\'t know".',
    "sessions[].answers[].score": "Points given; -1: not scored.",
    "sessions[].answers[].ability_after": "Ability as estimated after this answer.",
    "sessions[].events": "What happened to the test beside the answers; after_answers: so many came before.",
    "proficiency": "Share of the reference population at or below the student, 0 to 1.",
    "admin_history": "When somebody changed the student's fields in the administration, and which.",
}


@dataclass(frozen=True)
class Holdings:
    """How much is held of a student."""

    sessions: int
    running: int
    answers: int
    proficiencies: int


def holdings(student: Student) -> Holdings:
    return Holdings(
        sessions=student.sessions.count(),
        running=student.sessions.filter(status=TestSession.Status.ACTIVE).count(),
        answers=TestResponse.objects.filter(session__student=student).count(),
        proficiencies=student.proficiencies.count(),
    )


# --- Export -------------------------------------------------------------------------------------------------


def export_student(external_id: str, *, now: datetime) -> dict[str, Any]:
    """Everything that is held of a student, ready for JSON, in eight queries whatever there is.

    Never the answer key: of a question, what the student saw. Raises `StudentNotFound`.
    """
    student = student_of(external_id)
    return {
        "generated_at": now.isoformat(),
        "data_dictionary": DATA_DICTIONARY,
        "student": {
            "student_id": student.external_id,
            "name": student.name,
            "email": student.email,
            "grade_level": student.grade_level,
            "created_at": student.created_at.isoformat(),
        },
        "proficiencies": [_proficiency(row) for row in student.proficiencies.order_by("concept_name")],
        "invitations": [
            _invitation(row) for row in student.invitations.select_related("test").order_by("pk")
        ],
        "sessions": [_session(session) for session in _sessions(student)],
        "admin_history": [
            {"at": entry.action_time.isoformat(), "change": entry.get_change_message()}
            for entry in _admin_history(student).order_by("action_time")
        ],
    }


def _sessions(student: Student) -> QuerySet[TestSession]:
    answers = TestResponse.objects.select_related("question").order_by("position")
    return (
        student.sessions.select_related("plan", "revision__pool", "client", "named_test")
        .prefetch_related(Prefetch("responses", queryset=answers), "events")
        .order_by("started_at", "pk")
    )


def _proficiency(row: StudentProficiency) -> dict[str, Any]:
    return {
        "concept_name": row.concept_name,
        "proficiency": proficiency_of(row.theta),
        "theta": row.theta,
        "standard_error": row.standard_error,
        "session_id": None if row.session_id is None else str(row.session_id),
        "updated_at": row.updated_at.isoformat(),
    }


def _invitation(row: Invitation) -> dict[str, Any]:
    return {
        "test": row.test.name,
        "created_at": row.created_at.isoformat(),
        "revoked_at": None if row.revoked_at is None else row.revoked_at.isoformat(),
        "session_id": None if row.session_id is None else str(row.session_id),
    }


def _session(session: TestSession) -> dict[str, Any]:
    return {
        "session_id": str(session.pk),
        "test": None if session.named_test is None else session.named_test.name,
        "deadline": None if session.deadline is None else session.deadline.isoformat(),
        "status": session.status,
        "end_reason": session.end_reason,
        "pool": session.revision.pool.name,
        "question_pool_id": str(session.revision.pool_id),
        "revision": session.revision.number,
        "concept_names": session.plan.concept_names,
        "rules": session.plan.rules,
        "prior": {"theta": session.prior_mean, "standard_deviation": session.prior_sd},
        "ability": {"theta": session.theta, "standard_error": session.standard_error},
        "questions_answered": session.questions_answered,
        "correct_responses": session.correct_responses,
        "started_at": session.started_at.isoformat(),
        "last_activity": session.last_activity.isoformat(),
        "completed_at": None if session.completed_at is None else session.completed_at.isoformat(),
        "seed": session.seed,
        "client": None if session.client is None else session.client.username,
        "token_generation": session.token_generation,
        "idempotency_key": session.idempotency_key,
        "request_hash": session.request_hash,
        "legacy_id": session.legacy_id,
        "answers": [_answer(response) for response in session.responses.all()],
        "events": [_event(event) for event in session.events.all()],
    }


def _answer(response: TestResponse) -> dict[str, Any]:
    question = response.question
    return {
        "position": response.position,
        "question_id": question.external_id,
        "question_version": question.version,
        "content": question.content,
        "response": response.answer,
        "response_text": None if response.answer is None else question.options[response.answer],
        "is_correct": response.is_correct,
        "score": response.score,
        "ability_after": {"theta": response.theta, "standard_error": response.standard_error},
        "response_time_ms": response.response_time_ms,
        "answered_at": response.answered_at.isoformat(),
        "idempotency_key": response.idempotency_key,
    }


def _event(event: SessionEvent) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "after_answers": event.after_answers,
        "at": event.at.isoformat(),
        "reason": event.reason,
        "idempotency_key": event.idempotency_key,
        "request_hash": event.request_hash,
    }


def _admin_history(student: Student) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(
        content_type__app_label="sessions_app", content_type__model="student", object_id=str(student.pk)
    )


# --- Erase --------------------------------------------------------------------------------------------------


def erase_student(external_id: str, *, now: datetime, by_id: int | None = None) -> Holdings:
    """Take a student's identity away, for good; returns what was held. All of it or nothing.

    Running tests end first. What may name the student goes: id, name, e-mail, grade, the keys and hashes of
    requests, the history of the admin, invitations, and the proficiencies, which are a profile of a person.
    `by_id` is the user who asked. Raises `StudentNotFound`, also the second time. A student of the same id
    who comes later is somebody new.
    """
    with transaction.atomic():
        student = _locked(external_id)
        sessions = _lock_sessions(student)
        held = holdings(student)
        running = [session for session in sessions if session.status == TestSession.Status.ACTIVE]
        lifecycle.end_for_erasure(running, now=now)
        _blank(student, now)
        _empty_keys(student)
        student.proficiencies.all().delete()
        student.invitations.all().delete()  # their links open nothing any more
        _admin_history(student).update(object_repr=str(student), change_message="")
        _note(student, by_id)
    hot_state.forget(session.pk for session in sessions)
    logger.info("Erased student %d: %d sessions stay, without a name", student.pk, held.sessions)
    return held


def _locked(external_id: str) -> Student:
    """The student's row: no test of theirs begins meanwhile, and no second erasure."""
    student = student_of(external_id)
    # Not FOR UPDATE: a submission that holds its session's row still has to refer to this one.
    locked = Student.objects.select_for_update(no_key=True).filter(pk=student.pk, erased_at=None).first()
    if locked is None:
        raise StudentNotFound
    return locked


def _lock_sessions(student: Student) -> list[TestSession]:
    """Waits for the submissions that are under way; those that come later find the test over."""
    return list(student.sessions.select_for_update(of=("self",)).order_by("pk"))


def _blank(student: Student, now: datetime) -> None:
    student.external_id = f"erased-{secrets.token_hex(16)}"
    student.name = student.email = student.grade_level = ""
    student.erased_at = now
    student.save()


def _empty_keys(student: Student) -> None:
    """Clients make the keys, and may have put a name in; whoever guesses a request knows its hash.

    The triggers let this through only now that the student is blank.
    """
    was_imported = When(legacy_id__isnull=False, then=Cast("pk", TextField()))
    student.sessions.update(idempotency_key=None, request_hash="", legacy_id=Case(was_imported))
    TestResponse.objects.filter(session__student=student).update(idempotency_key=None)
    SessionEvent.objects.filter(session__student=student).update(idempotency_key=None, request_hash="")


def _note(student: Student, by_id: int | None) -> None:
    """Who erased, in the admin's history: there the student has no name any more."""
    if by_id is not None:
        LogEntry.objects.log_actions(
            by_id, Student.objects.filter(pk=student.pk), CHANGE, "Erased.", single_object=True
        )
