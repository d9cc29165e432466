"""A class of twenty-four students who took the short demo test, over three days."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import numpy as np

from sessions_app.administration.classes import handing_out, members
from sessions_app.models import Invitation, NamedTest, SchoolClass, Student
from sessions_app.sitting import lifecycle
from sessions_app.sitting.access import Caller
from sessions_app.sitting.shown import shown_by_key
from sessions_app.sitting.submission import Submission, submit
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision, load_revision
from testing_engine.simulation.students import Students

TEST, TITLE = "demo-class", "Numbers: a demo class"
CLASS, TERM = "Demo class", "Demo"
QUESTIONS = 12
NAMES = (
    *("Ada", "Benno", "Carla", "Davud", "Emmy", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Liam"),
    *("Mina", "Noah", "Olga", "Paul", "Quirin", "Rosa", "Samir", "Tilda", "Umut", "Vera", "Wanda", "Yusuf"),
)
RAN_OUT_OF_TIME = 7  # answers of the last student, who left
SEED = 20_261_125


def take_demo_tests(pool: QuestionPool, now: datetime) -> Iterator[Student]:
    """Each student of the class, when the test is taken. Those who took it before are passed over."""
    test, _ = NamedTest.objects.get_or_create(
        name=TEST,
        defaults={
            "title": TITLE,
            "introduction": "Twelve questions about numbers.",
            "pool": pool,
            "rules": CatRules.from_end_criteria(type="fixed_length", max_questions=QUESTIONS).to_json(),
        },
    )
    revision = load_revision(pool.current_revision_id or 0)
    for index, name in enumerate(NAMES):
        external_id = f"demo-class-{index + 1:02}"
        if not test.sessions.filter(student__external_id=external_id).exists():
            _take(test, revision, external_id, index, now)
        student = Student.objects.get(external_id=external_id)
        Student.objects.filter(pk=student.pk, name="").update(name=name)
        yield student


def give_to_class(students: Iterable[Student]) -> SchoolClass:
    """The class that these students are in, with their test. Safe to repeat."""
    test = NamedTest.objects.get(name=TEST)
    known = SchoolClass.objects.filter(name=CLASS, term=TERM).first()
    school_class = known or SchoolClass.objects.create(name=CLASS, term=TERM)
    members.add(school_class, {student.pk: "" for student in students})
    handing_out.hand(school_class, test, names_may_be_chosen=False)
    for session in test.sessions.filter(student__memberships__school_class=school_class):
        Invitation.objects.filter(test=test, student=session.student_id, session=None).update(session=session)
    return school_class


def _take(test: NamedTest, revision: FrozenRevision, external_id: str, index: int, now: datetime) -> None:
    """One student's test, right as often as the questions' model says of the student's ability."""
    random = np.random.default_rng([SEED, index])
    at = now - timedelta(days=3 - index % 3, minutes=int(random.integers(0, 240)))
    request = lifecycle.TestRequest(student_id=external_id, test=test.name)
    standing = lifecycle.start(request, Caller(), seed=int(random.integers(2**62)), now=at)
    alone = Students.drawn([random.normal(0.2, 0.9)], 1, QUESTIONS, SEED + index)
    for position in range(RAN_OUT_OF_TIME if index == len(NAMES) - 1 else QUESTIONS):
        assert standing.next_question is not None
        question_id = standing.next_question.id
        item = revision.positions[question_id]
        (score,) = alone.answers(revision.bank, np.array([0]), np.array([item]), position)
        options = [option for option, earned in enumerate(revision.option_scores[item]) if earned == score]
        milliseconds = int(1000 * random.lognormal(3.2, 0.6))
        at += timedelta(milliseconds=milliseconds)
        answer = Submission(
            session_id=standing.session_id,
            question_id=question_id,
            response=shown_by_key(int(revision.question_ids[item])).options[int(random.choice(options))],
            response_time_ms=milliseconds,
        )
        standing = submit(answer, Caller(session_id=standing.session_id), now=at)
