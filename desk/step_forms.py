"""The forms of a test's three steps, in a teacher's words. What cannot work the domain says (`steps`)."""

import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.forms import NameField
from desk.sentences import translated
from desk.step_words import ENDINGS, KEPT_ENDING, RESULTS, exact_words, sure_words
from sessions_app.administration.classes.handing_out import MayHave
from sessions_app.preparing.outlook import Outlook
from sessions_app.preparing.shelf import LONGEST_TITLE
from sessions_app.preparing.steps import KEPT, MOST_MINUTES, PASSING, How, Problems, What, Who
from testing_engine.psychometrics.pauses import MOST_MINUTES as MOST_PAUSED
from testing_engine.psychometrics.pauses import MOST_TIMES, Pauses

EXACTNESS = (0.5, 0.4, 0.3)
SURENESS = (0.8, 0.9, 0.95)
MOST_QUESTIONS, MOST_TRIES = 1000, 1000
USUAL_PAUSES = Pauses()
LONGEST_TEXT = 20_000
EMPTY_LINE = re.compile(r"\n(?:[^\S\n]*\n)+")
MOMENT = "%Y-%m-%dT%H:%M"


class StepForm(forms.Form):
    """One step; `add` puts what the domain refuses at its field."""

    def add(self, problems: Problems) -> None:
        for field, sentence in problems:
            self.add_error(field if field in self.fields else None, translated(sentence))


def _title() -> NameField:
    return NameField(
        max_length=LONGEST_TITLE,
        label=gettext_lazy("What the test is called"),
        help_text=gettext_lazy("Students read it. For example “Fractions, class 9b”."),
    )


class WhatForm(StepForm):
    title = _title()
    pool = forms.ChoiceField(
        label=gettext_lazy("Which questions it draws from"),
        error_messages={"invalid_choice": gettext_lazy("There is no such pool any more.")},
    )

    def __init__(self, data: Any, pools: Iterable[tuple[uuid.UUID, str, int]], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["pool"].choices = [  # type: ignore[attr-defined]
            (str(pk), f"{name} ({count} {_('question') if count == 1 else _('questions')})")
            for pk, name, count in pools
        ]

    def value(self) -> What:
        return What(self.cleaned_data["title"], uuid.UUID(self.cleaned_data["pool"]))


class NewTestForm(WhatForm):
    """`creation_key` is drawn when the page is shown, so that sending it twice makes one test."""

    creation_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class CopyTestForm(forms.Form):
    creation_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    title = _title()


def _number(label: Any, most: int, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=most, required=False, **options)


class ParagraphsField(forms.CharField):
    """Texts with an empty line between them, as a tuple."""

    widget = forms.Textarea(attrs={"rows": 6})

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return "\n\n".join(EMPTY_LINE.sub("\n", text) for text in value)

    def clean(self, value: Any) -> tuple[str, ...]:
        text = super().clean(value).replace("\r\n", "\n")
        return tuple(part.strip() for part in EMPTY_LINE.split(text) if part.strip())


class HowForm(StepForm):
    stopping = forms.ChoiceField(label=gettext_lazy("The test ends"), widget=forms.RadioSelect)
    max_questions = _number(gettext_lazy("Questions, at most"), MOST_QUESTIONS)
    min_questions = _number(gettext_lazy("Questions, at least"), MOST_QUESTIONS)
    target_error = forms.TypedChoiceField(
        coerce=float, empty_value=None, required=False, label=gettext_lazy("How exact")
    )
    sure_enough = forms.TypedChoiceField(
        coerce=float, empty_value=None, required=False, label=gettext_lazy("How sure")
    )
    time_limit_minutes = _number(
        gettext_lazy("Time limit in minutes"), MOST_MINUTES, help_text=gettext_lazy("Empty: there is none.")
    )
    pauses = _number(
        gettext_lazy("Students may pause, the clock stops: how often, at most"),
        MOST_TIMES,
        help_text=gettext_lazy("Empty: they may not. While a test is paused, its question is hidden."),
    )
    pause_minutes = _number(
        gettext_lazy("Minutes of all pauses together, at most"),
        MOST_PAUSED,
        help_text=gettext_lazy("Then the clock goes on by itself."),
    )
    result_kind = forms.ChoiceField(label=gettext_lazy("At the end students read"), widget=forms.RadioSelect)
    pass_from = forms.TypedChoiceField(
        coerce=float,
        empty_value=None,
        required=False,
        label=gettext_lazy("Passed is who reaches at least"),
        choices=[
            ("", gettext_lazy("as it is set now")),
            ("-1.0", gettext_lazy("the level Developing (about 5 of 6 students do)")),
            ("0.0", gettext_lazy("the level Secure (about half of the students do)")),
            ("1.0", gettext_lazy("the level Advanced (about 1 of 6 students does)")),
        ],
    )
    closing = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("A word at the end"),
        help_text=gettext_lazy("Shown with the result. Empty: nothing more."),
    )
    feedback = ParagraphsField(
        required=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("What students of each level read"),
        help_text=gettext_lazy(
            "A text for each level, the lowest first, with an empty line between them: what to do next, say. "
            "It may be changed when results are there. Empty: nothing."
        ),
    )

    def __init__(self, data: Any, before: How, outlook: Outlook, **options: Any) -> None:
        super().__init__(data, initial=vars(before), **options)
        self.before, self.outlook = before, outlook
        self._choices("stopping", self._endings())
        self._choices("target_error", _values(EXACTNESS, before.target_error, exact_words))
        self._choices("sure_enough", _values(SURENESS, before.sure_enough, sure_words))
        self._choices("result_kind", self._results())
        shown: dict[str, Any] = {
            "target_error": before.target_error or EXACTNESS[1],
            "sure_enough": before.sure_enough or SURENESS[1],
            "min_questions": before.min_questions or min(5, outlook.askable) or None,
            "pass_from": "" if before.pass_from is None else str(before.pass_from),
            "pause_minutes": before.pause_minutes or USUAL_PAUSES.minutes,
        }
        self.initial = {**self.initial, **shown}

    def _choices(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _endings(self) -> list[tuple[str, Any]]:
        """Those that the pool can have, and the one that there is."""
        kept = [(KEPT, KEPT_ENDING)] if self.before.stopping == KEPT else []
        return kept + [
            (name, words)
            for name, words in ENDINGS.items()
            if self.outlook.has_parameters or name in ("linear", "random") or name == self.before.stopping
        ]

    def _results(self) -> list[tuple[str, Any]]:
        usual = (
            ("rules", "levels", "passing", "thanks") if self.outlook.has_parameters else ("rules", "thanks")
        )
        return [(n, words) for n, words in RESULTS.items() if n in usual or n == self.before.result_kind]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_new = self.before.result_kind != PASSING
        if cleaned.get("result_kind") == PASSING and is_new and cleaned.get("pass_from") is None:
            self.add_error("pass_from", _("Choose one."))
        return cleaned

    def value(self) -> How:
        return How(**self.cleaned_data)


def _values(usual: Iterable[float], now: float | None, words: Any) -> list[tuple[str, str]]:
    """The usual values, and the one that there is."""
    values = sorted({*usual, *([now] if now is not None else [])}, reverse=usual is EXACTNESS)
    return [(str(value), words(value)) for value in values]


def _moment(label: Any, **options: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    formats = [MOMENT, "%Y-%m-%dT%H:%M:%S"]
    return forms.DateTimeField(label=label, required=False, widget=widget, input_formats=formats, **options)


class ClassesField(forms.TypedMultipleChoiceField):
    """Offers classes that have not the test; a form that is sent twice names some that have it by then."""

    def __init__(self, **options: Any) -> None:
        self.known: frozenset[str] = frozenset()
        self.given: list[str] = []  # names
        super().__init__(coerce=uuid.UUID, required=False, widget=forms.CheckboxSelectMultiple, **options)

    def offer(self, classes: Sequence[MayHave]) -> None:
        self.known = frozenset(str(each.class_id) for each in classes)
        self.given = [each.name for each in classes if each.given_pk]
        self.choices = [(str(each.class_id), each.name) for each in classes if not each.given_pk]

    def valid_value(self, value: Any) -> bool:
        return str(value) in self.known


class WhoForm(StepForm):
    classes = ClassesField(
        label=gettext_lazy("Give it to these classes"),
        error_messages={"invalid_choice": gettext_lazy("There is no such class any more.")},
    )
    takers = forms.ChoiceField(
        label=gettext_lazy("Who may take it"),
        widget=forms.RadioSelect,
        choices=[
            ("invited", gettext_lazy("only students whom I invite, each by a link of their own")),
            ("anybody", gettext_lazy("also everybody whom the school’s own system sends here")),
        ],
    )
    attempts_allowed = _number(
        gettext_lazy("How often one student may take it"),
        MOST_TRIES,
        help_text=gettext_lazy("Empty: as often as they like. A link of an invitation opens one test."),
    )
    opens_at = _moment(gettext_lazy("Opens"), help_text=gettext_lazy("Empty: at once, when you open it."))
    closes_at = _moment(
        gettext_lazy("Closes"),
        help_text=gettext_lazy("Tests that run end then, too. Empty: when you close it."),
    )
    result_release = forms.ChoiceField(
        label=gettext_lazy("Students see their result"),
        widget=forms.RadioSelect,
        choices=[
            ("now", gettext_lazy("as soon as they are done")),
            ("closed", gettext_lazy("when the test has closed")),
            ("never", gettext_lazy("never: teachers alone")),
        ],
    )
    introduction = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=gettext_lazy("What students read before they begin"),
        help_text=gettext_lazy("Their time starts when they have read it."),
    )

    def __init__(self, data: Any, before: Who, classes: Sequence[MayHave] = (), **options: Any) -> None:
        super().__init__(data, initial=vars(before), **options)
        self.fields["classes"].offer(classes)  # type: ignore[attr-defined]

    @property
    def zone(self) -> str:
        """In which times are meant."""
        return timezone.get_current_timezone_name()

    def value(self) -> Who:
        return Who(**{name: value for name, value in self.cleaned_data.items() if name != "classes"})
