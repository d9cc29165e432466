"""The form by which times are found under which an answer came too fast."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.formats import date_format, localize
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_app.measurement.thresholds import Kept, summary_of
from testing_engine.psychometrics.effort import LONGEST
from testing_engine.psychometrics.response_times import MIXTURE, NORMATIVE, USUAL, Method

METHODS = [
    (NORMATIVE, _("a share of the time that a question usually takes")),
    (MIXTURE, _("the valley between those who guess and those who work, where the times show two humps")),
]
NONE_OF_ITS_OWN = _("No question has answers enough for a time of its own: all have the seconds of the test.")


class ThresholdsForm(forms.Form):
    name = forms.ChoiceField(choices=METHODS, initial=USUAL.name, label=_("How they are found"))
    percent = forms.FloatField(
        min_value=1, max_value=50, initial=100 * USUAL.share, label=_("Share of the usual time, in percent")
    )
    least = forms.FloatField(
        min_value=0.1, max_value=LONGEST, initial=USUAL.least, label=_("At least, in seconds")
    )
    most = forms.FloatField(
        min_value=0.1, max_value=LONGEST, initial=USUAL.most, label=_("At most, in seconds")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        least, most = cleaned.get("least"), cleaned.get("most")
        if least is not None and most is not None and least > most:
            self.add_error("most", _("This is less than the least."))
        return cleaned

    def method(self) -> Method:
        given = self.cleaned_data
        return Method(given["name"], given["percent"] / 100, given["least"], given["most"])


def told_of(kept: Kept) -> list[str]:
    """What was found last, for people."""
    found, when = summary_of(kept), date_format(localtime(kept.updated_at), "DATETIME_FORMAT")
    sentences = [gettext("Found {when} from {answers} answers.").format(when=when, answers=kept.answers)]
    if kept.tests_in_archives:
        left_out = gettext("{count} tests were left out: archives have their answers.")
        sentences.append(left_out.format(count=kept.tests_in_archives))
    if not found.own:
        return [*sentences, str(NONE_OF_ITS_OWN)]
    own = gettext("{own} of {all} questions have a time of their own, from {shortest} to {longest} seconds.")
    numbers = {"shortest": localize(found.shortest), "longest": localize(found.longest)}
    return [*sentences, own.format(own=found.own, all=found.questions, **numbers)]


def fields_of(method: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a method as it is kept."""
    return {**method, "percent": round(100 * method["share"], 6)}
