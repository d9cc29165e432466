"""The form of a named test: its rules as simple fields or as JSON, its result, what its pool requires."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from sessions_app.admin.gated_form import Gated
from sessions_app.admin.result_form import RESULT_FIELDS, OptionalJSONField, ResultFields
from sessions_app.admin.times import zone_name
from sessions_app.models import NamedTest
from sessions_app.preparing.rules_in_fields import EFFORT, EXPERT, STOPPING, fields_of, rules_of
from sessions_app.sitting import lengths, named_tests
from testing_engine.form_fields import LinesField, NumbersField
from testing_engine.interchange.json_objects import RepeatedFieldError, once
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.items.parts import in_use
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import load_revision


class RulesField(OptionalJSONField):
    """Empty where the simple fields say the rules."""

    def to_python(self, value: Any) -> Any:
        if problem := _repeated_field(value):
            raise forms.ValidationError(f"{problem[0].upper()}{problem[1:]}.", code="invalid")
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput(data) if _repeated_field(data) else super().bound_data(data, initial)


def _repeated_field(text: Any) -> str:
    """What is wrong with JSON that gives a field twice; of any other nothing."""
    try:
        json.loads(text, object_pairs_hook=once)
    except RepeatedFieldError as error:
        return str(error)
    except (TypeError, ValueError, RecursionError):
        pass
    return ""


class NamedTestForm(Gated, ResultFields):
    """The rules as simple fields or as JSON; tried on the pool's newest revision."""

    warning = ""  # what is saved, but perhaps not meant
    concept_names = LinesField(required=False, is_names=True, help_text="One a line; empty: the pool's own.")
    stopping = forms.ChoiceField(
        label="The test ends", choices=STOPPING.items(), widget=UnfoldAdminRadioSelectWidget
    )
    max_questions = forms.IntegerField(
        label="Most questions", required=False, initial=20, widget=UnfoldAdminIntegerFieldWidget
    )
    min_questions = forms.IntegerField(
        label="Fewest questions", required=False, initial=5, widget=UnfoldAdminIntegerFieldWidget
    )
    target_error = forms.FloatField(
        label="Target standard error",
        required=False,
        initial=0.3,
        help_text="In logits, for each concept; 0.3 is usual.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    sure_enough = forms.FloatField(
        label="Sure enough",
        required=False,
        initial=0.9,
        help_text="Probability of the level, 0.5 to 0.9999.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    cuts = NumbersField(
        label="Cuts between levels",
        required=False,
        help_text="On the scale of θ, with decimal points: -1, 0.5",
    )
    sets_together = forms.BooleanField(
        label="Questions of a set come together",
        required=False,
        initial=True,
        help_text="Once one of a set is asked, such as the questions on one passage, the others follow it. "
        "Where the pool has no sets it changes nothing.",
        widget=UnfoldBooleanSwitchWidget,
    )
    pilots = forms.IntegerField(
        label="Questions to try out",
        required=False,
        min_value=0,
        help_text="Questions that are not calibrated, among the others of an adaptive test; never among the "
        "first or last two, at most 15 % of the shortest test. They count in nothing. Empty: none.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    pilot_quota = forms.IntegerField(
        label="Answers wanted of each",
        required=False,
        initial=250,
        help_text="One that has them is tried out no more.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    effort = forms.ChoiceField(
        label="Answers",
        required=False,
        choices=EFFORT.items(),
        help_text="Of adaptive tests, by this service's own clock. The pool's own times are found at the "
        "desk, on the pool's page Settings; a question without one has the seconds below. Students are "
        "told nothing; results say how many answers came too fast.",
        widget=UnfoldAdminSelectWidget,
    )
    rapid_seconds = forms.FloatField(
        label="Seconds of a quick guess",
        required=False,
        initial=3.0,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    pauses = forms.IntegerField(
        label="Pauses",
        required=False,
        min_value=0,
        help_text="How often a student may stop the clock. Empty: not at all. Rules as JSON have their own.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    pause_minutes = forms.IntegerField(
        label="Minutes of all pauses",
        required=False,
        initial=10,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    rules = RulesField(
        label="Rules as JSON",
        required=False,
        help_text="Only where the test ends by rules as JSON; docs/ENGINE.md describes them.",
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
    )

    class Meta:
        model = NamedTest
        fields = (
            "title",
            "name",
            "pool",
            "concept_names",
            "introduction",
            "closing",
            "rules",
            "takers",
            "attempts_allowed",
            "time_limit_minutes",
            "opens_at",
            "closes_at",
            "allow_dont_know",
            "show_theta",
            *RESULT_FIELDS,
            "earlier_results",
            "vary_first_questions",
            "shuffle_options",
        )
        widgets = {"earlier_results": UnfoldAdminRadioSelectWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pool"].queryset = named_tests.pools_for(self.instance)  # type: ignore[attr-defined]
        simple = fields_of(self.instance.rules) if self.instance.pk else {"stopping": "precision"}
        for name in ("opens_at", "closes_at"):
            self.fields[name].help_text += f" In the time zone {zone_name()}."
        self.initial.pop("rules", None)
        for name, value in simple.items():
            if value is not None:
                self.initial[name] = value
        if simple["stopping"] == EXPERT:
            self.initial["rules"] = self.instance.rules

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"stopping", "pool"} - cleaned.keys() or self.errors:
            return cleaned
        self._fit_to_pool(cleaned)
        try:
            rules = rules_of(cleaned).to_json()
        except RulesError as error:
            for field, text in error.problems:
                self.add_error(field, text)
            return cleaned
        for field, text in named_tests.problems_of(cleaned["pool"], rules, cleaned["concept_names"]):
            is_simple = field == "rules" and cleaned["stopping"] != EXPERT
            self.add_error("stopping" if is_simple else field, text)
        if not self.errors:
            self._check_length(cleaned["pool"], rules)
        closes = cleaned.get("closes_at")
        if closes is not None and closes <= timezone.now() and "closes_at" in self.changed_data:
            self.add_error("closes_at", "This has passed: nobody could start the test.")
        if not self.errors:
            self.add_result_errors(cleaned, rules)
        if not self.errors:
            self.check_gate(cleaned, rules)
        return {**cleaned, "rules": rules}

    def _fit_to_pool(self, cleaned: dict[str, Any]) -> None:
        """What nobody chose on this form is not held against a pool without parameters."""
        is_new = not NamedTest.objects.filter(pk=self.instance.pk).exists()
        is_untouched = is_new and not {"stopping", "target_error"} & set(self.changed_data)
        if not is_untouched or not named_tests.lacks_parameters(cleaned["pool"]):
            return
        count = cleaned["pool"].current_revision.question_count
        cleaned["stopping"] = "linear" if count <= (cleaned["max_questions"] or 0) else "random"
        cleaned["max_questions"] = min(cleaned["max_questions"] or count, count)
        self.warning = (
            "This pool has no parameters: the test asks {} {}, and gives points and percent.".format(
                *("all questions,", "in order")
                if cleaned["stopping"] == "linear"
                else ("questions", "at random")
            )
        )

    def _check_length(self, pool: QuestionPool, rules: Mapping[str, Any]) -> None:
        """Refuses a pool with fewer questions than the test needs; warns of fewer than it may ask."""
        revision = pool.current_revision
        if revision is None:
            return
        bank, known = load_revision(revision.pk).bank, CatRules.from_json(rules)
        count = lengths.askable(known, bank)
        has = f"The pool has {count} questions"
        if left_out := in_use(bank).n_items - count:
            has += f" that such a test can ask (of {left_out} more the parameters are missing)"
        most, least = known.max_questions, known.min_questions
        if least > count:
            field = EXPERT if self.cleaned_data["stopping"] == EXPERT else "max_questions"
            self.add_error("rules" if field == EXPERT else field, f"{has}: the test needs {least}.")
        elif most > count:
            self.warning = f"{has}, the test may ask {most}: it ends when they are used up."
