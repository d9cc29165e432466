"""What a named test says of its result, as fields of a form: kind, cuts, levels, and when students see it."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
)

from sessions_app.models import NamedTest
from sessions_app.sitting.result_specs import problems_of_result
from testing_engine.form_fields import NumbersField

RESULT_FIELDS = (
    "result_kind",
    "result_cuts",
    "result_levels",
    "result_feedback",
    "scale_mean",
    "scale_sd",
    "reporting_scale",
    "result_release",
)
RESULT_ROWS = [
    *("result_kind", "result_cuts", "result_levels", "result_feedback"),
    ("scale_mean", "scale_sd"),
    *("reporting_scale", "result_release"),
]


# Shorter than the model's: a line of its own each, also on a phone.
KINDS = [
    (NamedTest.ResultKind.BY_RULES, "as the rules have it"),
    (NamedTest.ResultKind.LEVELS, "levels of achievement"),
    (NamedTest.ResultKind.PASSING, "passed or not passed"),
    (NamedTest.ResultKind.SCALE, "a score on a rating scale"),
    (NamedTest.ResultKind.THANKS, "thanks only"),
]


class LevelsField(forms.CharField):
    """Levels, one a line: `Name: what it means`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}), **options)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(": ".join(filter(None, (each["name"], each["meaning"]))) for each in value)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        lines = (line.partition(":") for line in (value or "").split("\n") if line.strip())
        return [{"name": name.strip(), "meaning": meaning.strip()} for name, _, meaning in lines]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class LinesField(forms.CharField):
    """Texts, one a line; None: none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [line.strip() for line in (value or "").split("\n") if line.strip()] or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class OptionalJSONField(forms.JSONField):
    """None is an empty field, and not the word `null`."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class ResultFields(forms.ModelForm[NamedTest]):
    """The part of a named test's form that says how results are told."""

    result_kind = forms.ChoiceField(
        label="The student is told",
        choices=KINDS,
        required=False,
        initial=NamedTest.ResultKind.BY_RULES,
        widget=UnfoldAdminRadioSelectWidget,
        help_text="As the rules have it: passed or not where they decide at one cut, else levels. On a "
        "rating scale nothing is right or wrong, and nobody is offered “I don't know”. A session keeps what "
        "it started with.",
    )
    result_cuts = NumbersField(
        label="Cuts of the result",
        required=False,
        help_text="Values of θ between two levels, separated by commas. Empty: those of the rules, else "
        "-1, 0, 1; a rating scale then has no levels.",
    )
    result_levels = LevelsField(
        label="Levels",
        required=False,
        help_text="One a line, the lowest first, as students read them: “Name: what it means”. One more than "
        "there are cuts. Empty: the usual words, in English and German.",
    )
    result_feedback = LinesField(
        label="Feedback",
        required=False,
        help_text="For the student, one line for each level, the lowest first: what to do next. Shown with "
        "the result, also with results that are there; may be changed at any time.",
    )
    scale_mean = forms.FloatField(
        label="Rating scale: score at θ = 0",
        required=False,
        initial=50,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    scale_sd = forms.FloatField(
        label="Rating scale: points for one unit of θ",
        required=False,
        initial=10,
        help_text="50 and 10 make T scores.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    reporting_scale = OptionalJSONField(
        label="Reporting scale",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "the pool's, if it has one"}),
        help_text="How θ is told, as JSON: {&quot;name&quot;: &quot;T&quot;, &quot;at_zero&quot;: 50, "
        "&quot;per_unit&quot;: 10} (docs/REPORTING_SCALES.md). Empty: the pool's, if it has one.",
    )
    result_release = forms.ChoiceField(
        label="Students see the result",
        choices=NamedTest.Release.choices,
        required=False,
        initial=NamedTest.Release.NOW,
        widget=UnfoldAdminRadioSelectWidget,
        help_text="“When the test has closed” needs “closes at”.",
    )

    def clean(self) -> dict[str, Any]:
        """Nothing typed stands for the usual."""
        cleaned = super().clean() or {}
        usual = {
            "result_kind": NamedTest.ResultKind.BY_RULES,
            "result_release": NamedTest.Release.NOW,
            "scale_mean": 50.0,
            "scale_sd": 10.0,
        }
        for name, value in usual.items():
            if name in cleaned and cleaned[name] in (None, ""):
                cleaned[name] = value
        if cleaned.get("result_release") == NamedTest.Release.CLOSED and not cleaned.get("closes_at"):
            self.add_error("result_release", "Say in “closes at” when the test closes.")
        if cleaned.get("result_kind") == NamedTest.ResultKind.SCALE:
            cleaned["allow_dont_know"] = False
        return cleaned

    def add_result_errors(self, cleaned: dict[str, Any], rules: dict[str, Any]) -> None:
        """What is wrong with the result under these rules, at its fields."""
        said = {name: cleaned[name] for name in RESULT_FIELDS if name in cleaned}
        for field, text in problems_of_result(NamedTest(**said), cleaned["pool"], rules):
            self.add_error(field if field in self.fields else None, text)
