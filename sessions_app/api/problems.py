"""Every error as RFC 9457 `application/problem+json`.

One table maps a refusal of the domain to its status; nothing below the API knows HTTP.
"""

from typing import Any

from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ErrorResponse
from msgspec import UNSET, UnsetType
from rest_framework import exceptions
from rest_framework.response import Response

from sessions_app import log_fields, refusals, replies
from sessions_app.api.errors import (
    AUTH_HEADER,
    RETRY_AFTER_BUSY,
    RETRY_AFTER_OUTAGE,
    RETRY_AFTER_RATE_LIMIT,
    InvalidBody,
    Problem,
    pointer_part,
)
from sessions_app.api.renderers import ProblemRenderer
from sessions_app.outages import is_outage, note_outage
from sessions_app.replies import FieldProblem


def _problem_of(refusal: refusals.Refusal) -> Problem:
    match refusal:
        case refusals.SessionNotFound():
            return Problem(404, "session_not_found", "There is no such session.")
        case refusals.PoolNotFound():
            return Problem(404, "pool_not_found", "There is no such question pool.")
        case refusals.PoolRevised(revision=number):
            return Problem(
                409,
                "pool_was_revised",
                f"The pool is at revision {number} by now; look at it again. Nothing was changed.",
                extra={"revision": number},
            )
        case refusals.QuestionNotFound():
            return Problem(404, "question_not_found", "This test's pool has no question of that id.")
        case refusals.StudentNotFound():
            return Problem(404, "student_not_found", "There is no such student.")
        case refusals.SessionStillActive():
            return Problem(409, "session_active", "The test is running; its result is there when it is over.")
        case refusals.SessionArchived():
            return Problem(410, "session_archived", str(refusal))
        case refusals.ResultNotShown(released_at=None):
            return Problem(403, "result_not_shown", "Students get no result of this test.")
        case refusals.ResultNotShown(released_at=moment):
            return Problem(
                409,
                "result_not_released",
                f"Students see the result from {moment} on.",
                extra={"released_at": moment},
            )
        case refusals.WrongStudent():
            return Problem(403, "wrong_student", "This session belongs to another student.")
        case refusals.StudentErased():
            return InvalidBody([("/student_id", "This stands for a student who was erased.")])
        case refusals.StudentIdRefused():
            return InvalidBody([("/student_id", str(refusal))])
        case refusals.ConceptNamesMismatch():
            return InvalidBody([("/concept_names", str(refusal))])
        case refusals.InvalidResponse():
            where = f"/response/{pointer_part(refusal.variable)}" if refusal.variable else "/response"
            return InvalidBody([(where, str(refusal))])
        case refusals.TokenRevoked():
            revoked = Problem(401, "authentication_failed", "This session token was revoked.")
            revoked.auth_header = AUTH_HEADER
            return revoked
        case refusals.IdempotencyKeyReused():
            return Problem(
                409, "idempotency_key_reused", "This Idempotency-Key came before, with another request."
            )
        case refusals.PoolImportNotFound():
            return Problem(404, "import_not_found", "There is no such import.")
        case refusals.TooManyPoolImports():
            return Problem(409, "too_many_imports", str(refusal))
        case refusals.JobNotFound():
            return Problem(404, "job_not_found", "There is no such job.")
        case refusals.TooManyJobs():
            return Problem(409, "too_many_jobs", str(refusal))
        case refusals.JobNotOpen():
            return Problem(409, "job_state", str(refusal), extra={"state": refusal.state})
        case refusals.JobHasNoFile():
            return Problem(409, "job_without_file", str(refusal), extra={"state": refusal.state})
        case refusals.JobFileGone():
            return Problem(410, "job_file_gone", f"{refusal} Ask for it again.")
        case refusals.CalibrationNotFound():
            return Problem(404, "calibration_not_found", "This pool has no such calibration.")
        case refusals.CalibrationRuns():
            running = {"calibration_id": str(refusal.calibration_id)}
            return Problem(409, "calibration_runs", str(refusal), extra=running)
        case refusals.CalibrationNotOpen():
            return Problem(409, "calibration_state", str(refusal), extra={"state": refusal.state})
        case refusals.GateRefused():
            return Problem(409, "gate_refused", str(refusal))
        case refusals.WatchNotFound():
            return Problem(404, "watch_not_found", "This pool was not watched that night, or never.")
        case refusals.ClassNotFound():
            return Problem(404, "class_not_found", "There is no such class.")
        case refusals.ClassTestNotFound():
            return Problem(404, "class_test_not_found", "The class was not given this test.")
        case refusals.TestArchived():
            return Problem(409, "test_archived", "This test is in the archive: restore it first.")
        case refusals.WebhookNotFound():
            return Problem(404, "webhook_not_found", "There is no such webhook.")
        case refusals.WebhookMessageNotFound():
            return Problem(404, "message_not_found", "This webhook has no such message.")
        case refusals.SimulationNotFound():
            return Problem(404, "simulation_not_found", "This pool has no such simulation.")
        case refusals.SimulationRuns():
            simulated = {"simulation_id": str(refusal.simulation_id)}
            return Problem(409, "simulation_runs", str(refusal), extra=simulated)
        case refusals.SimulationNotOpen():
            return Problem(409, "simulation_state", str(refusal), extra={"state": refusal.state})
        case refusals.ProposalRefused():
            code = "proposal_doubtful" if refusal.is_doubtful else "proposal_refused"
            return Problem(409, code, str(refusal))
        case refusals.SubmissionInProgress():
            return Problem(
                409,
                "submission_in_progress",
                "This question is being answered right now.",
                wait=RETRY_AFTER_BUSY,
            )
        case refusals.TooManyRequests():
            return Problem(429, "throttled", "Too many requests.", wait=RETRY_AFTER_RATE_LIMIT)
        case refusals.NamedTestNotFound():
            return Problem(404, "test_not_found", "There is no test of that name.")
        case refusals.NamedTestNotOpen():
            times: dict[str, Any] = {"opens_at": refusal.opens_at, "closes_at": refusal.closes_at}
            return Problem(409, "test_not_open", str(refusal), extra=times)
        case refusals.NotInvited():
            return Problem(403, "not_invited", "This test is for invited students; this one is not.")
        case refusals.NoAttemptsLeft():
            return Problem(
                409, "no_attempts_left", "This student has started this test as often as it allows."
            )
        case refusals.InvitationNotFound():
            return Problem(
                404, "invitation_not_found", "This invitation is not valid, or a newer link replaced it."
            )
        case refusals.InvitationRevoked():
            return Problem(403, "invitation_revoked", "This invitation was taken back.")
        case refusals.InvitationUsed():
            told = {"session_status": refusal.status}
            if refusal.session_token is not None:
                told["session_token"] = refusal.session_token
            return Problem(409, "invitation_used", str(refusal), extra=told)
        case refusals.ColleagueNotFound():
            return Problem(404, "colleague_not_found", "No account of this name may enter the desk.")
        case refusals.JoinCodeUnknown():
            return Problem(404, "join_code_unknown", "No test has this code.")
        case refusals.NameTaken():
            return Problem(409, "name_taken", "A test was begun under this name, or names are not to choose.")
        case refusals.NotExpired():
            return Problem(409, "session_not_expired", str(refusal), extra={"session_status": refusal.status})
        case refusals.NoDeadline():
            return Problem(409, "no_deadline", "This test has no time limit that could be extended.")
        case refusals.PausesNotAllowed():
            return Problem(409, "pauses_not_allowed", str(refusal))
        case refusals.NoPauseLeft():
            return Problem(409, "no_pause_left", str(refusal))
        case refusals.SessionConflict():
            extra = {"session_status": refusal.status, "current_question_id": refusal.current_question_id}
            return Problem(409, _CONFLICT_CODES[type(refusal)], str(refusal), extra=extra)
    raise AssertionError(f"no response for {type(refusal).__name__}")


_CONFLICT_CODES: dict[type[refusals.SessionConflict], str] = {
    refusals.AlreadySubmitted: "already_submitted",
    refusals.NotTheCurrentQuestion: "not_the_current_question",
    refusals.SessionNotActive: "session_not_active",
    refusals.SessionPaused: "session_paused",
}

_TITLES = {
    400: "Invalid request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Body too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
}


class ProblemHandler(ExceptionHandler):
    """Turns what the domain and the database raise into problems."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, refusals.Refusal):
            return _problem_of(exc)
        if is_outage(exc):
            note_outage(exc)
            return Problem(
                503, "database_unavailable", "Nothing was changed; try again.", wait=RETRY_AFTER_OUTAGE
            )
        converted: Exception = super().convert_known_exceptions(exc)
        return converted

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """An outage has no stack trace for every request of it: the request's own line names what failed."""
        if response.status_code == 503:
            log_fields.add(cause=type(self.exc.__cause__ or self.exc).__name__)
        else:
            super().report_exception(exc, response)

    def get_response(self, exc: exceptions.APIException, data: Any) -> Response:
        response = Response(data, status=exc.status_code, headers=self.get_headers(exc))
        response.content_type = ProblemRenderer.media_type
        return response


def _printable(text: str) -> str:
    """Half a surrogate pair, as a key of a body may hold, has no place in a reply."""
    return text.encode("utf-8", "replace").decode("utf-8")


class ProblemFormatter(ExceptionFormatter):
    """The body of a problem."""

    def format_error_response(self, error_response: ErrorResponse) -> replies.Problem:
        first = error_response.errors[0]
        is_invalid = isinstance(self.exc, exceptions.ValidationError)
        extra: dict[str, Any] = self.exc.extra if isinstance(self.exc, Problem) else {}
        return replies.Problem(
            type="about:blank",
            title=_TITLES.get(self.exc.status_code, "Error"),
            status=self.exc.status_code,
            detail="The request has invalid fields." if is_invalid else first.detail,
            code="invalid" if is_invalid else first.code,
            errors=self._field_problems(error_response),
            **extra,
        )

    def _field_problems(self, error_response: ErrorResponse) -> list[FieldProblem] | UnsetType:
        if isinstance(self.exc, InvalidBody):
            return [
                FieldProblem(pointer=_printable(pointer), detail=_printable(message), code="invalid")
                for pointer, message in self.exc.problems
            ]
        if not isinstance(self.exc, exceptions.ValidationError):
            return UNSET
        return [
            FieldProblem(
                pointer=f"/{error.attr}".rstrip("/") if error.attr else "",
                detail=error.detail,
                code=error.code,
            )
            for error in error_response.errors
        ]
