"""Classes at the desk: made, filled by hand and by lists, and seen by their teachers alone."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from desk.tests.conftest import somebody
from sessions_app.administration.classes import members, shelf
from sessions_app.models import Accommodation, ClassMember, ClassTeacher, ClassTest, SchoolClass, Student
from sessions_app.tests.factories import make_named_test, make_pool

pytestmark = pytest.mark.django_db
LIST = "student_id;name;e-mail;Zeitzuschlag\ns-1;Ada Lovelace;ada@example.org;25 %\ns-2;Łukasz Nowak;;\n"


@pytest.fixture
def teacher() -> Client:
    return somebody("sessions_app.teach_classes")


@pytest.fixture
def of_hers(teacher: Client) -> SchoolClass:
    """A class that she made at the desk."""
    form = {"class_id": str(uuid.uuid4()), "name": " 9b ", "term": "2026/27"}
    for _ in range(2):  # sent twice, it is one
        assert teacher.post("/desk/classes/new", form).status_code == 302
    return SchoolClass.objects.get()


def page_of(school_class: SchoolClass, rest: str = "") -> str:
    return f"/desk/classes/{school_class.pk}/{rest}"


def names_in(school_class: SchoolClass) -> list[str]:
    return [each.called for each in members.members_of(school_class)]


def bring(client: Client, school_class: SchoolClass, text: str, **more: str) -> Any:
    """Look at a pasted list, then take what was looked at."""
    address = page_of(school_class, "roster")
    looked = client.post(address, {"text": text, "do": "look", **more})
    seen = looked.context.get("seen")
    return client.post(address, {"text": text, "do": "take", "seen": seen or "", **more})


def test_a_class_is_made_filled_and_kept(teacher: Client, of_hers: SchoolClass) -> None:
    assert str(of_hers) == "9b (2026/27)"
    page = teacher.get("/desk/classes/?search=26/27").content.decode()
    assert page_of(of_hers) in page
    teacher.post(page_of(of_hers, "add"), {"name": "Ada Lovelace", "student_id": "s-1"})
    teacher.post(page_of(of_hers, "add"), {"name": "Ben"})
    assert names_in(of_hers) == ["Ada Lovelace", "Ben"]
    ben = Student.objects.get(name="Ben")
    assert ben.external_id.startswith("s-")
    assert "Give a name or an id" in teacher.post(page_of(of_hers, "add"), {}).content.decode()
    teacher.post(page_of(of_hers, "remove"), {"pk": [ben.pk]})
    assert names_in(of_hers) == ["Ada Lovelace"]
    assert Student.objects.filter(pk=ben.pk).exists()
    teacher.post(page_of(of_hers, "settings"), {"name": "10b", "term": ""})
    teacher.post(page_of(of_hers, "archive"))
    of_hers.refresh_from_db()
    assert (of_hers.name, of_hers.archived_at is not None) == ("10b", True)
    assert page_of(of_hers) not in teacher.get("/desk/classes/").content.decode()
    assert page_of(of_hers) in teacher.get("/desk/classes/?archive=1").content.decode()


def test_only_its_teachers_see_a_class(teacher: Client, of_hers: SchoolClass) -> None:
    colleague = somebody("sessions_app.teach_classes")
    owner = somebody("sessions_app.manage_classes")
    assert colleague.get(page_of(of_hers)).status_code == 404
    assert page_of(of_hers) not in colleague.get("/desk/classes/").content.decode()
    assert owner.get(page_of(of_hers)).status_code == 200
    user = User.objects.get(pk=colleague.session["_auth_user_id"])
    assert (
        "No account of this name"
        in teacher.post(page_of(of_hers, "teachers"), {"username": "nobody"}).content.decode()
    )
    teacher.post(page_of(of_hers, "teachers"), {"username": user.username})
    assert colleague.get(page_of(of_hers)).status_code == 200
    teacher.post(page_of(of_hers, "teachers"), {"remove": str(user.pk)})
    assert colleague.get(page_of(of_hers)).status_code == 404


def test_what_a_student_needs_is_noted(teacher: Client, of_hers: SchoolClass) -> None:
    bring(teacher, of_hers, LIST)
    ada = Student.objects.get(name="Ada Lovelace")
    address = page_of(of_hers, f"students/{ada.pk}")
    said = {"name": "Ada King", "email": "ada@example.org", "extra_time": "50%", "note": "large print"}
    refused = teacher.post(address, {**said, "email": "ada", "extra_time": "lots"}).content.decode()
    assert "It is no e-mail address." in refused
    assert "It is no extra time: write percent, from 0 to 300, such as 25." in refused
    teacher.post(address, said)
    needs = Accommodation.objects.get(student=ada)
    assert (needs.extra_time_percent, needs.note) == (50, "large print")
    assert Student.objects.get(pk=ada.pk).name == "Ada King"
    teacher.post(address, {**said, "extra_time": "", "note": ""})
    assert Accommodation.objects.get(student=ada).extra_time_percent == 0
    assert teacher.get(page_of(of_hers, f"students/{ada.pk + 1000}")).status_code == 404


def test_a_list_is_looked_at_and_then_taken(teacher: Client, of_hers: SchoolClass) -> None:
    address = page_of(of_hers, "roster")
    looked = teacher.post(address, {"text": LIST, "do": "look"})
    assert not Student.objects.exists()  # a look stores nothing
    assert [(row.line, row.name, fate) for row, fate in looked.context["rows"]] == [
        (2, "Ada Lovelace", "new student"),
        (3, "Łukasz Nowak", "new student"),
    ]
    assert "another now" in teacher.post(address, {"text": LIST, "do": "take"}).content.decode()
    assert not Student.objects.exists()
    assert bring(teacher, of_hers, LIST).status_code == 302
    assert names_in(of_hers) == ["Ada Lovelace", "Łukasz Nowak"]
    assert Accommodation.objects.get().extra_time_percent == 25
    again = teacher.post(address, {"text": LIST, "do": "look"})
    assert "There is nothing to change" in again.content.decode()
    # As a spreadsheet gives it back, with a change; and who is not in it leaves where that was meant.
    file = teacher.get(page_of(of_hers, "list.csv")).content.decode("utf-8-sig")
    shorter = "".join(line for line in file.replace("Ada Lovelace", "Ada King").splitlines(True)[:2])
    looked = teacher.post(address, {"text": shorter, "do": "look", "is_whole": "on"})
    assert [(str(row.fate), [str(each) for each in row.details]) for row, _ in looked.context["rows"]] == [
        ("changes", ["name: “Ada Lovelace” becomes “Ada King”"]),
        ("leaves", []),
    ]
    assert len(names_in(of_hers)) == 2
    bring(teacher, of_hers, shorter, is_whole="on")
    assert names_in(of_hers) == ["Ada King"]


def test_names_alone_are_enough(teacher: Client, of_hers: SchoolClass) -> None:
    for _ in range(2):  # the same names are the same students
        bring(teacher, of_hers, "Lovelace, Ada\n\n  Ben  Ali \n")
    assert names_in(of_hers) == ["Ben Ali", "Lovelace, Ada"]
    assert Student.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("name,shoe size\nAda,38\n", ["Line 1, column shoe size: it must be one of"]),
        ("grade\n9\n", ["Line 1: the first line names the columns; student_id or name must be among them."]),
        ("student_id,name\n,\ns-1,A\ns-1,B\n", ["Line 4, column student_id: this student is on line 3"]),
        ("student_id,email,extra_time\ns-1,no,301\n", ["column email: it is no", "column extra_time: it is"]),
        ("student_id,name\ns-1,Ada\n,Ada\n", []),  # named twice, once by id: both are in the list
        ("Ada\n\nada\n", ["Line 3, column name: this student is on line 1 already."]),
        ("name\nAda\nada\n", ["Line 3, column name: this student is on line 2 already."]),
        ("student_id,name\n\u200bs-1,Ada\n", ["Line 2, column student_id: it has a sign"]),
    ],
)
def test_a_list_that_is_wrong_is_told_where(
    teacher: Client, of_hers: SchoolClass, text: str, problems: Sequence[str]
) -> None:
    page = teacher.post(page_of(of_hers, "roster"), {"text": text, "do": "look"})
    told = [str(each) for each in page.context.get("problems", [])]
    assert len(told) == len(problems)
    assert all(part in said for part, said in zip(problems, told, strict=True)), told
    assert not ClassMember.objects.exists()


def test_two_of_one_name_need_ids(teacher: Client, of_hers: SchoolClass) -> None:
    bring(teacher, of_hers, "student_id,name\ns-1,Ada\ns-2,Ada\n")
    page = teacher.post(page_of(of_hers, "roster"), {"text": "Ada", "do": "look"})
    assert "is the name of 2 students of this class" in page.content.decode()
    german = teacher.post(page_of(of_hers, "roster") + "?language=de", {"text": "Ada", "do": "look"})
    assert "Zeile 1," in german.content.decode()


def test_a_teacher_whose_account_goes_leaves_the_class(of_hers: SchoolClass) -> None:
    account = ClassTeacher.objects.get().user_id
    User.objects.get(pk=account).delete()
    assert shelf.teachers_of(of_hers) == []


def test_a_class_is_given_a_test_and_its_slips_are_printed() -> None:
    teacher = somebody(
        "sessions_app.teach_classes", "sessions_app.add_invitation", "sessions_app.view_namedtest"
    )
    teacher.post("/desk/classes/new", {"class_id": str(uuid.uuid4()), "name": "9b"})
    school_class = SchoolClass.objects.get()
    bring(teacher, school_class, LIST)
    test = make_named_test(make_pool(6))
    overview = teacher.get(f"/desk/tests/{test.pk}/").content.decode()
    give = page_of(school_class, "tests/give")
    assert f'action="{give}"' in overview  # where a test is made, it is given to a class
    teacher.post(give, {"test": test.pk})
    assert teacher.post(give, {"test": test.pk}).status_code == 200  # not offered any more
    (given,) = ClassTest.objects.all()
    address = page_of(school_class, f"tests/{given.pk}/")
    assert address in teacher.get(f"/desk/tests/{test.pk}/").content.decode()
    assert "0 of 2" in teacher.get(page_of(school_class, "tests/")).content.decode()
    board = teacher.get(address).content.decode()
    assert f"{given.code[:3]}-{given.code[3:]}" in board
    slips = teacher.get(f"{address}slips")
    page = slips.content.decode()
    assert page.count('class="qr"') == page.count('class="slip"') == 2
    assert "Łukasz Nowak" in page
    assert slips["Cache-Control"] == "no-store"
    teacher.post(f"{address}change", {"do": "let_choose"})
    assert "can begin under any of them" in teacher.get(address).content.decode()
    teacher.post(f"{address}change", {"do": "new_code"})
    assert ClassTest.objects.get().code != given.code
    teacher.post(f"{address}change", {"do": "take_back"})
    assert not ClassTest.objects.exists()
    assert teacher.get(address).status_code == 404
