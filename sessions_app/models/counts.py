"""What pages tell of many tests, counted when a test is over: the tests themselves are read once.

`counting` alone writes these rows, and reads beside them what is not counted yet.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from organisations.owned import OwnedThrough


class SessionToCount(OwnedThrough):
    """A session that is over and not counted yet. A trigger of `test_sessions` writes the row in the
    transaction that ends the test; it goes in the transaction that counts it.
    """

    owner = "session_id in sessions_app.TestSession"

    session_id = models.UUIDField(primary_key=True)

    class Meta:
        db_table = "sessions_to_count"

    def __str__(self) -> str:
        return str(self.session_id)


class AnswerCount(OwnedThrough):
    """How many answers to a version of a question, in tests of a revision, are alike (`counting.answers`)."""

    owner = "revision_id in testing_engine.PoolRevision"

    pk = models.CompositePrimaryKey("question_id", "measure", "revision_id", "a", "b", "c")
    question_id = models.BigIntegerField()
    measure = models.CharField(max_length=10)
    revision_id = models.BigIntegerField()
    a = models.IntegerField(help_text="What a, b and c are, the measure says.")
    b = models.IntegerField()
    c = models.IntegerField()
    n = models.BigIntegerField()
    total = models.BigIntegerField(help_text="A sum over them, where the measure has one.")

    class Meta:
        db_table = "answer_counts"
        indexes = [
            models.Index("revision_id", condition=Q(measure="given"), name="answers_given_of_a_revision")
        ]

    def __str__(self) -> str:
        return f"{self.measure} of {self.question_id}"


class FitSum(OwnedThrough):
    """How far the scored answers to a version of a question, in tests of a revision, are from what its model
    says (`counting.fit`)."""

    owner = "revision_id in testing_engine.PoolRevision"

    pk = models.CompositePrimaryKey("question_id", "revision_id")
    question_id = models.BigIntegerField()
    revision_id = models.BigIntegerField()
    n = models.BigIntegerField(help_text="Scored answers.")
    squares = models.BigIntegerField(help_text="Squared residuals, in millionths.")
    variances = models.BigIntegerField(help_text="Their expectations, in millionths.")
    waits = models.BooleanField(
        default=False, db_default=False, help_text="The sums are to be made, from the counts of answers."
    )

    class Meta:
        db_table = "fit_sums"
        indexes = [models.Index("question_id", condition=Q(waits=True), name="fit_sums_that_wait")]

    def __str__(self) -> str:
        return f"fit of {self.question_id}"


class ResultCount(OwnedThrough):
    """How many tests of a kind ended alike (`counting.results`)."""

    owner = "revision_id in testing_engine.PoolRevision"

    pk = models.CompositePrimaryKey(
        "revision_id", "named_test_id", "result_spec_id", "concept_names", "measure", "concept", "place"
    )
    revision_id = models.BigIntegerField()
    named_test_id = models.BigIntegerField(help_text="0: of none.")
    result_spec_id = models.BigIntegerField(help_text="0: from before there were any.")
    concept_names = ArrayField(models.CharField(max_length=100))
    measure = models.CharField(max_length=10)
    concept = models.SmallIntegerField(help_text="Its place among the names; -1: of the whole test.")
    place = models.IntegerField(help_text="What it is, the measure says.")
    n = models.BigIntegerField()
    total = models.DecimalField(max_digits=40, decimal_places=0)

    class Meta:
        db_table = "result_counts"
        indexes = [
            models.Index("named_test_id", condition=~Q(named_test_id=0), name="results_of_a_named_test"),
            models.Index("revision_id", condition=Q(measure="over"), name="tests_over_of_a_revision"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} in revision {self.revision_id}"


class HourCount(OwnedThrough):
    """How many tests of a revision began in an hour and ended alike (`counting.hours`)."""

    owner = "revision_id in testing_engine.PoolRevision"

    pk = models.CompositePrimaryKey("revision_id", "hour", "place")
    revision_id = models.BigIntegerField()
    hour = models.DateTimeField(help_text="Its beginning.")
    place = models.SmallIntegerField(help_text="0: completed, 1: ended, 2: expired.")
    n = models.BigIntegerField()
    total = models.BigIntegerField(help_text="All their answers.")

    class Meta:
        db_table = "hour_counts"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} in revision {self.revision_id}"


class AbilityCount(OwnedThrough):
    """How many students have an ability on a scale, in one of its concepts (`counting.abilities`)."""

    owner = "scale_id in testing_engine.Scale"

    pk = models.CompositePrimaryKey("scale_id", "concept_name", "place")
    scale_id = models.BigIntegerField()
    concept_name = models.CharField(max_length=100)
    place = models.SmallIntegerField(help_text="0: below −3.5; then by half logits; 15: from 3.5.")
    n = models.BigIntegerField()

    class Meta:
        db_table = "ability_counts"

    def __str__(self) -> str:
        return f"{self.concept_name} on scale {self.scale_id}"


class AbilityChange(OwnedThrough):
    """What changed of them and is not counted yet. Triggers of `student_proficiencies` write the row in the
    transaction that changes an ability; it goes in the one that counts it.
    """

    owner = "scale_id in testing_engine.Scale"

    scale_id = models.BigIntegerField()
    concept_name = models.CharField(max_length=100)
    place = models.SmallIntegerField()
    n = models.BigIntegerField(help_text="So many more; −1: one left it.")

    class Meta:
        db_table = "ability_changes"

    def __str__(self) -> str:
        return f"{self.n:+} in {self.concept_name} on scale {self.scale_id}"
