"""What LTI keeps: platforms, our keys, what launches were about, and what is sent back (docs/LTI.md)."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from organisations.owned import Owned, OwnedThrough
from sessions_app.models.named_tests import NamedTest
from sessions_app.models.outgoing import Outgoing
from sessions_app.models.sessions import TestSession
from sessions_app.models.students import Student

LONGEST_ADDRESS = 500
LONGEST_ID = 255  # of what platforms call people, links and courses: LTI 1.3, 5.3.6 and others


class LtiKey(models.Model):
    """A key pair of this service. `sealed` is the private key, encrypted: `lti.keys`."""

    kid = models.CharField(max_length=100, primary_key=True)
    public_pem = models.TextField()
    sealed = models.TextField()
    signs_from = models.DateTimeField(help_text="Platforms can read it before.")
    retired_at = models.DateTimeField(null=True, help_text="Since then nobody is told of it.")

    class Meta:
        db_table = "lti_keys"
        ordering = ["-signs_from"]
        verbose_name = "LTI key"

    def __str__(self) -> str:
        return self.kid


class LtiRegistration(Owned):
    """A platform (Moodle, Canvas, …) that may launch tests here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    issuer = models.CharField(max_length=LONGEST_ADDRESS, help_text="The platform's id: an address.")
    client_id = models.CharField("client ID", max_length=LONGEST_ID)
    deployment_ids = ArrayField(
        models.CharField(max_length=LONGEST_ID), verbose_name="deployment IDs", default=list, blank=True
    )
    takes_any_deployment = models.BooleanField(
        "any deployment", default=False, help_text="Whatever deployment of its own the platform names."
    )
    auth_url = models.CharField("authentication request URL", max_length=LONGEST_ADDRESS)
    token_url = models.CharField("access token URL", max_length=LONGEST_ADDRESS)
    keyset_url = models.CharField("public keyset URL", max_length=LONGEST_ADDRESS)
    token_audience = models.CharField(
        max_length=LONGEST_ADDRESS,
        blank=True,
        help_text="Of requests for access tokens; empty: their address.",
    )
    frame_ancestors = ArrayField(
        models.CharField(max_length=200),
        verbose_name="may show it in a frame",
        default=list,
        blank=True,
        help_text="Origins: https://school.example. Empty: tests open in a tab of their own.",
    )
    is_active = models.BooleanField("active", default=True)
    keyset = models.JSONField(null=True, editable=False, help_text="The platform's keys as they were read.")
    keyset_read_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "lti_registrations"
        ordering = ["name", "id"]
        verbose_name = "LTI platform"
        constraints = [
            models.UniqueConstraint("issuer", "client_id", name="lti_client_of_an_issuer_once"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{address}__regex": "^https?://"}), name=f"lti_{address}_is_an_address"
                )
                for address in ("auth_url", "token_url", "keyset_url")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LtiSpent(models.Model):
    """A one-use value that was used: it opens nothing a second time (`lti.tickets`)."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True, help_text="Then nobody would take it anyway.")

    class Meta:
        db_table = "lti_spent"
        verbose_name = "used LTI value"

    def __str__(self) -> str:
        return self.digest


class LtiPerson(OwnedThrough):
    """A student as a platform calls them."""

    owner = "registration"

    registration = models.ForeignKey(LtiRegistration, on_delete=models.PROTECT, related_name="people")
    sub = models.CharField(max_length=LONGEST_ID)
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="lti_people")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "lti_people"
        ordering = ["id"]
        verbose_name = "LTI person"
        constraints = [models.UniqueConstraint("registration", "sub", name="lti_person_once")]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.pk}"


class LtiLink(OwnedThrough):
    """A place in a course of a platform where a named test is given, as its newest launch told of it."""

    owner = "registration"

    registration = models.ForeignKey(LtiRegistration, on_delete=models.PROTECT, related_name="links")
    deployment_id = models.CharField(max_length=LONGEST_ID)
    resource_link_id = models.CharField(max_length=LONGEST_ID)
    context_title = models.CharField("course", max_length=LONGEST_ID, blank=True)
    test = models.ForeignKey(NamedTest, on_delete=models.PROTECT, related_name="lti_links")
    line_item = models.CharField(
        max_length=LONGEST_ADDRESS, blank=True, help_text="Where scores go; empty: nowhere."
    )
    memberships_url = models.CharField(
        max_length=LONGEST_ADDRESS, blank=True, help_text="Who is in the course; empty: it does not say."
    )
    roster_read_at = models.DateTimeField(null=True)
    launched_at = models.DateTimeField()

    class Meta:
        db_table = "lti_links"
        ordering = ["-launched_at", "id"]
        verbose_name = "LTI course link"
        constraints = [
            models.UniqueConstraint("registration", "deployment_id", "resource_link_id", name="lti_link_once")
        ]

    def __str__(self) -> str:
        return f"{self.test_id} in {self.context_title or self.resource_link_id}"


class LtiSitting(OwnedThrough):
    """A session that was begun by a launch."""

    owner = "session"

    session = models.OneToOneField(
        TestSession, on_delete=models.PROTECT, primary_key=True, related_name="lti_sitting"
    )
    link = models.ForeignKey(LtiLink, on_delete=models.PROTECT, related_name="sittings")

    class Meta:
        db_table = "lti_sittings"
        ordering = ["session"]
        verbose_name = "LTI session"

    def __str__(self) -> str:
        return str(self.session_id)


class LtiMessage(Outgoing, OwnedThrough):
    """Something that a platform is told or asked: a score of a session, or who is in a link's course."""

    owner = "registration"

    RECEIVER = "registration"

    class Kind(models.TextChoices):
        SCORE = "score", "score"
        ROSTER = "roster", "roster"

    registration = models.ForeignKey(LtiRegistration, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    link = models.ForeignKey(LtiLink, on_delete=models.PROTECT, related_name="messages")
    session = models.ForeignKey(TestSession, on_delete=models.PROTECT, null=True, related_name="lti_messages")

    class Meta:
        db_table = "lti_messages"
        ordering = ["-happened_at", "id"]
        verbose_name = "message to an LTI platform"
        verbose_name_plural = "messages to LTI platforms"
        indexes = [
            models.Index("next_try_at", condition=Q(next_try_at__isnull=False), name="lti_messages_due"),
            models.Index("happened_at", condition=Q(next_try_at__isnull=True), name="lti_messages_settled"),
            models.Index(F("happened_at").desc(), "id", name="lti_messages_newest_first"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="score", session__isnull=False) | Q(kind="roster", session=None),
                name="lti_message_is_of_a_kind",
            ),
            models.UniqueConstraint(
                "link",
                condition=Q(kind="roster", next_try_at__isnull=False),
                name="lti_roster_waits_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.registration_id}"
