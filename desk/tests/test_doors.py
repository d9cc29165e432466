"""Who is let in where: nobody without logging in, and each with the permissions of the page."""

import re
import uuid

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission, User
from django.test import Client

from desk.rights import (
    ALL,
    CHANGE_TESTS,
    COPY_POOLS,
    COPY_TESTS,
    DESCRIBE_OWN,
    EXPORT_POOLS,
    GIVE_TESTS,
    INVITE,
    MAKE_POOLS,
    MANAGE_CLASSES,
    PUBLISH_CALIBRATIONS,
    SEE_AS_STUDENT,
    SEE_POOLS,
    SEE_QUESTIONS,
    SEE_SESSIONS,
    SEE_TESTS,
    SUPERVISE,
    TEACH,
    WRITE_QUESTIONS,
    Right,
)
from desk.tests.conftest import somebody
from desk.urls import urlpatterns
from sessions_app.conftest import Start
from sessions_app.models import Calibration, ClassMember, ClassTest, LongJob, SchoolClass, Simulation, Student
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.pools import current_questions

OPEN = {"log_in", "log_out"}
HIDDEN = {"job", "job_file", "cancel_job"}  # also from who could not have asked for it
NOTHING_IS_OVER = {"class_report", "class_report_file"}  # of the student's tests, so nobody finds a report
WITHOUT_MAIL = {"mail_links"}  # there is no such form where no mail server is set, as in tests
OF_AN_ACCOUNT = {"import_progress", "take_import", "cancel_import", *HIDDEN}  # nobody else finds it
# Address's name → (method, right). Whoever adds an address says here who may open it.
GUARDED: dict[str, tuple[str, Right | None]] = {
    "home": ("get", None),
    "organisation": ("get", DESCRIBE_OWN),
    "tests": ("get", SEE_TESTS),
    "new_test": ("get", CHANGE_TESTS),
    "test": ("get", SEE_TESTS),
    "test_what": ("get", CHANGE_TESTS),
    "test_how": ("get", CHANGE_TESTS),
    "test_who": ("get", CHANGE_TESTS),
    "test_students": ("get", INVITE),
    "test_links": ("get", INVITE),
    "change_invitations": ("post", INVITE),
    "mail_links": ("post", INVITE),
    "live": ("get", SEE_SESSIONS),
    "live_changes": ("post", SEE_SESSIONS),
    "live_act": ("post", SUPERVISE),
    "test_results": ("get", TEACH),
    "test_sharing": ("get", CHANGE_TESTS),
    "try_test": ("get", COPY_TESTS),
    "copy_test": ("post", COPY_TESTS),
    "open_test": ("post", CHANGE_TESTS),
    "close_test": ("post", CHANGE_TESTS),
    "archive_test": ("post", CHANGE_TESTS),
    "restore_test": ("post", CHANGE_TESTS),
    "pools": ("get", SEE_POOLS),
    "new_pool": ("get", MAKE_POOLS),
    "pool": ("get", SEE_POOLS),
    "pool_settings": ("get", COPY_POOLS),
    "pool_sharing": ("get", MAKE_POOLS),
    "thresholds": ("post", MAKE_POOLS),
    "question_table": ("get", SEE_POOLS),
    "change_questions": ("post", WRITE_QUESTIONS),
    "import": ("get", MAKE_POOLS),
    "question_template": ("get", MAKE_POOLS),
    "import_progress": ("get", MAKE_POOLS),
    "take_import": ("post", MAKE_POOLS),
    "pool_export": ("get", EXPORT_POOLS),
    "pool_parameters": ("get", MAKE_POOLS),
    "parameters_out": ("get", MAKE_POOLS),
    "calibrate": ("get", MAKE_POOLS),
    "import_answers": ("post", MAKE_POOLS),
    "cancel_import": ("post", MAKE_POOLS),
    "calibration": ("get", MAKE_POOLS),
    "cancel_calibration": ("post", MAKE_POOLS),
    "publish_calibration": ("post", PUBLISH_CALIBRATIONS),
    "simulate": ("get", MAKE_POOLS),
    "requirements": ("post", MAKE_POOLS),
    "simulation": ("get", MAKE_POOLS),
    "cancel_simulation": ("post", MAKE_POOLS),
    "measure": ("get", SEE_POOLS),
    "pool_information": ("get", SEE_POOLS),
    "items": ("get", SEE_POOLS),
    "question_answers": ("get", SEE_QUESTIONS),
    "pool_exposure": ("get", SEE_POOLS),
    "pool_results": ("get", SEE_SESSIONS),
    "session_path": ("get", SEE_SESSIONS),
    "pool_scale": ("get", MAKE_POOLS),
    "test_scale": ("get", CHANGE_TESTS),
    "watch": ("get", MAKE_POOLS),
    "classes": ("get", TEACH),
    "school_roster": ("get", MANAGE_CLASSES),
    "new_class": ("get", TEACH),
    "class": ("get", TEACH),
    "add_student": ("post", TEACH),
    "remove_students": ("post", TEACH),
    "class_file": ("get", TEACH),
    "class_roster": ("get", TEACH),
    "class_student": ("get", TEACH),
    "class_tests": ("get", TEACH),
    "give_test": ("post", GIVE_TESTS),
    "class_test": ("get", TEACH),
    "change_given": ("post", GIVE_TESTS),
    "slips": ("get", TEACH),
    "slips_file": ("get", TEACH),
    "class_results": ("get", TEACH),
    "class_results_file": ("get", TEACH),
    "class_report": ("get", TEACH),
    "class_report_file": ("get", TEACH),
    "class_reports_file": ("get", TEACH),
    "class_settings": ("get", TEACH),
    "class_teachers": ("post", TEACH),
    "archive_class": ("post", TEACH),
    "restore_class": ("post", TEACH),
    "copy_pool": ("post", COPY_POOLS),
    "archive_pool": ("post", MAKE_POOLS),
    "restore_pool": ("post", MAKE_POOLS),
    "new_question": ("get", WRITE_QUESTIONS),
    "sheet": ("post", WRITE_QUESTIONS),
    "check": ("post", WRITE_QUESTIONS),
    "try": ("post", WRITE_QUESTIONS),
    "question": ("get", WRITE_QUESTIONS),
    "versions": ("get", WRITE_QUESTIONS),
    "archive_question": ("post", WRITE_QUESTIONS),
    "restore_question": ("post", WRITE_QUESTIONS),
    "jobs": ("get", None),
    "job": ("get", EXPORT_POOLS),
    "job_file": ("get", EXPORT_POOLS),
    "cancel_job": ("post", EXPORT_POOLS),
    "prepare_export": ("post", EXPORT_POOLS),
    "media": ("post", WRITE_QUESTIONS),
    "frame": ("get", SEE_AS_STUDENT),
}

# Only the teachers of a class find it, and who manages all.
OF_A_CLASS = {pattern.name for pattern in urlpatterns if "<uuid:class_id>" in str(pattern.pattern)}


def test_every_address_is_listed() -> None:
    assert {pattern.name for pattern in urlpatterns} == OPEN | set(GUARDED)


@pytest.mark.django_db
def test_who_may_open_what(start: Start) -> None:
    pool = make_pool(2)
    session_id = start()["session_id"]
    test = make_named_test(pool)
    Calibration.objects.create(id=pool.pk, pool=pool, revision=pool.revisions.get(), request={})
    Simulation.objects.create(
        id=pool.pk, pool=pool, revision=pool.revisions.get(), request={}, abilities=b"", cancel_requested=True
    )
    LongJob.objects.create(
        id=pool.pk, kind="pool", request={"name": "a"}, holds_students=False, cancel_requested=True
    )
    school_class = SchoolClass.objects.create(id=pool.pk, name="9b")
    ClassMember.objects.create(school_class=school_class, student=Student.objects.get())
    ClassTest.objects.create(school_class=school_class, test=test, code="CDFGHJ")
    strangers = {"anonymous": Client(), "no member of the staff": somebody(is_staff=False)}
    nobody = somebody("sessions_app.erase_students")
    holders = {name: somebody(name) for right in ALL.values() for name in right.any_of}
    for name, (method, right) in GUARDED.items():
        address = address_of(name, pool.pk, current_questions(pool)[0].pk, session_id, test.pk)
        for who, client in strangers.items():
            reply = getattr(client, method)(address)
            assert reply.status_code == 302, (name, who)
            assert reply["Location"].startswith("/desk/log-in?"), (name, who)
        if right is None:
            assert nobody.get(address).status_code == 200
            continue
        assert getattr(nobody, method)(address).status_code == (404 if name in HIDDEN else 403), name
        for permission in right.any_of:
            reply = getattr(holders[permission], method)(address)
            is_about_class = name in OF_A_CLASS and permission != "sessions_app.manage_classes"
            is_hidden = is_about_class or name in OF_AN_ACCOUNT | NOTHING_IS_OVER | WITHOUT_MAIL
            fits = (404,) if is_hidden else (200, 302, 400)  # 400: no file was sent
            assert reply.status_code in fits, (name, permission)
            assert "log-in" not in reply.get("Location", ""), (name, permission)


def address_of(
    name: str, pool_id: uuid.UUID, question_pk: int, session_id: str = "", test_id: int = 0
) -> str:
    (pattern,) = [each for each in urlpatterns if each.name == name]
    address = str(pattern.pattern).replace("<uuid:session_id>", session_id).replace("<slug:name>", "algebra")
    address = address.replace("<int:test_id>", str(test_id))
    address = re.sub("<uuid:[a-z_]+>", str(pool_id), address)  # a calibration has the same id
    student = Student.objects.first()
    address = address.replace("<int:student_pk>", str(student.pk if student else 0))
    given = ClassTest.objects.first()
    address = address.replace("<int:given_pk>", str(given.pk if given else 0))
    query = "?form=mirt" if name == "parameters_out" else ""  # without it there is no such table
    return f"/desk/{address.replace('<int:pk>', str(question_pk))}{query}"


@pytest.mark.django_db
def test_an_api_client_is_no_person(client: Client) -> None:
    user = User.objects.create_user("program")
    user.user_permissions.set(Permission.objects.filter(codename="author_pools"))
    client.force_login(user)
    assert client.get("/desk/questions/").status_code == 302


@pytest.mark.django_db
def test_a_part_of_a_page_is_refused_without_a_redirect(client: Client) -> None:
    assert client.get("/desk/questions/", headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.django_db
def test_logging_in_goes_on_to_where_one_wanted() -> None:
    User.objects.create_superuser("boss", password="a long enough password")
    client = Client()
    first = client.get("/desk/questions/?search=a")
    page = client.get(first["Location"])
    assert page.context["form"] is not None
    fields = {"username": "boss", "password": "a long enough password", "next": page.context["next"]}
    assert client.post("/desk/log-in", fields)["Location"] == "/desk/questions/?search=a"
    fields["next"] = "https://elsewhere.example.org/"
    assert client.post("/desk/log-in", fields)["Location"] == "/desk/"
    assert client.post("/desk/log-out")["Location"] == "/desk/log-in"
    assert client.get("/desk/").status_code == 302


@pytest.mark.django_db
def test_it_locks_after_so_many_failures(settings: LazySettings) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    User.objects.create_superuser("boss", password="a long enough password")
    wrong = {"username": "boss", "password": "wrong", "next": "/desk/"}
    client = Client()
    assert [client.post("/desk/log-in", wrong).status_code for _ in range(2)] == [200, 429]
    locked = client.post("/desk/log-in", {**wrong, "password": "a long enough password"})
    assert locked.status_code == 429
    assert "Too many failed logins" in locked.content.decode()


@pytest.mark.django_db
def test_pages_of_what_is_not_there() -> None:
    client = somebody(*SEE_POOLS.any_of)
    for address in (f"/desk/questions/{uuid.uuid4()}/", "/desk/nothing"):
        reply = client.get(address)
        assert reply.status_code == 404
        assert "There is nothing here" in reply.content.decode()
    assert "Hier ist nichts" in client.get("/desk/nothing?language=de").content.decode()


@pytest.mark.django_db
def test_a_form_of_before_a_new_login_is_told_so() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("boss"))
    reply = client.post("/desk/questions/new", {"name": "A"})
    assert reply.status_code == 403
    assert "out of date" in reply.content.decode()


@pytest.mark.django_db
def test_no_address_of_a_form_is_a_dead_end() -> None:
    pool = make_pool(2)
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    question, test = current_questions(pool)[0], make_named_test(pool)
    SchoolClass.objects.create(id=pool.pk, name="9b")
    for name in [name for name, (method, _right) in GUARDED.items() if method == "post"]:
        address = address_of(name, pool.pk, question.pk, test_id=test.pk)
        reply = client.get(f"{address}?sort=slope")
        assert (reply.status_code, reply["Location"].endswith("?sort=slope")) == (302, True), name
        assert client.put(address).status_code == 405, name
        there_is_none = (
            "cancel_calibration",
            "publish_calibration",
            "cancel_simulation",
            "take_import",
            "cancel_import",
            "cancel_job",
            "change_given",
        )
        if name not in there_is_none:
            assert client.get(reply["Location"]).status_code == 200, name
