"""Links by e-mail, to a mail server of other people's making that listens on this machine."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone
from pytest_django.fixtures import Settings

from organisations.models import DEFAULT, Organisation
from sessions_app.administration import invitations
from sessions_app.mailing import outbox, sending
from sessions_app.mailing.sending import Reach
from sessions_app.models import Invitation, InvitationMail, Mailing, NamedTest, Student
from sessions_app.tasks import forget_messages
from sessions_app.tests.factories import make_named_test, make_pool

pytestmark = pytest.mark.django_db
PAGE = "https://tests.example.org/take/test"
NOW = timezone.now() + timedelta(hours=1)  # messages are due when the database says they were written


class Mailbox:
    """Takes mail, but for two: one whom it does not know, and one whose mail it wants later."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802  # as aiosmtpd calls it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("unknown@"):
            return f"550 5.1.1 <{address}>: nobody is called so here"
        if address.startswith("later@"):
            return "451 4.7.1 Greylisted, try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.SENDS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS = "", False
    settings.DEFAULT_FROM_EMAIL = "School <tests@example.org>"
    yield box
    server.stop()


@pytest.fixture
def test() -> NamedTest:
    Organisation.objects.filter(pk=DEFAULT).update(name="Goethe-Schule", time_zone="Europe/Berlin")
    made = make_named_test(make_pool(2), title="Brüche")
    for name in ("anna", "unknown", "later"):
        student = Student.objects.create(external_id=name, name=name.title(), email=f"{name}@example.org")
        Invitation.objects.create(test=made, student=student)
    Invitation.objects.create(test=made, student=Student.objects.create(external_id="without"))
    return made


def send(test: NamedTest, **options: Any) -> int:
    asked: dict[str, Any] = {"page": PAGE, "language": "de", "line": "Viel Erfolg!", "by_id": None}
    return sending.send(test, **{**asked, **options})


def reached() -> dict[str, tuple[Reach, str]]:
    """By the student's id."""
    ids = dict(Invitation.objects.values_list("pk", "student__external_id"))
    return {ids[pk]: (each.reach, each.answer) for pk, each in sending.mailed(ids).items()}


def test_each_gets_their_own_link_and_the_server_says_who_did_not(test: NamedTest, mailbox: Mailbox) -> None:
    assert (send(test), send(test)) == (3, 0)  # sent twice, it is one
    assert {reach for reach, _answer in reached().values()} == {Reach.WAITS}
    assert outbox.send_due(NOW + timedelta(seconds=1)) == 1
    assert reached() == {
        "anna": (Reach.SENT, "sent"),
        "unknown": (Reach.FAILED, "refused 550"),
        "later": (Reach.WAITS, "not_yet 451"),
    }
    (letter,) = mailbox.letters
    invitation = Invitation.objects.get(student__external_id="anna")
    text = letter.get_content()
    assert (letter["To"], letter["From"]) == ("anna@example.org", "School <tests@example.org>")
    assert letter["Subject"] == "Brüche: Ihr Link"
    assert "Goethe-Schule" in text
    assert "Viel Erfolg!" in text
    assert f"{PAGE}#invitation={invitations.token_of(invitation)}" in text.replace("\r\n", "\n")
    assert not InvitationMail.objects.filter(answer__contains="@").exists()  # nobody's address is kept


def test_who_was_not_reached_is_tried_again_and_given_up(test: NamedTest, mailbox: Mailbox) -> None:
    send(test)
    now = NOW
    for _try in range(12):
        now += timedelta(hours=11)
        outbox.send_due(now)
    assert reached()["later"] == (Reach.FAILED, "not_yet 451")
    assert len(mailbox.letters) == 1
    assert send(test) == 2  # those who did not get theirs, once more
    assert send(test, chosen=[Invitation.objects.get(student__external_id="anna").pk]) == 1
    outbox.send_due(now + timedelta(hours=1))
    assert len(mailbox.letters) == 2


def test_a_server_that_is_away_loses_nothing(test: NamedTest, settings: Settings, mailbox: Mailbox) -> None:
    there = settings.EMAIL_PORT
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        settings.EMAIL_PORT = closed.getsockname()[1]
        send(test)
        assert outbox.send_due(NOW + timedelta(seconds=1)) == 0
    assert set(reached().values()) == {(Reach.WAITS, "unreachable ConnectionRefusedError")}
    settings.EMAIL_PORT = there
    assert outbox.send_due(NOW + timedelta(minutes=5)) == 1


def test_what_opens_nothing_any_more_is_not_sent(test: NamedTest, mailbox: Mailbox) -> None:
    send(test)
    Invitation.objects.filter(student__external_id="anna").update(revoked_at=NOW)
    Student.objects.filter(external_id="later").update(email="")
    outbox.send_due(NOW + timedelta(seconds=1))
    assert mailbox.letters == []
    assert (reached()["anna"][1], reached()["later"][1]) == ("not_open", "no_address")


def test_as_many_a_minute_as_the_server_wants(test: NamedTest, settings: Settings, mailbox: Mailbox) -> None:
    Student.objects.filter(email__gt="").update(email="all@example.org")
    settings.EMAIL_PER_MINUTE = 2
    send(test)
    moments = (1, 5, 70)
    assert [outbox.send_due(NOW + timedelta(seconds=each)) for each in moments] == [2, 0, 1]


def test_without_a_server_nothing_goes(test: NamedTest) -> None:
    send(test)
    assert outbox.send_due(NOW + timedelta(seconds=1)) == 0
    InvitationMail.objects.update(next_try_at=None, happened_at=NOW - timedelta(days=31))
    forget_messages()
    assert (InvitationMail.objects.count(), Mailing.objects.count()) == (0, 1)
