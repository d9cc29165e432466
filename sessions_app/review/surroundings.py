"""What stands around the chains: revisions, plans, media, invitations, proficiencies. Is each what it was?"""

import hashlib
from collections.abc import Iterator

from django.db import connection

from sessions_app.audit import acknowledgements
from sessions_app.models import (
    Invitation,
    LossAcknowledgement,
    LostAnswers,
    ResultSpecification,
    StudentProficiency,
)
from sessions_app.review.breaks import Break
from testing_engine.canonical import hash_of
from testing_engine.models import (
    ParameterSource,
    Passage,
    PoolRevision,
    Question,
    QuestionImage,
    QuestionSound,
    TestPlan,
)
from testing_engine.parameters import is_source_sealed
from testing_engine.publication import content_hash, frozen_content
from testing_engine.revisions import is_plan_hash
from testing_engine.seals import is_sealed


def changed_revisions() -> Iterator[Break]:
    """A revision against its hash, which the sessions' chains vouch for, and against its seal."""
    for revision in PoolRevision.objects.order_by("pk").iterator():
        where = f"pool {revision.pool_id}, {revision}"
        questions = Question.objects.filter(revisionquestion__revision=revision)
        keys: list[int] = []

        def noting(question: Question, keys: list[int] = keys) -> Question:
            keys.append(question.pk)
            return question

        ordered = questions.order_by("revisionquestion__position").iterator()
        if content_hash(frozen_content(noting(question)) for question in ordered) != revision.content_hash:
            yield Break(where, "its questions are not those that it was published with")
        elif not is_sealed(bytes(revision.seal), revision.content_hash, keys):
            yield Break(where, "its questions changed places, or its seal was changed")


def changed_parameter_sources() -> Iterator[Break]:
    """Which table a revision's parameters came from, and how it was read, against its seal."""
    for source in ParameterSource.objects.order_by("pk").select_related("revision").iterator():
        if not is_source_sealed(source):
            where = f"pool {source.revision.pool_id}, {source.revision}"
            yield Break(where, "where its parameters came from was changed")


def changed_plans() -> Iterator[Break]:
    """A plan against its hash, which the sessions' chains vouch for."""
    for plan in TestPlan.objects.order_by("pk").iterator():
        if not is_plan_hash(plan.content_hash, plan.rules, plan.concept_names):
            yield Break(str(plan), "its rules or concept names were changed")


def changed_specifications() -> Iterator[Break]:
    """What a test reports, against its hash, which the sessions' chains vouch for."""
    for row in ResultSpecification.objects.order_by("pk").iterator():
        if hash_of(row.content) != row.content_hash:
            yield Break(str(row), "its kind, cuts or levels were changed")


def changed_media() -> Iterator[Break]:
    """Pictures, sounds and passages against the hash that questions call them by."""
    for image in QuestionImage.objects.order_by("pk").iterator(chunk_size=20):
        if hashlib.sha256(bytes(image.content)).hexdigest() != image.sha256:
            yield Break(f"picture {image.sha256[:12]}", "its content was changed")
    for sound in QuestionSound.objects.order_by("pk").iterator(chunk_size=5):
        if hashlib.sha256(bytes(sound.content)).hexdigest() != sound.sha256:
            yield Break(f"sound {sound.sha256[:12]}", "its content was changed")
    for passage in Passage.objects.order_by("pk").iterator(chunk_size=100):
        if hashlib.sha256(passage.content.encode()).hexdigest() != passage.sha256:
            yield Break(f"passage {passage.sha256[:12]}", "its content was changed")


def changed_invitations() -> Iterator[Break]:
    """The test that was started with an invitation is its student's, and the one it invites to."""
    started = Invitation.objects.exclude(session=None).select_related("session")
    for invitation in started.order_by(
        "pk"
    ).iterator():  # tests that are gone have no place in the usual order
        session = invitation.session
        assert session is not None
        told = (session.student_id, session.named_test_id)
        if told != (invitation.student_id, invitation.test_id):
            yield Break(str(invitation), f"its test {session.pk} is another student's, or another test")


def changed_proficiencies() -> Iterator[Break]:
    """A proficiency is what its session's row says, which the chain vouches for (while it runs: is that)."""
    rows = StudentProficiency.objects.exclude(session=None).select_related("session__plan")
    for row in rows.order_by("pk").iterator(chunk_size=2000):
        session = row.session
        assert session is not None
        names = session.plan.concept_names
        where = f"proficiency of student {row.student_id} in {row.concept_name}"
        if session.student_id != row.student_id or row.concept_name not in names:
            yield Break(where, f"test {session.pk} is no test of the student in it")
            continue
        if session.status == session.Status.ACTIVE:
            continue
        index = names.index(row.concept_name)
        told = (session.theta[index], session.standard_error[index])
        if (row.theta, row.standard_error) != told:
            yield Break(where, f"says {row.theta} ± {row.standard_error}, its test {told[0]} ± {told[1]}")


def lost_answers() -> Iterator[Break]:
    """What was accepted and is gone, as it was noticed (`sitting.losses`), and who answers for it."""
    for lost in LostAnswers.objects.select_related("acknowledgement__by").order_by("pk").iterator():
        where = f"session {lost.session_id}"
        told: LossAcknowledgement | None = getattr(lost, "acknowledgement", None)
        which = f"{lost.count} of {lost.accepted} answers that were accepted are lost"
        itself = ", and the session itself" if lost.is_session_lost else ""
        what = f"{which}{itself} (noticed {lost.noticed_at:%Y-%m-%d %H:%M} UTC)"
        if told is None:
            yield Break(where, what)
        elif acknowledgements.is_sealed(told):
            by = f"acknowledged by {told.by} on {told.at:%Y-%m-%d %H:%M} UTC: {told.reason}"
            yield Break(where, f"{what}, {by}", is_acknowledged=True)
        else:
            yield Break(where, f"{what}, and its acknowledgement is not what somebody said")


_MISFILED = """
SELECT session.id FROM test_sessions session
JOIN students student ON student.id = session.student_id
JOIN pool_revisions revision ON revision.id = session.revision_id
JOIN question_pools pool ON pool.id = revision.pool_id
WHERE session.organisation_id IS DISTINCT FROM student.organisation_id
   OR session.organisation_id IS DISTINCT FROM pool.organisation_id
ORDER BY session.id
"""


def misfiled_sessions() -> Iterator[Break]:
    """A session belongs to the organisation that has its student and its pool."""
    with connection.cursor() as cursor:
        cursor.execute(_MISFILED)
        for (session_id,) in cursor.fetchall():
            yield Break(f"session {session_id}", "belongs to another organisation than its student or pool")


_MISPLACED = """
SELECT session.id FROM test_sessions session
WHERE session.status = 'active' AND (
  NOT EXISTS (SELECT FROM revision_questions place
              WHERE place.revision_id = session.revision_id AND place.position = session.current_position)
  OR EXISTS (SELECT FROM revision_questions place
             JOIN test_responses answer ON answer.question_id = place.question_id
             WHERE place.revision_id = session.revision_id AND place.position = session.current_position
               AND answer.session_id = session.id))
ORDER BY session.id
"""


def misplaced_sessions() -> Iterator[Break]:
    """A running test waits at a question of its revision that it has not had. Which one, replay knows."""
    with connection.cursor() as cursor:
        cursor.execute(_MISPLACED)
        for (session_id,) in cursor.fetchall():
            yield Break(f"session {session_id}", "waits at no question, or at one that was answered")
