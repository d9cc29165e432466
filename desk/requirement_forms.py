"""The form of what must hold of a pool."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk.simulation_forms import LONGEST_RULES, RulesField
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.requirements import (
    BOUNDS,
    LEAST_STUDENTS,
    MOST_STUDENTS,
    USUAL_STUDENTS,
    Requirements,
)


def _number(name: str, label: Any) -> forms.FloatField:
    least, most = BOUNDS[name]
    return forms.FloatField(required=False, min_value=least, max_value=most, label=label)


class RequirementsForm(forms.Form):
    coverage = _number("coverage", _("Coverage of the intervals of 95 %, at least"))
    standard_error = _number("standard_error", _("Mean standard error, at most"))
    rmse = _number("rmse", _("Real error (RMSE), at most"))
    exposure = _number("exposure", _("Exposure rate of any question, at most"))
    length = _number("length", _("Questions on average, at most"))
    no_errors = forms.BooleanField(required=False, label=_("The last calibration found no error"))
    students = forms.IntegerField(
        min_value=LEAST_STUDENTS,
        max_value=MOST_STUDENTS,
        initial=USUAL_STUDENTS,
        label=_("Students that are simulated to see it"),
    )
    rules = RulesField(
        required=False,
        max_length=LONGEST_RULES,
        label=_("Rules that a calibration is tried with; empty: the usual ones"),
    )

    def content(self) -> dict[str, Any]:
        given = self.cleaned_data
        rules: CatRules | None = given["rules"]
        return {**given, "rules": None if rules is None else rules.to_json()}


def initial_of(asked: Requirements | None) -> dict[str, Any]:
    """What the form shows of what is required now."""
    if asked is None:
        return {}
    content = asked.to_json()
    if asked.rules is not None:
        content["rules"] = json.dumps(asked.rules, indent=1)
    return content
