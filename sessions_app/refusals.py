"""Requests that change nothing, and why. The API maps each to one response (`sessions_app.api.problems`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from testing_engine.approval import PublicationRefused
from testing_engine.sentences import say, together


class Refusal(Exception):
    """A request that changes nothing, and why."""


class SessionNotFound(Refusal):
    """No such session, or not the caller's."""


class PoolNotFound(Refusal):
    """No such pool, or no pool at all."""


class PoolRevised(Refusal):
    """The pool has a newer revision than the request was made for."""

    def __init__(self, revision: int) -> None:
        super().__init__()
        self.revision = revision


class QuestionNotFound(Refusal):
    """The session's pool has no question of that id."""


class StudentNotFound(Refusal):
    """No student of that id, or one who was erased."""


class WrongStudent(Refusal):
    """The request names another student than the session's."""


class StudentErased(Refusal):
    """The id stands for a student who was erased."""


class StudentIdRefused(Refusal):
    """Nobody new gets such an id; the message says what is wrong with it."""


class ConceptNamesMismatch(Refusal):
    """The names do not fit the pool's Q-matrix."""


class RulesRefused(Refusal):
    """The rules cannot work with this pool. `problems`: (JSON pointer, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


class SessionStillActive(Refusal):
    """What was asked for is there when the test is over."""


class SessionArchived(Refusal):
    """Its answers were taken out of the database; an archive of this name has them."""

    def __init__(self, archive: str) -> None:
        super().__init__(f"Its answers are in the archive {archive}.")
        self.archive = archive


class ResultNotShown(Refusal):
    """The student gets no result of this test, or not yet: from `released_at` on."""

    def __init__(self, released_at: datetime | None) -> None:
        super().__init__()
        self.released_at = released_at


class InvalidResponse(Refusal):
    """The response is no answer to the question. `variable`: which response variable is wrong; "": all."""

    def __init__(self, message: str, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


class IdempotencyKeyReused(Refusal):
    """The key came before, with another request."""


class TokenRevoked(Refusal):
    """The session token was replaced by a newer one."""


class PoolImportNotFound(Refusal):
    """There is no such import."""


class TooManyPoolImports(Refusal):
    """An account has so many imports that are not over."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} imports of yours are not over yet.")


class JobNotFound(Refusal):
    """There is no such job, or it is of a kind that the caller may not ask for."""


class TooManyJobs(Refusal):
    """An account has so many jobs that are not over."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} jobs of yours are not over yet.")
        self.most = most


class JobNotOpen(Refusal):
    """It is over already."""

    def __init__(self, state: str) -> None:
        super().__init__(f"This job is {state}.")
        self.state = state


class JobHasNoFile(Refusal):
    """It is not done, or never will be."""

    def __init__(self, state: str) -> None:
        super().__init__(f"There is no file: this job is {state}.")
        self.state = state


class JobFileGone(Refusal):
    """There was a file. It was kept until `at`, or a student of whom it told was erased then."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"The file was kept until {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.")
        self.at = at


class CalibrationNotFound(Refusal):
    """This pool has no such calibration."""


class CalibrationRuns(Refusal):
    """A pool has one calibration at a time; this one waits or computes."""

    def __init__(self, calibration_id: UUID) -> None:
        super().__init__("This pool has a calibration that is not over yet.")
        self.calibration_id = calibration_id


class CalibrationNotOpen(Refusal):
    """It is not where the request thinks: over already, or without a result."""

    def __init__(self, state: str) -> None:
        super().__init__(f"This calibration is {state}.")
        self.state = state


class GateRefused(Refusal, PublicationRefused):
    """What the pool requires does not hold, sentence by sentence; whoever knows better may say why."""

    def __init__(self, shortfalls: Sequence[str]) -> None:
        super().__init__(together([say("The pool’s requirements are not met."), *shortfalls]))
        self.shortfalls = tuple(shortfalls)


class ClassNotFound(Refusal):
    """No such class, or not one that the caller teaches."""


class ClassTestNotFound(Refusal):
    """The class was not given this test."""


class TestArchived(Refusal):
    """The named test is in the archive: nobody is given it."""


class WebhookNotFound(Refusal):
    """There is no such webhook."""


class WebhookMessageNotFound(Refusal):
    """This webhook has no such message."""


class WatchNotFound(Refusal):
    """This pool was not watched that night, or never."""


class SimulationNotFound(Refusal):
    """This pool has no such simulation."""


class SimulationRuns(Refusal):
    """A pool has one simulation at a time; this one waits or computes."""

    def __init__(self, simulation_id: UUID) -> None:
        super().__init__("This pool has a simulation that is not over yet.")
        self.simulation_id = simulation_id


class SimulationNotOpen(Refusal):
    """It is over already."""

    def __init__(self, state: str) -> None:
        super().__init__(f"This simulation is {state}.")
        self.state = state


class ProposalRefused(Refusal):
    """What a calibration proposes cannot become a revision; the message says why.

    `is_doubtful`: whoever knows better may say so.
    """

    def __init__(self, message: str, *, is_doubtful: bool = False) -> None:
        super().__init__(message)
        self.is_doubtful = is_doubtful


class SubmissionInProgress(Refusal):
    """Another request is answering this very question."""


class TooManyRequests(Refusal):
    """Over the caller's rate limit."""


class SessionConflict(Refusal):
    """The session is not where the request thinks. `current_question_id` is None where it is over."""

    def __init__(self, message: str, status: str, current_question_id: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.current_question_id = current_question_id


class AlreadySubmitted(SessionConflict):
    """This question has its answer."""


class NotTheCurrentQuestion(SessionConflict):
    """This question was not asked, or not yet."""


class SessionNotActive(SessionConflict):
    """The test is over."""


class SessionPaused(SessionConflict):
    """The test's clock stands still."""


class PausesNotAllowed(Refusal):
    """This test cannot be paused, or not now; the message says why."""


class NoPauseLeft(Refusal):
    """Its student has paused the test as often, or as long, as it allows."""

    def __init__(self, times: int, minutes: int) -> None:
        super().__init__(f"This test allows {times} pauses, of {minutes} minutes in all; none is left.")


class NamedTestNotFound(Refusal):
    """No named test of that name."""


class NamedTestNotOpen(Refusal):
    """Nobody may start it yet, or any more. The times are None where there is none."""

    def __init__(self, opens_at: datetime | None, closes_at: datetime | None, now: datetime) -> None:
        is_early = opens_at is not None and now < opens_at
        moment = opens_at if is_early else closes_at
        verb = "opens" if is_early else "closed"
        said = (
            "is not open yet"
            if moment is None
            else f"{verb} at {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        )
        super().__init__(f"This test {said}.")
        self.opens_at, self.closes_at = opens_at, closes_at


class NotInvited(Refusal):
    """The test is for invited students."""


class NoAttemptsLeft(Refusal):
    """The student has started the test as often as it allows."""


class InvitationNotFound(Refusal):
    """The link was not made here, was changed, or has been replaced by a newer one."""


class InvitationRevoked(Refusal):
    """The invitation was taken back."""


class InvitationUsed(Refusal):
    """The test that was started with it is over: `status` says how.

    `session_token` opens its result, where students see that only now that the test has closed.
    """

    def __init__(self, status: str, session_token: str | None = None) -> None:
        super().__init__(f"The test of this invitation is over: it is {status}.")
        self.status = status
        self.session_token = session_token


class ColleagueNotFound(Refusal):
    """Nobody of that name may enter the desk."""


class JoinCodeUnknown(Refusal):
    """No test has this code, or not any more."""


class NameTaken(Refusal):
    """A test was begun under this name already, or the class's code lets nobody choose one."""


class NotExpired(Refusal):
    """Only an expired test can be resumed: `status` is what it is."""

    def __init__(self, status: str) -> None:
        super().__init__(f"Only an expired test can be resumed; this one is {status}.")
        self.status = status


class NoDeadline(Refusal):
    """The test has no time limit that could be extended."""
