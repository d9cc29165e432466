"""Results of a class at the desk: at a glance, question by question, of one student, as a file."""

import pytest
from django.test import Client

from desk.tests.conftest import somebody
from sessions_app.administration.classes import handing_out, members
from sessions_app.administration.classes.people import Person
from sessions_app.administration.tests.test_invitations import open_link
from sessions_app.conftest import answer_questions, browser_of
from sessions_app.models import ClassTest, NamedTest, SchoolClass
from sessions_app.tests.factories import make_named_test, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def given() -> ClassTest:
    """Ada is done, Ben is at it, Cem has not begun; nobody of them gets to see a result."""
    school_class = SchoolClass.objects.create(name="9b")
    for student_id, name in (("s-1", "Ada Lovelace"), ("s-2", "Ben Ali"), ("s-3", "=Cem")):
        members.add_student(school_class, Person(student_id, name=name))
    test = make_named_test(make_pool(12), result_release=NamedTest.Release.NEVER)
    given = handing_out.give(school_class, test.pk, names_may_be_chosen=False)
    for slip, count in zip(handing_out.slips_of(given, ""), (None, 5, 2), strict=True):  # by name: =Cem first
        if count is not None:
            started = open_link(slip.link.partition("#invitation=")[2]).json()
            answer_questions(browser_of(started), started, count)
    return given


def test_the_class_at_a_glance(given: ClassTest) -> None:
    teacher = somebody("sessions_app.manage_classes")
    address = f"/desk/classes/{given.school_class_id}/tests/{given.pk}/results"
    reply = teacher.get(address)
    page = reply.content.decode()
    assert [(member.called, state) for member, _, state in reply.context["rows"]] == [
        ("=Cem", "has not begun"),
        ("Ada Lovelace", "is done"),
        ("Ben Ali", "is at it"),
    ]
    assert [count for _, count in reply.context["counts"]] == [1, 1, 1]
    assert "probability" in page
    assert "θ" not in page
    assert sum(line.asked for line, _ in reply.context["questions"]) == 5  # of tests that are over
    assert "hat nicht begonnen" in teacher.get(f"{address}?language=de").content.decode()
    rows = teacher.get(f"{address}.csv?language=en").content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Student id,Name,Where,Questions,Result,More"
    assert rows[1].startswith("s-3,'=Cem,has not begun,0,,")
    assert rows[2].startswith("s-1,Ada Lovelace,is done,5,")


def test_one_students_report(given: ClassTest) -> None:
    teacher: Client = somebody("sessions_app.manage_classes")
    address = f"/desk/classes/{given.school_class_id}/tests/{given.pk}/results"
    by_name = {each.name: each.pk for each in members.members_of(given.school_class)}
    reply = teacher.get(f"{address}/{by_name['Ada Lovelace']}")
    page = reply.content.decode()
    assert len(reply.context["answers"]) == 5
    assert {"right", "not right"} & {word for word in ("right", "not right") if f"<td>{word}</td>" in page}
    assert "Ability θ" in page.partition("As the psychometrician says it")[2]
    assert "θ" not in page.partition("As the psychometrician says it")[0]
    for name in ("Ben Ali", "=Cem"):  # there is no result yet
        assert teacher.get(f"{address}/{by_name[name]}").status_code == 404


def test_a_test_leads_to_the_results_of_its_classes(given: ClassTest) -> None:
    address = f"/desk/tests/{given.test_id}/results"
    teacher = somebody("sessions_app.manage_classes", "sessions_app.view_namedtest")
    reply = teacher.get(address)
    assert [(each.name, each.students, each.begun, each.over) for each in reply.context["classes"]] == [
        ("9b", 3, 2, 1)
    ]
    page = reply.content.decode()
    assert f"/desk/classes/{given.school_class_id}/tests/{given.pk}/results" in page
    assert "pictures" not in page  # who may not read results of all students
    assert "Sind fertig" in teacher.get(f"{address}?language=de").content.decode()
    reader = somebody("sessions_app.manage_classes", "sessions_app.report_results")
    assert f"/namedtest/{given.test_id}/results" in reader.get(f"{address}?language=en").content.decode()
    others = somebody("sessions_app.teach_classes").get(address)
    assert others.context["classes"] == []
    assert (
        f"/desk/tests/{given.test_id}/"
        in teacher.get(f"/desk/classes/{given.school_class_id}/tests/{given.pk}/").content.decode()
    )


def test_a_class_is_told_that_its_test_is_in_preparation(given: ClassTest) -> None:
    teacher = somebody("sessions_app.manage_classes")
    address = f"/desk/classes/{given.school_class_id}/tests/{given.pk}/?language=en"
    said = "The test is in preparation"
    assert said not in teacher.get(address).content.decode()
    NamedTest.objects.filter(pk=given.test_id).update(is_draft=True)
    assert said in teacher.get(address).content.decode()
