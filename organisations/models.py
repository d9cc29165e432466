"""Organisations, and who belongs to them."""

from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from organisations.branding import problem_of_colour

DEFAULT = 1  # the primary key of the organisation that is there from the start
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
MOST_LEVELS, LONGEST_LEVEL = 20, 80


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("There is no such time zone: write one as Europe/Vienna.")


def check_colour(colour: str) -> None:
    if problem := problem_of_colour(colour):
        raise ValidationError(problem)


def check_levels(names: object) -> None:
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValidationError("Write a list of names, the lowest first.")
    if len(names) > MOST_LEVELS or any(len(name) > LONGEST_LEVEL for name in names):
        raise ValidationError(f"At most {MOST_LEVELS} levels, each of at most {LONGEST_LEVEL} characters.")
    if len(set(names)) != len(names):
        raise ValidationError("The names of levels must differ.")


class Organisation(models.Model):
    """A school, a lab, a clinic: what it owns, nobody of another one finds (`owned`)."""

    slug = models.SlugField(
        "short name", max_length=50, help_text="What commands call it: letters, digits, - and _."
    )
    name = models.CharField(max_length=200)
    time_zone = models.CharField(
        max_length=60, default="UTC", validators=[check_time_zone], help_text="As Europe/Vienna."
    )
    language = models.CharField(max_length=5, choices=LANGUAGES, default="en")
    level_names = models.JSONField(
        "names of the levels",
        default=list,
        blank=True,
        validators=[check_levels],
        help_text="Of results, the lowest first; empty: the usual words.",
    )
    colour = models.CharField(
        max_length=7,
        blank=True,
        validators=[check_colour],
        help_text="Of buttons and marks, as #2f6fed; empty: the service's own.",
    )
    logo = models.CharField(
        max_length=64, blank=True, editable=False, help_text="The hash of a picture that is stored."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "organisations"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("slug", name="organisation_slug_once"),
            models.CheckConstraint(condition=~Q(name=""), name="organisation_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """The one organisation that an account belongs to and acts for: a person's or a program's.

    A superuser without one stands outside and sees all; anybody else without one sees nothing.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="membership"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "memberships"
        ordering = ["user"]
        permissions = [("see_all_work", "See all: tests, pools and results of colleagues, too")]

    def __str__(self) -> str:
        return str(self.user)
