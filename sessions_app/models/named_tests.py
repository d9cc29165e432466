"""Named tests and invitations to them: what a teacher prepares before anybody sits down."""

from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from organisations.owned import OwnedThrough, Personal
from organisations.sharing import Kept, Level, Share
from testing_engine.models import QuestionPool


class NamedTest(Kept):
    """A pool, rules, texts and conditions under one name, which `start` can ask for.

    A session keeps what it started with: an edit is for tests that start later.
    """

    class Takers(models.TextChoices):
        ANYBODY = "anybody", "any student that a client names"
        INVITED = "invited", "invited students only"

    class ResultKind(models.TextChoices):
        BY_RULES = "rules", "as the rules have it: passed or not where they have one cut, else levels"
        LEVELS = "levels", "levels of achievement"
        PASSING = "passing", "passed or not passed"
        SCALE = "scale", "a score on a rating scale, where nothing is right or wrong"
        THANKS = "thanks", "thanks only"

    class Release(models.TextChoices):
        NOW = "now", "as soon as the student is done"
        CLOSED = "closed", "when the test has closed"
        NEVER = "never", "never: teachers alone"

    class EarlierResults(models.TextChoices):
        IGNORED = "ignored", "everybody starts from nothing"
        CHOOSE = "choose", "earlier results help to choose questions; the score is of this test alone"
        SCORE = "score", "earlier results help to choose questions and count in the score"

    name = models.SlugField(
        max_length=100, help_text="What `start` and addresses call it: letters, digits, - and _."
    )
    title = models.CharField(max_length=200)
    introduction = models.TextField(blank=True, help_text="Shown before the first question.")
    closing = models.TextField(blank=True, help_text="Shown with the result.")
    pool = models.ForeignKey(QuestionPool, on_delete=models.PROTECT, related_name="named_tests")
    rules = models.JSONField(help_text="`CatRules` as JSON; docs/ENGINE.md describes every field.")
    concept_names = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    time_limit_minutes = models.PositiveIntegerField(
        "time limit",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(525_600)],
        help_text="Minutes for the whole test; empty: none.",
    )
    opens_at = models.DateTimeField(null=True, blank=True, help_text="Nobody starts before.")
    closes_at = models.DateTimeField(
        null=True, blank=True, help_text="Nobody starts after it, and tests that run end then."
    )
    takers = models.CharField("who may take it", max_length=7, choices=Takers.choices, default=Takers.ANYBODY)
    attempts_allowed = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Tests that one student may start; empty: any number.",
    )
    show_theta = models.BooleanField(
        "show θ",
        default=False,
        help_text="Whether the result page shows ability as a number on the logit scale.",
    )
    allow_dont_know = models.BooleanField(
        "allow “I don't know”", default=True, help_text="Whether a question may be answered with it."
    )
    result_kind = models.CharField(
        "the result is", max_length=7, choices=ResultKind.choices, default=ResultKind.BY_RULES
    )
    result_cuts = ArrayField(
        models.FloatField(),
        verbose_name="cuts between levels",
        default=list,
        blank=True,
        help_text="On the scale of θ; empty: those of the rules, else −1, 0 and 1.",
    )
    result_levels = models.JSONField(
        "names of the levels", default=list, blank=True, help_text="The lowest first; empty: the usual words."
    )
    scale_mean = models.FloatField("score at θ = 0", default=50.0)
    scale_sd = models.FloatField("points for one unit of θ", default=10.0)
    reporting_scale = models.JSONField(
        null=True,
        blank=True,
        help_text="On which θ is told: docs/REPORTING_SCALES.md. Empty: the pool's, where it has one.",
    )
    result_release = models.CharField(
        "students see it", max_length=6, choices=Release.choices, default=Release.NOW
    )

    result_feedback = models.JSONField(
        "feedback for each level",
        null=True,
        blank=True,
        help_text="Texts for students, one for each level, the lowest first. They may be changed later.",
    )

    # How it is given fairly: to everybody alike, and not to everybody the same.
    earlier_results = models.CharField(
        max_length=7,
        choices=EarlierResults.choices,
        default=EarlierResults.IGNORED,
        help_text="Of tests on the scale of the same pool. A prior in the rules goes first.",
    )
    vary_first_questions = models.BooleanField(
        default=True,
        help_text="Not everybody begins with the same question: each of the first comes at random from among "
        "the best few. Rules that say how the test begins, or choose at random anyway, go first.",
    )
    shuffle_options = models.BooleanField(
        default=True,
        help_text="Each student sees the options in an order of their own, where one of them is right. "
        "Rating scales keep theirs, and so do the fixed options of a question.",
    )

    is_draft = models.BooleanField(
        "in preparation", default=False, db_default=False, help_text="Nobody starts it until it is opened."
    )
    archived_at = models.DateTimeField(null=True, editable=False, help_text="From then on nobody starts it.")
    creation_key = models.UUIDField(
        null=True, editable=False, help_text="Drawn by the page that made it: sent twice, it is one test."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "named_tests"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("organisation", "name", name="named_test_once_an_organisation"),
            models.UniqueConstraint("creation_key", name="named_test_made_once"),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(closes_at__gt=F("opens_at")),
                name="named_test_opens_before_it_closes",
            ),
            models.CheckConstraint(
                condition=Q(time_limit_minutes=None) | Q(time_limit_minutes__range=(1, 525_600)),
                name="named_test_time_limit",
            ),
            models.CheckConstraint(
                condition=Q(attempts_allowed=None) | Q(attempts_allowed__gte=1), name="named_test_attempts"
            ),
            models.CheckConstraint(condition=Q(takers__in=["anybody", "invited"]), name="named_test_takers"),
            models.CheckConstraint(
                condition=Q(result_kind__in=["rules", "levels", "passing", "scale", "thanks"]),
                name="named_test_result_kind",
            ),
            models.CheckConstraint(
                condition=Q(result_release__in=["now", "never"])
                | Q(result_release="closed", closes_at__isnull=False),
                name="named_test_release",
            ),
            models.CheckConstraint(condition=Q(scale_sd__gt=0), name="named_test_scale"),
            models.CheckConstraint(condition=Q(result_cuts__len__lte=20), name="named_test_result_cuts"),
            models.CheckConstraint(
                condition=~Q(result_kind="scale", allow_dont_know=True),
                name="named_test_rating_without_dont_know",
            ),
            models.CheckConstraint(
                condition=Q(earlier_results__in=["ignored", "choose", "score"]),
                name="named_test_earlier_results",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def seen_by(cls, account: int) -> Q:
        """And tests that their classes were given."""
        return super().seen_by(account) | Q(pk__in=_of_classes_of(account).values("test"))


def _of_classes_of(account: int) -> "models.QuerySet[Any]":
    """What their classes were given."""
    given = apps.get_model("sessions_app", "ClassTest")
    return given._base_manager.filter(school_class__teachers__user=account)


def of_their_students(account: int, test: str, student: str) -> Q:
    """Rows, by their columns, of students of this teacher's classes in a test that the class was given."""
    given = _of_classes_of(account).filter(
        test=OuterRef(test), school_class__members__student=OuterRef(student)
    )
    return Q(Exists(given))


class TestShare(Share):
    owner = "test"
    levels = (Level.SEE, Level.CHANGE)

    test = models.ForeignKey(NamedTest, on_delete=models.CASCADE, related_name="shares", db_index=False)

    class Meta:
        db_table = "test_shares"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("test", "user", name="test_share_once"),
            models.CheckConstraint(condition=Q(level__in=[1, 3]), name="test_share_level"),
        ]

    def __str__(self) -> str:
        return f"share {self.pk} of a test"


class Invitation(Personal, OwnedThrough):
    """One student's invitation to one named test. Its link is signed, not stored: `invitations`."""

    owner = "test"

    test = models.ForeignKey(NamedTest, on_delete=models.PROTECT, related_name="invitations", db_index=False)
    student = models.ForeignKey("sessions_app.Student", on_delete=models.PROTECT, related_name="invitations")
    issue = models.PositiveSmallIntegerField(default=1, help_text="A renewed link; older ones open nothing.")
    revoked_at = models.DateTimeField(null=True)
    session = models.OneToOneField(
        "sessions_app.TestSession",
        on_delete=models.PROTECT,
        null=True,
        related_name="invitation",
        help_text="The test that was started with it.",
    )
    begun_with = models.CharField(
        max_length=12,
        blank=True,
        default="",
        db_default="",
        help_text="Which choice of a name began it, where no link did: nobody else goes on with that name.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "invitations"
        ordering = ["test", "id"]
        constraints = [
            models.UniqueConstraint("test", "student", name="invitation_once"),
            models.CheckConstraint(condition=Q(issue__gte=1), name="invitation_issue"),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @classmethod
    def seen_by(cls, account: int) -> Q:
        """To tests that they run, and of students of their classes."""
        return Q(test__in=NamedTest.reached_by(account, Level.CHANGE)) | of_their_students(
            account, "test", "student"
        )
