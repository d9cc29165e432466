"""Links by e-mail, as a teacher asks for them at the desk."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from desk.tests.conftest import somebody
from sessions_app.models import Invitation, InvitationMail, NamedTest, Student
from sessions_app.tests.factories import make_named_test, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher() -> Client:
    return somebody("sessions_app.add_invitation", "sessions_app.view_namedtest")


@pytest.fixture
def test() -> NamedTest:
    made = make_named_test(make_pool(2))
    for name, email in (("anna", "anna@example.org"), ("ben", "")):
        student = Student.objects.create(external_id=name, name=name.title(), email=email)
        Invitation.objects.create(test=made, student=student)
    return made


def test_it_is_sent_to_who_has_an_address_and_the_page_says_how_it_went(
    teacher: Client, test: NamedTest, settings: Settings
) -> None:
    settings.SENDS_MAIL, settings.DEFAULT_FROM_EMAIL = True, "tests@example.org"
    page = f"/desk/tests/{test.pk}/students"
    assert "How many: <strong>1</strong>" in teacher.get(page).content.decode()
    too_long = teacher.post(f"{page}/mail", {"line": "x" * 1001, "language": "de"})
    assert (too_long.status_code, InvitationMail.objects.count()) == (200, 0)
    for _ in range(2):
        assert teacher.post(f"{page}/mail", {"line": "Bis  bald!", "language": "de"}).status_code == 302
    message = InvitationMail.objects.get()
    assert (message.mailing.line, message.mailing.language) == ("Bis bald!", "de")
    assert message.mailing.page == "http://testserver/take/test"
    assert "waiting" in teacher.get(page).content.decode()
    InvitationMail.objects.update(next_try_at=None, answer="refused 550")
    assert "not sent: the mail server refuses this address (550)" in teacher.get(page).content.decode()
    chosen = [str(pk) for pk in Invitation.objects.values_list("pk", flat=True)]
    teacher.post(f"{page}/change", {"do": "mail", "chosen": chosen})
    assert InvitationMail.objects.filter(next_try_at__isnull=False).get().mailing.line == "Bis bald!"


def test_without_a_mail_server_the_page_says_so(teacher: Client, test: NamedTest) -> None:
    page = f"/desk/tests/{test.pk}/students"
    assert "The service sends no e-mail" in teacher.get(page).content.decode()
    assert teacher.post(f"{page}/mail", {"line": "", "language": "de"}).status_code == 404
