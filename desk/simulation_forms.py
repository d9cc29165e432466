"""The form of a pool's page *Simulate*: designs, students, cuts."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions_app.measurement.simulations.asking import (
    LARGEST_SEED,
    LONGEST_NAME,
    MOST_STUDENTS,
    NORMAL,
    OWN,
    RECORDED,
    Asked,
    Design,
    Population,
)
from sessions_app.measurement.simulations.recorded import Recorded
from testing_engine.interchange.json_objects import once
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.simulation.recorded import DRAWN, LEFT_OUT

USUAL = json.dumps({"max_questions": 20, "stop": [{"name": "precision", "standard_error": 0.3}]}, indent=1)
LONGEST_RULES = 60_000


class RulesField(forms.CharField):
    """Rules as JSON; "" is None."""

    widget = forms.Textarea(attrs={"rows": 9, "class": "code", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return CatRules.from_json(json.loads(text, object_pairs_hook=once))
        except RulesError as error:
            raise forms.ValidationError([f"{at or '/'}: {told}" for at, told in error.problems]) from error
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is not JSON: {why}").format(why=error)) from error


class NumbersField(forms.CharField):
    """Numbers with blanks between them."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return tuple(float(each) for each in text.split())
        except ValueError as error:
            told = _("Numbers with a point, and blanks between them: −1 0.5")
            raise forms.ValidationError(told) from error

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("−", "-")


class SimulationForm(forms.Form):
    name_1 = forms.CharField(
        required=False, max_length=LONGEST_NAME, label=gettext_lazy("Name of the design")
    )
    rules_1 = RulesField(
        max_length=LONGEST_RULES, initial=USUAL, label=gettext_lazy("Rules, as JSON (docs/ENGINE.md)")
    )
    name_2 = forms.CharField(
        required=False, max_length=LONGEST_NAME, label=gettext_lazy("Name of a second design")
    )
    rules_2 = RulesField(
        required=False,
        max_length=LONGEST_RULES,
        label=gettext_lazy("Its rules; empty: there is none to compare with"),
    )
    students = forms.IntegerField(
        min_value=1,
        max_value=MOST_STUDENTS,
        initial=1000,
        label=gettext_lazy("Students; of those who answered already at most so many"),
    )
    kind = forms.ChoiceField(
        choices=[
            (NORMAL, gettext_lazy("normally distributed, as below")),
            (OWN, gettext_lazy("as this pool’s students: drawn from their results")),
            (RECORDED, gettext_lazy("persons who answered this pool already: by what they answered")),
        ],
        widget=forms.RadioSelect,
        initial=NORMAL,
        label=gettext_lazy("Who they are"),
    )
    mean = NumbersField(
        required=False, max_length=200, initial="0", label=gettext_lazy("Mean, for all concepts or for each")
    )
    sd = NumbersField(
        required=False,
        max_length=200,
        initial="1",
        label=gettext_lazy("Standard deviation, for all concepts or for each"),
    )
    correlation = forms.FloatField(
        required=False,
        min_value=-1,
        max_value=1,
        label=gettext_lazy("Correlation of any two concepts; empty: the scale’s"),
    )
    least = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=round(100 * Recorded.least_answered),
        required=False,
        label=gettext_lazy("Of those who answered already: who answered so many percent of the questions"),
    )
    missing = forms.ChoiceField(
        choices=[
            (LEFT_OUT, gettext_lazy("is not asked")),
            (DRAWN, gettext_lazy("is answered by the model")),
        ],
        widget=forms.RadioSelect,
        initial=LEFT_OUT,
        required=False,
        label=gettext_lazy("What they did not answer"),
    )
    cuts = NumbersField(
        required=False,
        max_length=400,
        label=gettext_lazy("Cuts between levels, on θ; empty: those of the first rules"),
    )
    seed = forms.IntegerField(
        min_value=0, max_value=LARGEST_SEED, initial=0, label=gettext_lazy("Seed of the random numbers")
    )

    def asked(self) -> Asked:
        given = self.cleaned_data
        designs = [
            Design(given[f"rules_{number}"], given[f"name_{number}"].strip())
            for number in (1, 2)
            if given[f"rules_{number}"] is not None
        ]
        share = Recorded.least_answered if given["least"] is None else given["least"] / 100
        recorded = Recorded(least_answered=share, missing=given["missing"] or LEFT_OUT)
        moments = (given["mean"], given["sd"], given["correlation"])
        return Asked(
            designs=tuple(designs),
            students=given["students"],
            population=Population(given["kind"], *moments, recorded),
            cuts=given["cuts"] or None,
            seed=given["seed"],
        )


FIELDS = {  # by the beginning of a pointer: the field that it is about
    "/designs/0/name": "name_1",
    "/designs/0": "rules_1",
    "/designs/1/name": "name_2",
    "/designs/1": "rules_2",
    "/students": "students",
    "/population/kind": "kind",
    "/population/mean": "mean",
    "/population/sd": "sd",
    "/population/correlation": "correlation",
    "/population/least_answered": "least",
    "/population/missing": "missing",
    "/cuts": "cuts",
    "/seed": "seed",
}


def field_of(pointer: str) -> str | None:
    """The field of the form that a problem of the domain is about."""
    return next((name for start, name in FIELDS.items() if pointer.startswith(start)), None)
