"""What requests about a pool's reporting scale and its requirements may hold."""

from typing import Any

from rest_framework import serializers

from sessions_app.api.serializers import Name, Number, StrictBody, Text
from testing_engine.interchange.questions import POOL_NAME
from testing_engine.models import LONGEST_SCALE_NAME
from testing_engine.psychometrics.ability.prior_rules import LARGEST_CORRELATION
from testing_engine.reporting_scales import (
    LARGEST,
    LONGEST_LEVEL,
    LONGEST_MEANING,
    LONGEST_NAME,
    MOST_CUTS,
    MOST_DIGITS,
    MOST_POINTS,
    ReportingScale,
)
from testing_engine.simulation.requirements import BOUNDS, LEAST_STUDENTS, MOST_STUDENTS, USUAL_STUDENTS

USUAL = ReportingScale()
LONGEST_DESCRIPTION = 5_000


def _score(**options: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=-LARGEST, max_value=LARGEST, **options)


class LevelRequest(StrictBody):
    name = Text(max_length=LONGEST_LEVEL)
    meaning = Text(max_length=LONGEST_MEANING, default="", allow_blank=True)


class ScaleRequest(StrictBody):
    name = Text(
        max_length=LONGEST_NAME,
        default=USUAL.name,
        allow_blank=True,
        help_text="How students read it; empty: Score.",
    )
    at_zero = _score(default=USUAL.at_zero, help_text="The score at θ = 0.")
    per_unit = _score(default=USUAL.per_unit, help_text="Above 0: score = at_zero + per_unit · θ.")
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        default=list,
        max_length=MOST_POINTS,
        help_text="A table of (θ, score) instead, both rising: straight lines between them.",
    )
    digits = serializers.IntegerField(default=USUAL.digits, min_value=0, max_value=MOST_DIGITS)
    minimum = _score(default=None, allow_null=True)
    maximum = _score(default=None, allow_null=True)
    cuts = serializers.ListField(
        child=_score(), default=list, max_length=MOST_CUTS, help_text="Scores with which a level begins."
    )
    levels = serializers.ListField(
        child=LevelRequest(),
        default=list,
        max_length=MOST_CUTS + 1,
        help_text="One more than cuts, the lowest first; left out: the usual words.",
    )


class ReportingScaleRequest(StrictBody):
    reporting_scale = ScaleRequest(allow_null=True, help_text="null: results are told on θ's own again.")


def _bound(name: str, said: str) -> serializers.FloatField:
    least, most = BOUNDS[name]
    return serializers.FloatField(
        required=False, allow_null=True, min_value=least, max_value=most, help_text=said
    )


class RequiredRequest(StrictBody):
    coverage = _bound("coverage", "Of the intervals of 95 %, at least, in every concept.")
    standard_error = _bound("standard_error", "The mean one, at most, in every concept.")
    rmse = _bound("rmse", "The real error, at most, in every concept.")
    exposure = _bound("exposure", "The largest rate of any question, at most.")
    length = _bound("length", "Mean number of questions, at most.")
    no_errors = serializers.BooleanField(
        default=False, help_text="The last calibration has no error finding."
    )
    students = serializers.IntegerField(
        default=USUAL_STUDENTS,
        min_value=LEAST_STUDENTS,
        max_value=MOST_STUDENTS,
        help_text="That are simulated to see it.",
    )
    rules = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="That a new revision is tried with; left out: those of a test without any.",
    )


class RequirementsRequest(StrictBody):
    requirements = RequiredRequest(allow_null=True, help_text="null: nothing is required any more.")


class SharedScaleRequest(StrictBody):
    name = Name(max_length=LONGEST_SCALE_NAME)
    correlation = Number(
        min_value=0,
        max_value=LARGEST_CORRELATION,
        required=False,
        help_text="Of every two concepts, among students before their first answer. Left out: the usual one.",
    )
    description = Text(max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True)


class SharedScaleChange(SharedScaleRequest):
    """What is left out stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


class PoolChange(StrictBody):
    """What is left out stays."""

    name = Name(max_length=POOL_NAME, required=False)
    scale = Name(
        max_length=LONGEST_SCALE_NAME,
        required=False,
        help_text="The name of a scale, new or known. What the pool's tests found of students goes with it.",
    )
