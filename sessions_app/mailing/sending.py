"""Links by e-mail, as a teacher asks for them, and what became of each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db import transaction
from django.db.models import Q, QuerySet

from sessions_app.models import Invitation, InvitationMail, Mailing, NamedTest

LONGEST_LINE = 1000  # characters


class Reach(Enum):
    """Where a message is."""

    WAITS = "waits"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class Mailed:
    """The newest message to one student. `answer`: what came of the last try, a word of `outbox` and a
    number; `at`: when it was sent, or when it is tried next."""

    reach: Reach
    answer: str
    at: datetime | None


def waiting_for_it(test_id: int) -> QuerySet[Invitation]:
    """Invited, with an address, not begun, and no message that was sent or waits."""
    told = InvitationMail.objects.filter(Q(delivered_at__isnull=False) | Q(next_try_at__isnull=False))
    return _reachable(test_id).exclude(pk__in=told.filter(mailing__test=test_id).values("invitation"))


def _reachable(test_id: int) -> QuerySet[Invitation]:
    invited = Invitation.objects.filter(test=test_id, revoked_at=None, session=None)
    return invited.filter(student__erased_at=None).exclude(student__email="")


@transaction.atomic
def send(
    test: NamedTest,
    *,
    page: str,
    language: str,
    line: str,
    by_id: int,
    chosen: Collection[int] | None = None,
) -> int:
    """Puts a message for each into the outbox; returns for how many. `chosen`: these, also a second time;
    None: all who wait for it. Who has one that waits gets no second, so sending twice is sending once.
    """
    NamedTest.objects.select_for_update(no_key=True).get(pk=test.pk)  # two at once wait
    found = waiting_for_it(test.pk) if chosen is None else _reachable(test.pk).filter(pk__in=chosen)
    waiting = InvitationMail.objects.filter(next_try_at__isnull=False).values("invitation")
    invitations = list(found.exclude(pk__in=waiting).values_list("pk", flat=True))
    if not invitations:
        return 0
    mailing = Mailing.objects.create(test=test, by_id=by_id, language=language, line=line, page=page)
    messages = (InvitationMail(mailing=mailing, invitation_id=pk) for pk in invitations)
    InvitationMail.objects.bulk_create(messages, ignore_conflicts=True)
    return len(invitations)


def last_line(test_id: int) -> str:
    """The teacher's own line of the newest mailing."""
    newest = Mailing.objects.filter(test=test_id).order_by("-pk").first()
    return newest.line if newest is not None else ""


def mailed(invitations: Iterable[int]) -> dict[int, Mailed]:
    """Of invitations by key, the newest message; who got none is not in it."""
    rows = InvitationMail.objects.filter(invitation__in=list(invitations)).order_by("happened_at", "id")
    return {row.invitation_id: _mailed(row) for row in rows}


def _mailed(row: InvitationMail) -> Mailed:
    if row.delivered_at is not None:
        return Mailed(Reach.SENT, row.answer, row.delivered_at)
    reach = Reach.FAILED if row.next_try_at is None else Reach.WAITS
    return Mailed(reach, row.answer, row.next_try_at)
