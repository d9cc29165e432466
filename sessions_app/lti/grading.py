"""What a platform's gradebook is told of a student: the newest test that is over, on a scale of 0 to 100.

The scale is that on which results are told, stretched to 0 to 100 where it has both ends; points in percent
where a test counts points; else the proficiency, 100 Φ(θ): of 100 people of the reference population, how
many are at or below. A result that students do not get is not in their gradebook either.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import translation
from pylti1p3.grade import Grade

from sessions_app.models import LtiLink, Student, TestSession
from sessions_app.reporting.levels import level_of
from sessions_app.reporting.results import Result, result_in
from sessions_app.sitting import named_tests
from sessions_app.sitting.proficiency import proficiency_of

MOST = 100.0
PROGRESS = {  # of the activity, as AGS 2.0 calls it
    TestSession.Status.COMPLETED: "Completed",
    TestSession.Status.ENDED: "Completed",
    TestSession.Status.EXPIRED: "Submitted",
}


@dataclass(frozen=True)
class Score:
    """`given` of `MOST`; None: there is none to tell. `comment`: the level, if the result has levels."""

    given: float | None
    comment: str = ""


def graded_session(link: LtiLink, student: Student) -> TestSession | None:
    """The newest that is over, of those begun from this place."""
    over = TestSession.objects.filter(lti_sitting__link=link, student=student, completed_at__isnull=False)
    return over.select_related("student", "named_test", "plan").order_by("-completed_at").first()


def score_of(session: TestSession) -> Score:
    """Of a test that is over."""
    result = result_in(session)
    spec, whole = result.standing.result_spec, result.report.whole
    if not named_tests.is_for_student(session.named_test, spec) or not result.standing.counted:
        return Score(None)
    if result.standing.raw is not None:
        percent = result.standing.raw.percent
        return Score(None if percent is None else round(percent, 2))
    if whole is None:
        return Score(None)
    with translation.override(settings.LANGUAGE_CODE):
        return Score(_on_the_scale(result, whole.theta), level_of(whole.theta, spec))


def _on_the_scale(result: Result, theta: float) -> float:
    spec = result.standing.result_spec
    scale = spec.reporting
    if scale is not None and scale.minimum is not None and scale.maximum is not None:
        share = (spec.score(theta) - scale.minimum) / (scale.maximum - scale.minimum)
        return round(MOST * min(max(share, 0.0), 1.0), 2)
    return round(MOST * proficiency_of(theta), 2)


def hidden_until(session: TestSession, now: datetime) -> datetime | None:
    """The moment before which its student may not know; None: they may."""
    released_at = named_tests.released_at(session.named_test)
    return released_at if released_at is not None and now < released_at else None


def grade_of(session: TestSession, sub: str, now: datetime) -> Grade:
    """What goes over the wire. The time is of now: what is sent is what holds now, however old the test."""
    score = score_of(session)
    grade = Grade()
    grade.set_user_id(sub).set_timestamp(now.isoformat(timespec="milliseconds"))
    grade.set_activity_progress(PROGRESS[TestSession.Status(session.status)])
    if score.given is None:
        return grade.set_grading_progress("NotReady")
    grade.set_score_given(score.given).set_score_maximum(MOST).set_grading_progress("FullyGraded")
    return grade.set_comment(score.comment) if score.comment else grade
