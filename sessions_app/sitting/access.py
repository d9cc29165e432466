"""Who may see and continue a session, and whose its result is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sessions_app.models import TestSession
from sessions_app.refusals import ResultNotShown, SessionNotFound, TokenRevoked, WrongStudent
from sessions_app.sitting import named_tests
from sessions_app.sitting.session_state import SessionState
from sessions_app.sitting.standing import Standing


@dataclass(frozen=True)
class Caller:
    """Who asks: an API client by its id, or the holder of one session's token."""

    client_id: int | None = None
    session_id: UUID | None = None
    token_generation: int = 0

    def holds_newest(self, generation: int) -> bool:
        """Whether the caller's session token, if it is one, is of the session's generation."""
        return self.session_id is None or self.token_generation == generation

    def may_open(self, session_id: UUID, client_id: int | None) -> bool:
        if self.session_id is not None:
            return self.session_id == session_id
        return client_id is not None and self.client_id == client_id


def may_see_result(standing: Standing, caller: Caller, now: datetime) -> bool:
    """Whether the result is for the caller: a school's own system, which started the test, gets every one; a
    student those for students, once they are released."""
    if caller.session_id is None:
        return True
    released_at = named_tests.released_at(standing.test)
    is_due = released_at is None or now >= released_at
    return is_due and named_tests.is_for_student(standing.test, standing.result_spec)


def check_shown(standing: Standing, caller: Caller, now: datetime) -> None:
    """Raises `ResultNotShown` where the result is not for the caller, or not yet."""
    if not may_see_result(standing, caller, now):
        is_for_student = named_tests.is_for_student(standing.test, standing.result_spec)
        raise ResultNotShown(named_tests.released_at(standing.test) if is_for_student else None)


def check_access(state: SessionState, session_id: UUID, student_id: str | None, caller: Caller) -> None:
    """The same checks as `session_for`, without a query.

    Except for the token's generation: where that differs, the state may be the older one, and only the row
    tells. The callers ask `Caller.holds_newest` and go there.
    """
    if not caller.may_open(session_id, state.client_id):
        raise SessionNotFound
    if student_id is not None and not state.is_of_student(student_id):
        raise WrongStudent


def session_for(
    session_id: UUID, caller: Caller, student_id: str | None, *, for_update: bool = False
) -> TestSession:
    """The session's row, if the caller may see it and it is that student's.

    A session whose student was erased is nobody's any more.
    """
    sessions = TestSession.objects.select_related("student", "named_test").filter(pk=session_id)
    session = (sessions.select_for_update(of=("self",)) if for_update else sessions).first()
    if session is None or not caller.may_open(session_id, session.client_id):
        raise SessionNotFound
    if session.student.erased_at is not None:
        raise SessionNotFound
    if not caller.holds_newest(session.token_generation):
        raise TokenRevoked
    if student_id is not None and student_id != session.student.external_id:
        raise WrongStudent
    return session
