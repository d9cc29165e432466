"""People and their tests, for pages that would be empty without."""

from dataclasses import dataclass

from sessions_app.conftest import answer_questions, client_with, submit, take_test
from sessions_app.models import ApiClient, Invitation, NamedTest, Student, TestSession
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from testing_engine.models import Question, QuestionPool


@dataclass(frozen=True)
class Population:
    """A pool, a student who finished one test and is in the middle of another, and the client of both.

    `question` is the first one that the student answered. The student also finished the named test, was
    invited to it, and is in the middle of it again.
    """

    pool: QuestionPool
    question: Question
    student: Student
    finished: TestSession
    running: TestSession
    client: ApiClient
    named_test: NamedTest
    invitation: Invitation


def populate() -> Population:
    pool = make_pool(concepts=2, name="Entrance test")
    api = client_with(f"Token {make_token()}")
    asked = {"student_id": "anna", "end_criteria": {"type": "fixed_length", "max_questions": 4}}
    finished = api.post("/api/test/start", asked).json()
    first = submit(api, finished, finished["next_question"]["id"], None).json()
    take_test(api, finished | first)
    running = api.post("/api/test/start", asked).json()
    submit(api, running, running["next_question"]["id"], 1)
    named_test = make_named_test(pool, time_limit_minutes=30)
    for answers in (5, 2):
        started = api.post("/api/test/start", {"student_id": "anna", "test": named_test.name}).json()
        answer_questions(api, started, answers)
    student = Student.objects.get()
    return Population(
        pool=pool,
        question=Question.objects.get(external_id=finished["next_question"]["id"]),
        student=student,
        finished=TestSession.objects.get(pk=finished["session_id"]),
        running=TestSession.objects.get(pk=running["session_id"]),
        client=ApiClient.objects.get(),
        named_test=named_test,
        invitation=Invitation.objects.create(test=named_test, student=student),
    )
