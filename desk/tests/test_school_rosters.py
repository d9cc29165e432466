"""A whole school's roster in OneRoster's files, looked at and taken: whole, in changes, and with faults."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from desk.tests.conftest import somebody
from organisations.acting import acting_for
from organisations.models import DEFAULT, Organisation
from sessions_app.administration.classes import handing_out, members
from sessions_app.administration.classes.oneroster.bringing import bring_school
from sessions_app.administration.classes.oneroster.files import open_package
from sessions_app.administration.classes.oneroster.records import read_records
from sessions_app.administration.classes.tables import RosterRefused
from sessions_app.administration.privacy import erase_student, held_of
from sessions_app.models import ClassMember, ClassTeacher, Invitation, RosterPerson, SchoolClass, Student
from sessions_app.tests.factories import make_named_test, make_pool

pytestmark = pytest.mark.django_db
PAGE = "/desk/classes/school"
Files = dict[str, str]


def manifest(version: str, **modes: str) -> str:
    rows = "".join(f"file.{name},{mode}\n" for name, mode in modes.items())
    return f"propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n{rows}"


def whole() -> Files:
    """1.1: two classes, three students, two teachers."""
    names = ("academicSessions", "orgs", "users", "classes", "enrollments")
    return {
        "manifest.csv": manifest("1.1", courses="absent", **dict.fromkeys(names, "bulk")),
        "academicSessions.csv": "sourcedId,status,dateLastModified,title,type\nt1,,,2026/27,schoolYear\n",
        "orgs.csv": "sourcedId,status,dateLastModified,name,type\no1,,,A school,school\n",
        "users.csv": (
            "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,email,"
            "grades,password\n"
            "u1,,,true,o1,student,ada,Ada,Lovelace,ada@example.org,09,geheim\n"
            "u2,,,true,o1,student,ben,Ben,Ali,,09,\n"
            "u3,,,true,o1,student,cleo,Cleo,Ito,,,\n"
            'w1,,,true,"o1,o2",teacher,ruth,Ruth,Moss,Ruth@example.org,,\n'
            "w2,,,true,o1,teacher,tom,Tom,Hill,tom@example.org,,\n"
        ),
        "classes.csv": (
            "sourcedId,status,dateLastModified,title,schoolSourcedId,termSourcedIds\nc1,,,9b,o1,t1\nc2,,,9c,o1,\n"
        ),
        "enrollments.csv": (
            "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary\n"
            "e1,,,c1,o1,u1,student,\ne2,,,c1,o1,u2,student,\ne3,,,c2,o1,u3,student,\n"
            "e4,,,c1,o1,w1,teacher,true\ne5,,,c1,o1,w2,teacher,\n"
        ),
    }


def changes(version: str = "1.1", **files: str) -> Files:
    """A delta of these files."""
    rows = {f"{name}.csv": text for name, text in files.items()}
    return {"manifest.csv": manifest(version, **dict.fromkeys(files, "delta")), **rows}


ENROLMENTS = "sourcedId,status,classSourcedId,userSourcedId,role\n"
CLASSES = "sourcedId,status,title,schoolSourcedId,termSourcedIds\n"
USERS = "sourcedId,status,username,givenName,familyName,email,grades"


def zipped(files: Mapping[str, str], folder: str = "") -> list[SimpleUploadedFile]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(
                zipfile.ZipInfo(folder + name), text, zipfile.ZIP_DEFLATED
            )  # at any time the same
    return [SimpleUploadedFile("roster.zip", content.getvalue())]


@pytest.fixture
def owner() -> Client:
    return somebody("sessions_app.manage_classes")


def look(client: Client, files: Files) -> Any:
    return client.post(PAGE, {"uploads": zipped(files), "do": "look"})


def take(client: Client, files: Files) -> None:
    seen = look(client, files).context["seen"]
    assert client.post(PAGE, {"uploads": zipped(files), "do": "take", "seen": seen}).status_code == 302


def told(reply: Any) -> list[tuple[str, int | None, str, str]]:
    assert "problems" not in reply.context, reply.context["problems"]
    return [
        (row.file, row.line, row.name or row.student_id, row.fate.value) for row, _ in reply.context["rows"]
    ]


def who_is_where() -> dict[str, list[str]]:
    return {str(each): [one.called for one in members.members_of(each)] for each in SchoolClass.objects.all()}


def test_a_whole_school_is_looked_at_taken_and_taken_again(owner: Client) -> None:
    ruth = User.objects.create_user("r.moss", "ruth@example.org", is_staff=True)
    User.objects.create_user("tom")  # may not enter the desk
    reply = look(owner, whole())
    assert told(reply) == [
        ("classes.csv", 2, "9b (2026/27)", "new_class"),
        ("classes.csv", 3, "9c", "new_class"),
        ("users.csv", 2, "Ada Lovelace", "new"),
        ("users.csv", 3, "Ben Ali", "new"),
        ("users.csv", 4, "Cleo Ito", "new"),
        ("enrollments.csv", 2, "Ada Lovelace", "joins"),
        ("enrollments.csv", 3, "Ben Ali", "joins"),
        ("enrollments.csv", 4, "Cleo Ito", "joins"),
        ("enrollments.csv", 5, "Ruth Moss", "teaches"),
        ("enrollments.csv", 6, "Tom Hill", "no_account"),
    ]
    assert not SchoolClass.objects.exists()  # a look stores nothing
    unseen = owner.post(PAGE, {"uploads": zipped(whole()), "do": "take"})
    assert "others now" in unseen.content.decode()
    assert not Student.objects.exists()
    take(owner, whole())
    assert who_is_where() == {"9b (2026/27)": ["Ada Lovelace", "Ben Ali"], "9c": ["Cleo Ito"]}
    assert [each.user for each in ClassTeacher.objects.all()] == [ruth]
    assert "from a roster" in owner.get("/desk/classes/").content.decode()
    held = held_of("u1")
    assert (held.roster_ids, [each.source_id for each in held.classes]) == (["u1"], ["e1"])
    single = [SimpleUploadedFile(name, text.encode()) for name, text in whole().items()]
    again = owner.post(PAGE, {"uploads": single, "do": "look"})
    assert told(again) == [("enrollments.csv", 6, "Tom Hill", "no_account")]
    assert "There is nothing to change" in again.content.decode()
    in_folder = owner.post(
        PAGE, {"uploads": zipped(whole(), "export/"), "do": "look"}, headers={"HX-Request": "true"}
    )
    assert "There is nothing to change" in in_folder.content.decode()
    german = owner.get(f"{PAGE}?language=de").content.decode()
    assert "Klassenlisten der Schule" in german


def test_who_is_missing_from_what_is_whole_leaves(owner: Client) -> None:
    take(owner, whole())
    nine_b, nine_c = SchoolClass.objects.get(name="9b"), SchoolClass.objects.get(name="9c")
    by_hand = SchoolClass.objects.create(name="Chess")
    dora = Student.objects.create(external_id="d", name="Dora")
    members.add(nine_b, {dora.pk: ""})
    given = handing_out.give(nine_b, make_named_test(make_pool(2)).pk, names_may_be_chosen=False)
    files = whole()
    files["users.csv"] = "".join(line for line in files["users.csv"].splitlines(True) if line[:2] != "u2")
    files["classes.csv"] = files["classes.csv"].replace("c2,,,9c,o1,\n", "")
    files["enrollments.csv"] = "".join(
        line for line in files["enrollments.csv"].splitlines(True) if line[:2] not in ("e2", "e3")
    )
    assert told(look(owner, files))[:2] == [
        ("classes.csv", None, "9c", "archived"),
        ("users.csv", None, "Ben Ali", "leaves"),
    ]
    take(owner, files)
    assert who_is_where()["9b (2026/27)"] == ["Ada Lovelace", "Dora"]  # by hand: she stays
    nine_c.refresh_from_db()
    by_hand.refresh_from_db()
    assert (nine_c.archived_at is None, by_hand.archived_at) == (False, None)
    assert who_is_where()["9c"] == ["Cleo Ito"]  # what they did together stays together
    ben = Student.objects.get(name="Ben Ali")
    assert Invitation.objects.get(test=given.test, student=ben).revoked_at is not None
    assert [fate for *_, fate in told(look(owner, files))] == ["no_account", "no_account"]
    take(owner, whole())  # they come back as who they were
    assert who_is_where()["9b (2026/27)"] == ["Ada Lovelace", "Ben Ali", "Dora"]
    assert Student.objects.count() == 4
    assert SchoolClass.objects.get(name="9c").archived_at is None


def test_changes_change_what_they_name(owner: Client) -> None:
    take(owner, whole())
    delta = changes(
        users=f"{USERS},role\nu1,active,ada,Ada,King,,,student\nu3,tobedeleted,,,,,,\nu4,active,eve,Eve,Ng,,,student\n",
        classes=f"{CLASSES}c1,active,10b,o1,\nc9,tobedeleted,,,\n",
        enrollments=f"{ENROLMENTS}e2,tobedeleted,c1,u2,student\ne6,active,c2,u4,student\ne1,active,c2,u1,student\n",
    )
    assert told(look(owner, delta)) == [
        ("classes.csv", 2, "10b (2026/27)", "changes"),
        ("users.csv", 2, "Ada King", "changes"),
        ("users.csv", 4, "Eve Ng", "new"),
        ("enrollments.csv", 3, "Eve Ng", "joins"),
        ("enrollments.csv", 4, "Ada King", "joins"),  # the same enrolment in another class
        ("enrollments.csv", 4, "Ada King", "leaves"),
        ("enrollments.csv", 2, "Ben Ali", "leaves"),
        ("users.csv", 3, "Cleo Ito", "leaves"),
    ]
    take(owner, delta)
    assert who_is_where() == {"10b (2026/27)": [], "9c": ["Ada King", "Eve Ng"]}
    assert "There is nothing to change" in look(owner, delta).content.decode()
    assert Student.objects.get(external_id="u1").email == "ada@example.org"  # empty: nothing is said
    SchoolClass.objects.filter(name="9c").update(archived_at="2026-01-01T00:00Z")
    late = changes(enrollments=f"{ENROLMENTS}e7,active,c2,u2,student\n")
    assert not told(look(owner, late))  # not into an archive


def test_roles_have_a_file_of_their_own_in_1_2(owner: Client) -> None:
    teacher = User.objects.create_user("ruth", is_staff=True)
    files = whole()
    rows = [line.split(",") for line in files["users.csv"].splitlines()[1:4]]
    files |= {
        "manifest.csv": files["manifest.csv"].replace(",1.1", ",1.2") + "file.roles,bulk\n",
        "users.csv": f"{USERS},preferredGivenName\n"
        + "".join(f"{row[0]},,{row[6]},{row[7]},{row[8]},,09,\n" for row in rows).replace(
            "09,\n", "09,Addie\n", 1
        )
        + "w1,,ruth,Ruth,Moss,,,\nw2,,tom,Tom,Hill,,,\n",
        "roles.csv": "sourcedId,status,userSourcedId,roleType,role,orgSourcedId\n"
        + "".join(f"r{each},,u{each},primary,student,o1\n" for each in (1, 2, 3))
        + "r4,,w1,primary,teacher,o1\n",
    }
    take(owner, files)
    assert who_is_where() == {"9b (2026/27)": ["Addie Lovelace", "Ben Ali"], "9c": ["Cleo Ito"]}
    assert ClassTeacher.objects.get().user == teacher
    delta = changes(
        "1.2",
        users=f"{USERS}\nu2,active,ben,Ben,Aly,,\n",
        enrollments=f"{ENROLMENTS}e4,tobedeleted,c1,w1,teacher\n",
    )
    assert [fate for *_, fate in told(look(owner, delta))] == ["changes"]  # who w1 is, this file does not say
    delta = changes(
        "1.2",
        users=f"{USERS}\nw1,active,ruth,Ruth,Moss,,\n",
        enrollments=f"{ENROLMENTS}e4,tobedeleted,c1,w1,teacher\n",
    )
    take(owner, delta)
    assert not ClassTeacher.objects.exists()
    del files["roles.csv"]
    assert [str(each) for each in look(owner, files).context["problems"]] == [
        "manifest.csv: it names roles.csv, which is not there."
    ]


def test_students_are_found_by_id_and_never_by_name(owner: Client) -> None:
    namesake = Student.objects.create(external_id="x", name="Ada Lovelace")
    here = Student.objects.create(external_id="u2", name="Ben")
    reply = look(owner, whole())
    details = {row.student_id: [str(each) for each in row.details] for row, _ in reply.context["rows"][2:5]}
    assert details["u2"][:2] == [
        "a student of this id is here already, and is meant",
        "name: “Ben” becomes “Ben Ali”",
    ]
    take(owner, whole())
    assert RosterPerson.objects.get(source_id="u2").student == here
    assert not namesake.memberships.exists()
    Student.objects.filter(pk=here.pk).update(external_id="17")  # our id may change, the roster's stays
    assert not [each for each in told(look(owner, whole())) if each[3] != "no_account"]
    with acting_for(Organisation.objects.create(slug="other", name="Other").pk):
        elsewhere = somebody("sessions_app.manage_classes")
        User.objects.create_user("tom elsewhere", "tom@example.org", is_staff=True)
    assert [fate for *_, fate in told(look(elsewhere, whole()))].count("new") == 3
    assert told(look(owner, whole()))[-1] == ("enrollments.csv", 6, "Tom Hill", "no_account")
    erase_student("u1", now=timezone.now())
    assert not RosterPerson.objects.filter(source_id="u1").exists()
    assert ("users.csv", 2, "Ada Lovelace", "new") in told(look(owner, whole()))  # somebody new


def test_who_stands_outside_of_all_organisations_brings_no_roster() -> None:
    Organisation.objects.create(slug="other", name="Other")
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    assert "You belong to no organisation" in look(client, whole()).content.decode()
    assert not SchoolClass.objects.exists()


def bring(files: Files) -> None:
    package = open_package({name: text.encode() for name, text in files.items()})
    bring_school(read_records(package), DEFAULT, dry_run=False, now=timezone.now())


def without(name: str) -> Files:
    return {each: text for each, text in whole().items() if each != name}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (without("manifest.csv"), "There is no manifest.csv"),
        (whole() | {"manifest.csv": manifest("1.0")}, "manifest.csv: oneroster.version must be 1.1 or 1.2."),
        (
            whole() | {"manifest.csv": manifest("1.1", users="all")},
            "manifest.csv: Line 4, column value: it must be",
        ),
        (
            whole() | {"manifest.csv": manifest("1.1")},
            "manifest.csv: it does not say whether users.csv is bulk",
        ),
        (
            whole() | {"users.csv": "sourcedId,status\n"},
            "users.csv: Line 1, column role: the column is missing.",
        ),
        (whole() | {"users.csv": "sourcedId\nu1,x\n"}, "users.csv: Line 2, column 2: it has 2 cells"),
        (changes(classes=f"{CLASSES}c1,,9b,o1,\n"), "classes.csv: Line 2, column status: it must be active"),
        (changes(classes=f"{CLASSES}c1,active,,o1,\n"), "classes.csv: Line 2, column title: it is empty."),
        (changes(classes=f"{CLASSES}c1,active,{'9' * 101},o1,\n"), "column title: it is longer than 100"),
        (
            changes(classes=f"{CLASSES}c1,active,9b,o1,\nc1,active,9c,o1,\n"),
            "classes.csv: Line 3, column sourcedId: it is on line 2 already.",
        ),
        (
            whole() | {"orgs.csv": "sourcedId,status\no2,\n"},
            "classes.csv: Line 2, column schoolSourcedId: it is not in orgs.csv.",
        ),
        (
            changes(users=f"{USERS},role\nu1,active,a,A,B,nowhere,,student\n"),
            "users.csv: Line 2, column email: it is no e-mail address.",
        ),
        (
            changes(users=f"{USERS},role\n../x,active,a,A,B,,,student\n"),
            "users.csv: Line 2, column sourcedId: it",
        ),
        (
            changes(enrollments=f"{ENROLMENTS}e1,active,c1,u1,student\n"),
            "enrollments.csv: Line 2, column classSourcedId: it names what is neither in",
        ),
        (
            whole() | {"enrollments.csv": f"{ENROLMENTS}e1,,c1,u9,student\n"},
            "enrollments.csv: Line 2, column userSourcedId: it names what is neither in users.csv nor known.",
        ),
    ],
)
def test_faults_name_their_place_and_change_nothing(files: Files, problem: str) -> None:
    with pytest.raises(RosterRefused) as refused:
        bring(files)
    assert any(problem in str(each) for each in refused.value.problems), refused.value.problems
    assert not SchoolClass.objects.exists()


def test_hostile_zips_are_refused_before_they_are_unpacked(owner: Client) -> None:
    bomb = whole() | {"users.csv": "a" * (40 * 1024 * 1024)}
    assert "unpacks to more than 200 times" in look(owner, bomb).content.decode()
    assert "points out of it" in look(owner, whole() | {"../../users.csv": "x"}).content.decode()
    cut = SimpleUploadedFile("roster.zip", b"PK\x03\x04 and no more")
    assert "The zip file is broken" in owner.post(PAGE, {"uploads": [cut], "do": "look"}).content.decode()
    assert owner.post(PAGE, {"do": "look"}).context["form"].errors["uploads"]
    assert not ClassMember.objects.exists()


def test_only_who_manages_classes_brings_a_roster() -> None:
    teacher = somebody("sessions_app.teach_classes")
    assert teacher.post(PAGE, {"uploads": zipped(whole()), "do": "look"}).status_code == 403
    assert PAGE not in teacher.get("/desk/classes/").content.decode()
