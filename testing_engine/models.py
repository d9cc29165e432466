"""Question pools and what a running test refers to.

Three tables never change once written, by trigger: `questions`, `pool_revisions` with their
`revision_questions`, and `test_plans`. Editing a question inserts a new row of it and a new revision of the
pool that names that row, so a running test and an old score keep what they were made with.
"""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from organisations.owned import Owned, OwnedThrough
from organisations.sharing import Kept, Level, Share
from testing_engine.psychometrics.ability.prior_rules import LARGEST_CORRELATION
from testing_engine.psychometrics.items.states import NOT_CALIBRATED, OPERATIONAL, PROVISIONAL, RETIRED

LONGEST_SCALE_NAME = 200
# Of concepts nobody has calibrated together. Too low is only cautious for a concept, too high overstates.
DEFAULT_CORRELATION = 0.3
MODELS = ("1PL", "2PL", "3PL", "4PL", "GRM", "GPCM", "PCM", "RSM", "NRM")


class ArrayLength(models.Func):
    """Elements of an array; 0 for an empty one, where PostgreSQL's `array_length` gives null."""

    function = "CARDINALITY"
    arity = 1
    output_field = models.IntegerField()


class Scale(Owned):
    """What pools share that were calibrated together: on it an ability means the same in each of them.

    What is known of a student in a concept is known on a scale; on another one the concept's name alone
    says nothing. A pool that names no scale has one of its own.
    """

    name = models.CharField(max_length=LONGEST_SCALE_NAME)
    correlation = models.FloatField(
        "correlation of abilities",
        default=DEFAULT_CORRELATION,
        help_text="Of every two concepts, among students before their first answer: 0 to 0.95. A test that "
        "starts later begins with it.",
    )
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "scales"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("organisation", "name", name="scale_once_an_organisation"),
            models.CheckConstraint(condition=~Q(name=""), name="scale_has_a_name"),
            models.CheckConstraint(
                condition=Q(correlation__range=(0, LARGEST_CORRELATION)), name="scale_correlation"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QuestionPool(Kept):
    """A set of questions that one test draws from, and the names of the concepts they measure.

    Colleagues see it unless its maker says otherwise: tests are made of it. Its keys the maker shares.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True)
    concept_names = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="One name a concept, in the order of the Q-matrix columns. Empty: each test names them.",
    )
    concept_count = models.PositiveSmallIntegerField(editable=False)
    current_revision = models.ForeignKey(
        "PoolRevision", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    scale = models.ForeignKey(
        Scale,
        on_delete=models.PROTECT,
        related_name="pools",
        help_text="Pools that were calibrated together share one: results of one help to begin in the other.",
    )
    is_default = models.BooleanField(
        "default",
        default=False,
        db_default=False,
        editable=False,
        help_text="A test that names no pool draws from it.",
    )
    archived_at = models.DateTimeField(
        null=True, editable=False, help_text="Since then it is not offered; tests that use it go on."
    )
    reporting_scale = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="On which θ is told of tests that start from now on: docs/REPORTING_SCALES.md. "
        "Empty: on θ's.",
    )
    everybody_sees = models.BooleanField(
        default=True, db_default=True, editable=False, help_text="Colleagues see it, whoever made it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "question_pools"
        ordering = ["-created_at", "id"]
        permissions = [
            ("author_pools", "Author: upload and read question pools over the API"),
            ("export_pools", "Export: read question pools with their answer keys over the API"),
        ]
        indexes = [models.Index(F("created_at").desc(), "id", name="pools_newest_first")]
        constraints = [
            models.CheckConstraint(condition=Q(concept_count__gte=1), name="pool_measures_a_concept"),
            models.CheckConstraint(
                condition=Q(concept_names=[]) | Q(concept_count=ArrayLength("concept_names")),
                name="pool_names_every_concept_or_none",
            ),
            models.UniqueConstraint(
                "organisation", condition=Q(is_default=True), name="pool_default_once_an_organisation"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Pool {self.id}"

    @classmethod
    def seen_by(cls, account: int) -> Q:
        """And pools of tests that they see."""
        tests: Any = cls._meta.get_field("named_tests")  # of a wing above
        test = tests.related_model
        return super().seen_by(account) | Q(
            pk__in=test._base_manager.filter(test.seen_by(account)).values("pool")
        )


class PoolShare(Share):
    owner = "pool"
    levels = (Level.SEE, Level.KEYS, Level.CHANGE)

    pool = models.ForeignKey(QuestionPool, on_delete=models.CASCADE, related_name="shares", db_index=False)

    class Meta:
        db_table = "pool_shares"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("pool", "user", name="pool_share_once"),
            models.CheckConstraint(condition=Q(level__in=[1, 2, 3]), name="pool_share_level"),
        ]

    def __str__(self) -> str:
        return f"share {self.pk} of a pool"


class Passage(models.Model):
    """A text, picture or table that several questions share, under the hash of its content. Never changed."""

    sha256 = models.CharField(max_length=64, primary_key=True, editable=False)
    content = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "passages"
        ordering = ["-created_at", "sha256"]

    def __str__(self) -> str:
        return self.content[:50]


class Question(OwnedThrough):
    """One version of a question. The row never changes; an edit is a new row of the same `external_id`."""

    owner = "pool"

    pool = models.ForeignKey(
        QuestionPool, on_delete=models.PROTECT, related_name="question_versions", db_index=False
    )
    external_id = models.CharField("id", max_length=200, help_text="The author's own id, unique in the pool.")
    version = models.PositiveIntegerField(default=1, editable=False)
    content = models.TextField()
    options = ArrayField(models.TextField(), default=list)
    option_scores = ArrayField(
        models.SmallIntegerField(),
        default=list,
        help_text="The answer key: the score that each option earns (right or wrong: 1 or 0).",
    )
    interactions = models.JSONField(
        null=True, help_text="What is asked, where it is more than one choice among `options`."
    )
    scoring = models.JSONField(
        null=True, help_text="The answer key of `interactions`: compiled scoring rules."
    )
    passage = models.ForeignKey(
        Passage, on_delete=models.PROTECT, null=True, related_name="questions", db_index=False
    )
    fixed_options = ArrayField(
        models.SmallIntegerField(),
        default=list,
        blank=True,
        db_default=[],
        help_text="Options, counted from 0, that keep their place where a test shuffles: “none of these”.",
    )
    concepts = ArrayField(models.FloatField(), help_text="Q-matrix row: one weight a concept, 0 or more.")
    model = models.CharField("response model", max_length=4, choices=[(m, m) for m in MODELS], default="2PL")
    difficulty = models.FloatField(default=0.0)
    discrimination = models.FloatField(default=1.0)
    guessing = models.FloatField(default=0.0)
    upper_asymptote = models.FloatField(default=1.0)
    thresholds = ArrayField(models.FloatField(), default=list, blank=True)
    category_slopes = ArrayField(models.FloatField(), default=list, blank=True)
    category_intercepts = ArrayField(models.FloatField(), default=list, blank=True)
    state = models.CharField(
        max_length=14,
        choices=[
            (NOT_CALIBRATED, "not calibrated"),
            (PROVISIONAL, "provisional"),
            (OPERATIONAL, "operational"),
            (RETIRED, "retired"),
        ],
        default=OPERATIONAL,
        db_default=OPERATIONAL,
        help_text="Not calibrated: its parameters are no more than guesses, and no ability rests on it. "
        "Retired: it never comes again.",
    )
    area = models.CharField(max_length=100, blank=True, help_text="Content area, for content targets.")
    enemy_groups = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="Of a group, a test has one at most.",
    )
    question_set = models.CharField(max_length=100, blank=True, help_text="Questions that stay together.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "questions"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("pool", "external_id", "version", name="question_version_once"),
            models.CheckConstraint(
                condition=Q(
                    interactions__isnull=True,
                    scoring__isnull=True,
                    option_scores__len=ArrayLength("options"),
                    options__len__gte=2,
                )
                | Q(interactions__isnull=False, scoring__isnull=False, options=[], option_scores=[]),
                name="question_scores_every_option",
            ),
            models.CheckConstraint(condition=Q(discrimination__gt=0), name="question_discriminates"),
            models.CheckConstraint(
                condition=Q(state__in=["not_calibrated", "provisional", "operational", "retired"]),
                name="question_state",
            ),
            models.CheckConstraint(
                condition=Q(guessing__gte=0, upper_asymptote__lte=1) & Q(upper_asymptote__gt=F("guessing")),
                name="question_asymptotes_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def has_parameters(self) -> bool:
        """Whether its numbers were found from answers, and are no placeholders."""
        return self.state != NOT_CALIBRATED

    @property
    def has_right_answer(self) -> bool:
        """Whether there are right and wrong answers (not a rating scale)."""
        if self.interactions is not None:
            return True
        return sorted(self.option_scores) == [0] * (len(self.option_scores) - 1) + [1]


class QuestionImage(models.Model):
    """A picture that questions show, under the hash of its content. Never changed and never deleted."""

    sha256 = models.CharField(max_length=64, primary_key=True, editable=False)
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "question_images"
        ordering = ["-created_at", "sha256"]

    def __str__(self) -> str:
        return self.sha256[:12]


class QuestionSound(models.Model):
    """A sound that questions play, under the hash of its content. Never changed and never deleted."""

    sha256 = models.CharField(max_length=64, primary_key=True, editable=False)
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    milliseconds = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "question_sounds"
        ordering = ["-created_at", "sha256"]

    def __str__(self) -> str:
        return self.sha256[:12]


class PoolRevision(OwnedThrough):
    """The questions of a pool as they were at one moment, in the order that gives them their index."""

    owner = "pool"

    pool = models.ForeignKey(QuestionPool, on_delete=models.PROTECT, related_name="revisions", db_index=False)
    number = models.PositiveIntegerField()
    question_count = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256 over everything that the engine sees.")
    seal = models.BinaryField(max_length=16, help_text="Binds the content to its rows: `seals`.")
    created_at = models.DateTimeField(auto_now_add=True)
    questions: ClassVar[models.ManyToManyField[Question, "RevisionQuestion"]] = models.ManyToManyField(
        Question, through="RevisionQuestion", related_name="revisions"
    )

    class Meta:
        db_table = "pool_revisions"
        ordering = ["pool", "-number"]
        constraints = [models.UniqueConstraint("pool", "number", name="revision_number_once")]

    def __str__(self) -> str:
        return f"revision {self.number}"


class ParameterSource(OwnedThrough):
    """Where the parameters of a revision came from: which table, and how whoever brought it read it."""

    owner = "revision"

    revision = models.OneToOneField(
        PoolRevision, on_delete=models.PROTECT, primary_key=True, related_name="parameter_source"
    )
    base = models.OneToOneField(
        PoolRevision,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The revision that it was joined with.",
    )
    table_sha256 = models.CharField(max_length=64, help_text="Of the table, byte by byte as it came.")
    choices = models.JSONField(help_text="Which program's it is, and everything that was confirmed.")
    changed = models.PositiveIntegerField(help_text="Questions that got other parameters.")
    made_by = models.CharField(max_length=200, blank=True)
    seal = models.BinaryField(max_length=16, help_text="Binds all of it to the revision: `seals`.")

    class Meta:
        db_table = "parameter_sources"
        ordering = ["-revision"]
        constraints = [
            models.CheckConstraint(
                condition=Q(table_sha256__regex="^[0-9a-f]{64}$"), name="parameter_source_has_a_hash"
            ),
        ]

    def __str__(self) -> str:
        return f"table {self.table_sha256[:12]}"


class RevisionQuestion(OwnedThrough):
    """Question `question` is item `position` (0-based) of revision `revision`.

    A trigger looks once for all rows of a revision whether both are there: constraints would for each row.
    """

    owner = "revision"

    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    position = models.PositiveIntegerField()
    question = models.ForeignKey(Question, on_delete=models.PROTECT, db_index=False, db_constraint=False)

    class Meta:
        db_table = "revision_questions"
        ordering = ["revision", "position"]
        constraints = [
            models.UniqueConstraint("revision", "position", name="revision_position_once"),
            models.UniqueConstraint("question", "revision", name="revision_question_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.question_id}"


class TestPlan(models.Model):
    """Rules and concept names of a test, stored once for all sessions that use them, found by content."""

    content_hash = models.CharField(max_length=64)
    rules = models.JSONField(help_text="`CatRules` as JSON; docs/ENGINE.md describes every field.")
    concept_names = ArrayField(models.CharField(max_length=100))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "test_plans"
        ordering = ["id"]
        constraints = [models.UniqueConstraint("content_hash", name="plan_content_once")]

    def __str__(self) -> str:
        return f"plan {self.pk}"
