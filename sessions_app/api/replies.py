"""Domain values → the JSON of the contract. Every `*_proficiency` list has the order of `concept_names`."""

from datetime import datetime
from typing import Any

import msgspec

from sessions_app.models import NamedTest, TestSession
from sessions_app.reporting.results import PathPoint
from sessions_app.sitting.proficiency import learning_gain, proficiencies_of, proficiency_of
from sessions_app.sitting.session_state import ShownQuestion
from sessions_app.sitting.standing import Standing
from sessions_app.sitting.tokens import make_session_token

Z_95 = 1.959963984540054


def started(standing: Standing, student_id: str, *, token_from: datetime | None = None) -> dict[str, Any]:
    """The reply of `start`. `token_from`: the session token's age counts from then, not from the start."""
    return {
        "session_id": standing.session_id,
        "session_token": make_session_token(
            standing.session_id, token_from or standing.started_at, standing.token_generation
        ),
        "student_id": student_id,
        "initial_proficiency": proficiencies_of(standing.prior_mean),
        "ability": _ability(standing),
        "concept_names": standing.concept_names,
        "next_question": _question(standing.next_question),
        "questions_answered": standing.answered,
        "deadline": standing.deadline,
        "test": _test(standing.test),
        "status": "started",
    }


def token(session: TestSession) -> dict[str, Any]:
    return {
        "session_id": session.pk,
        "session_token": make_session_token(session.pk, session.started_at, session.token_generation),
    }


def submitted(standing: Standing) -> dict[str, Any]:
    if not standing.is_active:
        return result(standing)
    return {
        "status": "continue",
        "current_proficiency": proficiencies_of(standing.theta),
        "ability": _ability(standing),
        "next_question": _question(standing.next_question),
        "questions_answered": standing.answered,
        "deadline": standing.deadline,
    }


def status(standing: Standing) -> dict[str, Any]:
    return {
        "session_id": standing.session_id,
        "status": standing.status,
        "current_proficiency": proficiencies_of(standing.theta),
        "ability": _ability(standing),
        "concept_names": standing.concept_names,
        "questions_answered": standing.answered,
        "max_questions": standing.max_questions,
        "is_active": standing.is_active,
        "next_question": _question(standing.next_question),
        "started_at": standing.started_at,
        "completed_at": standing.completed_at,
        "deadline": standing.deadline,
        "test": _test(standing.test),
    }


def result(standing: Standing) -> dict[str, Any]:
    return {
        "status": standing.status,
        "final_proficiency": proficiencies_of(standing.theta),
        "ability": _ability(standing),
        "total_questions": standing.answered,
        "accuracy": accuracy(standing.correct, standing.answered),
        "test_summary": _summary(standing),
    }


def result_with_path(standing: Standing, path: list[PathPoint]) -> dict[str, Any]:
    return {
        **result(standing),
        "session_id": standing.session_id,
        "concept_names": standing.concept_names,
        "path": [
            {
                "questions_answered": point.answered,
                "proficiency": proficiencies_of(point.theta),
                "proficiency_95": [
                    _interval(theta, error)
                    for theta, error in zip(point.theta, point.standard_error, strict=True)
                ],
            }
            for point in path
        ],
    }


def history_entry(session: TestSession) -> dict[str, Any]:
    return {
        "session_id": session.pk,
        "status": session.status,
        "started_at": session.started_at,
        "completed_at": session.completed_at,
        "total_questions": session.questions_answered,
        "accuracy": accuracy(session.correct_responses, session.questions_answered),
        "learning_gain": learning_gain(session.prior_mean, session.theta),
        "final_proficiency": proficiencies_of(session.theta),
        "concept_names": session.plan.concept_names,
    }


def accuracy(correct: int, answered: int) -> float:
    """Share of right answers, to six digits; 0 before the first."""
    return round(correct / answered, 6) if answered else 0.0


def _ability(standing: Standing) -> dict[str, list[float]]:
    return {"theta": standing.theta, "standard_error": standing.standard_error}


def _test(test: NamedTest | None) -> dict[str, Any] | None:
    """What the student's page shows of a named test."""
    if test is None:
        return None
    return {
        "name": test.name,
        "title": test.title,
        "introduction": test.introduction,
        "closing": test.closing,
        "show_theta": test.show_theta,
        "allow_dont_know": test.allow_dont_know,
    }


def _interval(theta: float, error: float) -> list[float]:
    return [proficiency_of(theta - Z_95 * error), proficiency_of(theta + Z_95 * error)]


def _question(question: ShownQuestion | None) -> dict[str, Any] | None:
    return None if question is None else msgspec.structs.asdict(question)


def _summary(standing: Standing) -> dict[str, Any]:
    duration = (
        (standing.completed_at - standing.started_at).total_seconds() if standing.completed_at else None
    )
    return {
        "end_reason": standing.end_reason,
        "correct_responses": standing.correct,
        "duration_seconds": duration,
        "learning_gain": learning_gain(standing.prior_mean, standing.theta),
        "concepts": [
            {
                "name": name,
                "proficiency": proficiency_of(theta),
                "proficiency_95": _interval(theta, error),
            }
            for name, theta, error in zip(
                standing.concept_names, standing.theta, standing.standard_error, strict=True
            )
        ],
    }
