"""A student's way through a test with its pictures, and why each question came."""

from dataclasses import dataclass
from uuid import UUID

from sessions_app.models import TestSession
from sessions_app.refusals import SessionNotFound
from sessions_app.reporting.pictures import path as path_pictures
from sessions_app.reporting.session_path import path_of
from sessions_app.review.replay import LEADING, Replay, ReplayedStep, replay
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.voice import ENGLISH, Voice


@dataclass(frozen=True)
class Walk:
    """Without an ability, or an answer that is here, there is nothing to draw. `reasons`: the steps that
    chose something, recomputed; none of a session that cannot be replayed."""

    session: TestSession
    replay: Replay
    reasons: tuple[ReplayedStep, ...]
    pictures: tuple[Picture, ...]


def walk_of(session_id: UUID, say: Voice = ENGLISH) -> Walk:
    """Changes nothing. Raises `SessionNotFound`."""
    session = (
        TestSession.objects.select_related("student", "revision__pool", "plan").filter(pk=session_id).first()
    )
    if session is None:
        raise SessionNotFound
    replayed = replay(session_id, candidates=LEADING)
    if not session.has_ability or replayed.archive is not None:
        return Walk(session, replayed, (), ())
    path = path_of(session)
    drawn = (path_pictures.ability(path, say), path_pictures.information(path, say))
    reasons = tuple(step for step in replayed.steps if step.why)
    return Walk(session, replayed, reasons, drawn if path.questions else ())
