"""The form of a reporting scale: one of the usual lines, a line of one's own, or a table of norms."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.simulation_forms import NumbersField
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

NONE, LINE, TABLE = "none", "line", "table"
# Name → score at θ = 0, points for one unit of θ, lowest and highest score where the kind itself has them.
LINES: dict[str, tuple[float, float, float | None, float | None]] = {
    "t": (50.0, 10.0, None, None),
    "iq": (100.0, 15.0, None, None),
    "hundred": (50.0, 50.0 / 3.0, 0.0, 100.0),
}


class PointsField(forms.CharField):
    """A table of norms: on each line θ and its score."""

    widget = forms.Textarea(attrs={"rows": 6, "class": "code", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value)).replace("−", "-")
        points = []
        for number, line in enumerate(text.splitlines(), start=1):
            cells = line.replace(";", " ").split()
            try:
                if cells:
                    theta, score = map(float, cells)
                    points.append([theta, score])
            except ValueError as error:
                told = _("Line {number}: two numbers with a point, θ and its score.").format(number=number)
                raise forms.ValidationError(told) from error
        return points


class LevelsField(forms.CharField):
    """Levels, one a line, the lowest first: `Name: what it means`."""

    widget = forms.Textarea(attrs={"rows": 4})

    def clean(self, value: Any) -> Any:
        lines = (line.partition(":") for line in str(super().clean(value)).splitlines() if line.strip())
        return [{"name": name.strip(), "meaning": meaning.strip()} for name, _colon, meaning in lines]


def _score(label: Any) -> forms.FloatField:
    return forms.FloatField(required=False, min_value=-LARGEST, max_value=LARGEST, label=label)


class ScaleForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[
            (NONE, gettext_lazy("none of its own")),
            ("t", gettext_lazy("T scores: 50 + 10 θ")),
            ("iq", gettext_lazy("like IQ: 100 + 15 θ")),
            ("hundred", gettext_lazy("0 to 100: θ from −3 to 3")),
            (LINE, gettext_lazy("another line, as below")),
            (TABLE, gettext_lazy("a table of norms, as below")),
        ],
        widget=forms.RadioSelect,
        label=gettext_lazy("Scale"),
    )
    at_zero = _score(gettext_lazy("Of another line: the score at θ = 0"))
    per_unit = _score(gettext_lazy("Of another line: points for one unit of θ"))
    points = PointsField(
        required=False,
        max_length=60 * MOST_POINTS,
        label=gettext_lazy("Of a table: θ and its score, a pair a line, both rising"),
        help_text=gettext_lazy("Straight lines lie between them; beyond them the outermost score holds."),
    )
    name = forms.CharField(
        required=False,
        max_length=LONGEST_NAME,
        label=gettext_lazy("What students read before the number; empty: Score"),
    )
    digits = forms.IntegerField(
        min_value=0, max_value=MOST_DIGITS, initial=0, label=gettext_lazy("Digits behind the point")
    )
    minimum = _score(gettext_lazy("Lowest score that is told; empty: there is none"))
    maximum = _score(gettext_lazy("Highest score that is told; empty: there is none"))
    cuts = NumbersField(
        required=False,
        max_length=20 * MOST_CUTS,
        label=gettext_lazy("Scores with which a level begins, with blanks between them"),
        help_text=gettext_lazy("Empty: θ = −1, 0 and 1, or what a test’s rules decide by."),
    )
    levels = LevelsField(
        required=False,
        max_length=(MOST_CUTS + 1) * (LONGEST_LEVEL + LONGEST_MEANING),
        label=gettext_lazy("Levels, one a line, the lowest first: name, colon, what it means"),
        help_text=gettext_lazy("One more than there are scores above. Empty: the usual words."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, needed = cleaned.get("kind"), {LINE: ("at_zero", "per_unit"), TABLE: ("points",)}
        for name in needed.get(str(kind), ()):
            if name not in self.errors and cleaned.get(name) in (None, []):
                self.add_error(name, _("This scale needs it."))
        return cleaned

    def content(self) -> dict[str, Any] | None:
        """As `ReportingScale` takes it; None: no scale."""
        given = self.cleaned_data
        if given["kind"] == NONE:
            return None
        content = {name: given[name] for name in ("name", "digits", "minimum", "maximum", "levels")}
        content |= {"name": " ".join(given["name"].split()), "cuts": list(given["cuts"])}
        if given["kind"] == TABLE:
            return {**content, "points": given["points"]}
        if given["kind"] == LINE:
            return {**content, "at_zero": given["at_zero"], "per_unit": given["per_unit"]}
        at_zero, per_unit, least, most = LINES[given["kind"]]
        for bound, value in (("minimum", least), ("maximum", most)):
            content[bound] = value if content[bound] is None else content[bound]
        return {**content, "at_zero": at_zero, "per_unit": per_unit}

    def field_of(self, pointer: str) -> str | None:
        """The field that a problem of the scale is shown at."""
        name = pointer.split("/")[1] if "/" in pointer else ""
        return name if name in self.fields else None


def initial_of(scale: ReportingScale | None) -> dict[str, Any]:
    """What the form shows of the scale that there is."""
    if scale is None:
        return {"kind": NONE}
    line = (scale.at_zero, scale.per_unit)
    usual = next((name for name, known in LINES.items() if known[:2] == line), LINE)
    return {
        "kind": TABLE if scale.points else usual,
        "at_zero": scale.at_zero if usual == LINE and not scale.points else None,
        "per_unit": scale.per_unit if usual == LINE and not scale.points else None,
        "points": "\n".join(f"{theta:g} {score:g}" for theta, score in scale.points),
        "name": scale.name,
        "digits": scale.digits,
        "minimum": scale.minimum,
        "maximum": scale.maximum,
        "cuts": " ".join(f"{cut:g}" for cut in scale.cuts),
        "levels": "\n".join(
            f"{level.name}: {level.meaning}" if level.meaning else level.name for level in scale.levels
        ),
    }
