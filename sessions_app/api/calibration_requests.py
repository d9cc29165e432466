"""What requests about imported answers and calibrations may hold."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.api.serializers import Body, Identifier, OverrideReason, SizedFile, StrictBody, Text
from sessions_app.measurement.asking import (
    GROUPS,
    LARGEST_SEED,
    LINK,
    MOST_COMPARED,
    NONE,
    SCALES,
    Asked,
    Compared,
)
from sessions_app.measurement.cells import Values
from sessions_app.measurement.matrix import BLANK, MISSINGS
from testing_engine.interchange.answer_files import LONGEST_GROUP, MOST_GROUP_COLUMNS, SHAPES
from testing_engine.models import MODELS

COLUMN, CELL = 200, 20


@extend_schema_field({"type": "array", "items": {"type": "string", "maxLength": CELL}, "maxItems": 20})
class Cells(serializers.ListField):
    """A field each in a form, a list in JSON."""

    def __init__(self, **options: Any) -> None:
        child = serializers.CharField(max_length=CELL, allow_blank=True)
        super().__init__(child=child, max_length=20, **options)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": COLUMN},
            {
                "type": "array",
                "items": {"type": "string", "maxLength": COLUMN},
                "maxItems": MOST_GROUP_COLUMNS,
            },
        ]
    }
)
class ColumnNames(serializers.ListField):
    """A field each in a form; in JSON one name or a list of names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Text(max_length=COLUMN), max_length=MOST_GROUP_COLUMNS, **options)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value([data] if isinstance(data, str) else data)


class ResponseFile(StrictBody):
    """A form with a file, or JSON with its text."""

    file = SizedFile("IMPORT_MAX_BYTES", required=False, help_text="In a form: the file, as it is.")
    content = serializers.CharField(
        required=False, trim_whitespace=False, help_text="In JSON: the file's text, with its header."
    )
    file_name = Text(max_length=255, required=False, help_text="In JSON: what the file is called.")
    shape = serializers.ChoiceField(
        choices=list(SHAPES), required=False, help_text="Left out: by the file's columns."
    )
    values = serializers.ChoiceField(
        choices=Values.choices, default=Values.CATEGORIES.value, help_text="What the cells are."
    )
    person = Text(max_length=COLUMN, required=False, help_text="The column of the person.")
    group = ColumnNames(
        default=list, help_text="The columns of demographic groups; left out: the one called group."
    )
    item = Text(max_length=COLUMN, required=False, help_text="Of a long list: the question's id.")
    response = Text(max_length=COLUMN, required=False, help_text="Of a long list: what was answered.")
    time = Text(max_length=COLUMN, required=False, help_text="Of a long list: milliseconds.")
    missing = Cells(default=list, help_text="Cells that mean: not answered; beside empty, NA and a point.")
    skip_bad_lines = serializers.BooleanField(default=False, help_text="Take the others all the same.")
    dry_run = serializers.BooleanField(default=False, help_text="Report only; nothing is stored.")
    in_background = serializers.BooleanField(
        default=False, help_text="A worker takes them: for large files. The report is a file that waits."
    )

    def validate(self, attrs: Any) -> Any:
        if ("file" in attrs) == ("content" in attrs):
            raise serializers.ValidationError({"file": "Send a file in a form, or its content in JSON."})
        return attrs


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": ["default", "none"]},
            {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": "number"},
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
        ]
    }
)
class Priors(serializers.Field[Any, Any, Any, Any]):
    """`default`, `none`, or means and standard deviations by name."""

    def to_internal_value(self, data: Any) -> Any:
        if data in ("default", "none"):
            return data
        if isinstance(data, dict) and all(_is_pair(each) for each in data.values()):
            return {name: tuple(float(number) for number in each) for name, each in data.items()}
        raise serializers.ValidationError("default, none, or an object of [mean, standard deviation].")

    def to_representation(self, value: Any) -> Any:
        return value


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in value)
    )


class ComparedRequest(StrictBody):
    """Groups between which DIF is looked at."""

    column = Text(max_length=COLUMN, help_text="Of groups, as the files of answers call it.")
    reference = Text(
        max_length=LONGEST_GROUP,
        required=False,
        help_text="The group to compare with; left out: the largest.",
    )


class CalibrationRequest(StrictBody):
    imports = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=1000, help_text="Left out: all there are."
    )
    delivered = serializers.BooleanField(
        default=True, help_text="Whether delivered tests count that are over."
    )
    since = serializers.DateTimeField(required=False, help_text="Delivered tests that ended from then on.")
    model = serializers.ChoiceField(
        choices=[(name, name) for name in MODELS], required=False, help_text="Left out: each question's own."
    )
    priors = Priors(default="default", help_text="docs/CALIBRATION.md has them.")
    seed = serializers.IntegerField(default=0, min_value=0, max_value=LARGEST_SEED)
    scale = serializers.ChoiceField(
        choices=list(SCALES),
        default=LINK,
        help_text="link: onto the pool's scale by all its questions; anchors: some keep their parameters; "
        "own: the first group is N(0, 1).",
    )
    anchors = serializers.ListField(child=Identifier(), default=list, help_text="Questions that are kept.")
    estimate = serializers.ListField(
        child=Identifier(), default=list, help_text="Instead: the questions that are not."
    )
    groups = serializers.ChoiceField(
        choices=list(GROUPS),
        default=NONE,
        help_text="Populations told apart; file: by the groups of `column`.",
    )
    column = Text(
        max_length=COLUMN, required=False, help_text="Of groups; left out: the first that each file has."
    )
    dif = serializers.ListField(
        child=ComparedRequest(),
        required=False,
        max_length=MOST_COMPARED,
        help_text="Columns between whose groups DIF is looked at, each by itself; left out: that of the "
        "populations, where they are of a column.",
    )


class MatrixRequest(Body):
    imports = serializers.BooleanField(default=True, help_text="Whether imported answers are among them.")
    delivered = serializers.BooleanField(default=True, help_text="Whether delivered tests are that are over.")
    since = serializers.DateTimeField(required=False, help_text="Delivered tests that ended from then on.")
    groups = serializers.ChoiceField(
        choices=list(GROUPS), default=NONE, help_text="Adds the column group; file: those of the files."
    )
    missing = serializers.ChoiceField(choices=MISSINGS, default=BLANK, help_text="What was not answered.")
    students = serializers.BooleanField(default=False, help_text="Who it was, instead of row numbers.")


class MatrixFileRequest(MatrixRequest, StrictBody):
    """The same, of a worker."""


class CalibrationFormat(Body):
    format = serializers.ChoiceField(choices=["csv", "json"], default="json")


class PublishRequest(StrictBody):
    despite_errors = serializers.BooleanField(
        default=False, help_text="Publish although findings of the whole say error."
    )
    override_reason = OverrideReason()


def asked_in(fields: dict[str, Any]) -> Asked:
    """The request in the domain's terms."""
    imports, dif = fields.get("imports"), fields.get("dif")
    return Asked(
        imports=None if imports is None else tuple(imports),
        delivered=fields["delivered"],
        since=fields.get("since"),
        model=fields.get("model", ""),
        priors=fields["priors"],
        seed=fields["seed"],
        scale=fields["scale"],
        anchors=tuple(fields["anchors"]),
        estimate=tuple(fields["estimate"]),
        groups=fields["groups"],
        column=fields.get("column", ""),
        dif=None if dif is None else tuple(Compared(**each) for each in dif),
    )
