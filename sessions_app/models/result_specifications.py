"""How results are told: kept for ever, so that an edit of a test changes no result that was given."""

from django.db import models


class ResultSpecification(models.Model):
    """Kind, cuts and levels of a result, stored once for all sessions that are told so, found by content.

    `sitting.result_specs` says what the content means. A session without one is told as results were before
    there were any: `result_specs.USUAL`. Rows never change: a trigger refuses it.
    """

    content_hash = models.CharField(max_length=64)
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "result_specifications"
        ordering = ["id"]
        constraints = [models.UniqueConstraint("content_hash", name="result_specification_once")]

    def __str__(self) -> str:
        return f"result specification {self.pk}"
