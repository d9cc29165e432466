"""E-mails that bring students their links: what a teacher sent, and one message for each of them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organisations.owned import OwnedThrough
from sessions_app.models.named_tests import Invitation, NamedTest
from sessions_app.models.outgoing import Outgoing


class Mailing(OwnedThrough):
    """What a teacher sent to students of one test, in one go. `page`: the student's page, absolute."""

    owner = "test"

    test = models.ForeignKey(NamedTest, on_delete=models.PROTECT, related_name="mailings")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    language = models.CharField(max_length=5)
    line = models.TextField("the teacher's own line", blank=True)
    page = models.CharField(max_length=500)
    is_active = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "mailings"
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return f"mailing {self.pk}"


class InvitationMail(Outgoing, OwnedThrough):
    """One message to one student. To which address, and with which link, is looked up when it goes."""

    owner = "mailing"

    RECEIVER: ClassVar[str] = "mailing"

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="messages")
    # Without a constraint: an invitation's key is its own and its student's (`keys_that_shard`).
    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, related_name="mails", db_index=False, db_constraint=False
    )

    class Meta:
        db_table = "invitation_mails"
        ordering = ["-happened_at", "id"]
        indexes = [
            models.Index("next_try_at", condition=Q(next_try_at__isnull=False), name="invitation_mails_due"),
            models.Index(
                "happened_at", condition=Q(next_try_at__isnull=True), name="invitation_mails_settled"
            ),
            models.Index("invitation", F("happened_at").desc(), name="invitation_mails_of_one"),
            models.Index("delivered_at", name="invitation_mails_sent"),
        ]
        constraints = [
            models.UniqueConstraint(
                "invitation", condition=Q(next_try_at__isnull=False), name="invitation_mail_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"mail {self.pk}"
