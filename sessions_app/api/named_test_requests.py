"""What requests about named tests and invitations may hold."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from sessions_app.administration.invitations import LONGEST, MOST_STUDENTS
from sessions_app.api.serializers import (
    MAX_INT,
    Body,
    Identifier,
    Name,
    Number,
    OverrideReason,
    StrictBody,
    Text,
)
from sessions_app.models import NamedTest
from sessions_app.preparing.shelf import LONGEST_NAME, LONGEST_TITLE
from sessions_app.preparing.steps import MOST_MINUTES

MOST_WORDS = 20_000  # characters of a text for students
MOST_CUTS = 20


class TestLevel(StrictBody):
    name = Text(max_length=100)
    meaning = Text(max_length=500, allow_blank=True, default="")


class NamedTestRequest(StrictBody):
    title = Text(max_length=LONGEST_TITLE)
    name = serializers.SlugField(
        max_length=LONGEST_NAME, required=False, help_text="Left out: made of the title."
    )
    question_pool_id = serializers.UUIDField(source="pool_id")
    rules = serializers.DictField(
        required=False,
        help_text="Their schema: /api/v1/rules/schema. Left out: such as the pool allows.",
    )
    concept_names = serializers.ListField(
        child=Name(max_length=100), required=False, max_length=10, help_text="Left out: the pool's own."
    )
    introduction = Text(max_length=MOST_WORDS, allow_blank=True, required=False)
    closing = Text(max_length=MOST_WORDS, allow_blank=True, required=False)
    time_limit_minutes = serializers.IntegerField(
        min_value=1, max_value=MOST_MINUTES, allow_null=True, required=False
    )
    opens_at = serializers.DateTimeField(allow_null=True, required=False)
    closes_at = serializers.DateTimeField(allow_null=True, required=False)
    takers = serializers.ChoiceField(choices=NamedTest.Takers.choices, required=False)
    attempts_allowed = serializers.IntegerField(
        min_value=1, max_value=MAX_INT, allow_null=True, required=False
    )
    show_theta = serializers.BooleanField(required=False)
    allow_dont_know = serializers.BooleanField(required=False)
    result_kind = serializers.ChoiceField(choices=NamedTest.ResultKind.choices, required=False)
    result_cuts = serializers.ListField(
        child=Number(min_value=-100, max_value=100), required=False, max_length=MOST_CUTS
    )
    result_levels = TestLevel(many=True, required=False, max_length=MOST_CUTS + 1)  # type: ignore[call-arg]
    scale_mean = Number(min_value=-1e6, max_value=1e6, required=False)
    scale_sd = Number(min_value=1e-6, max_value=1e6, required=False)
    reporting_scale = serializers.DictField(
        required=False, allow_null=True, help_text="docs/REPORTING_SCALES.md. null: the pool's."
    )
    result_release = serializers.ChoiceField(choices=NamedTest.Release.choices, required=False)
    result_feedback = serializers.ListField(
        child=Text(max_length=MOST_WORDS),
        required=False,
        allow_null=True,
        max_length=MOST_CUTS + 1,
        help_text="What students of each level read, the lowest first. null: nothing.",
    )
    earlier_results = serializers.ChoiceField(choices=NamedTest.EarlierResults.choices, required=False)
    vary_first_questions = serializers.BooleanField(required=False)
    shuffle_options = serializers.BooleanField(required=False)


class NamedTestChange(NamedTestRequest):
    """What is left out stays."""

    override_reason = OverrideReason()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


class OpenTest(StrictBody):
    override_reason = OverrideReason()


class CopyTest(StrictBody):
    title = Text(max_length=LONGEST_TITLE)


class TestFilter(Body):
    search = Text(max_length=200, required=False, help_text="In title or name.")
    archived = serializers.BooleanField(default=False, help_text="Those in the archive instead.")


class StudentToInvite(StrictBody):
    student_id = Identifier()
    name = Text(max_length=LONGEST["name"], required=False, allow_blank=True)
    email = Text(max_length=LONGEST["email"], required=False, allow_blank=True)
    grade = Text(max_length=LONGEST["grade"], required=False, allow_blank=True)


class InviteRequest(StrictBody):
    students = StudentToInvite(many=True, max_length=MOST_STUDENTS, allow_empty=False)  # type: ignore[call-arg]


class InvitedStudents(StrictBody):
    student_ids = serializers.ListField(
        child=Identifier(), max_length=MOST_STUDENTS, min_length=1, help_text="Of students who are invited."
    )


def problems_at(name: str, problems: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pointers below a field of the body."""
    return [(f"/{name}{pointer}", f"{said[0].upper()}{said[1:]}.") for pointer, said in problems]
