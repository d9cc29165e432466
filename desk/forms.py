"""Forms of the desk. What they refuse the domain refuses, too; they say it at the field."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from testing_engine.interchange.names import problem_of_name
from testing_engine.interchange.questions import POOL_NAME


class NameField(forms.CharField):
    """A name that other things are found by: on one line, blanks around it dropped and closed up inside."""

    def clean(self, value: Any) -> str:
        name = " ".join(super().clean(value).split())
        if name and problem_of_name(name, self.max_length or POOL_NAME):
            raise forms.ValidationError(
                _("This name has signs that cannot be seen, or letters put together of parts. Type it anew.")
            )
        return name


class NamesField(forms.CharField):
    """Names, one a line, each once."""

    widget = forms.Textarea(attrs={"rows": 4})

    def __init__(self, most: int, longest: int = 100, **options: Any) -> None:
        self.most, self.longest = most, longest
        super().__init__(**options)

    def clean(self, value: Any) -> tuple[str, ...]:
        lines = (" ".join(line.split()) for line in super().clean(value).splitlines())
        names = tuple(dict.fromkeys(line for line in lines if line))
        if self.required and not names:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(names) > self.most:
            raise forms.ValidationError(_("At most {most} names.").format(most=self.most))
        for name in names:
            if problem_of_name(name, self.longest):
                raise forms.ValidationError(
                    _("“{name}” is too long, or has signs that cannot be seen.").format(name=name[:40])
                )
        return names


class SearchForm(forms.Form):
    search = forms.CharField(required=False, max_length=200, label=_("Search by name"))


class NewPoolForm(forms.Form):
    """`pool_id` is drawn when the page is shown, so that sending it twice makes one pool."""

    pool_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    name = NameField(
        max_length=POOL_NAME,
        label=_("Name"),
        help_text=_("For example “Grade 9, fractions”. Students do not see it."),
    )
    concept_names = NamesField(
        required=False,
        most=settings.POOL_MAX_CONCEPTS,
        label=_("What the questions measure"),
        help_text=_(
            "Left empty: what the pool is called. One line is enough, such as “Fractions”. "
            "Several lines if a test shall give a result for each: "
            "every question then says which of them it measures. A result for each needs questions with "
            "parameters; without, there are points for the whole test. This cannot be changed later."
        ),
    )


class RenameForm(forms.Form):
    name = NameField(max_length=POOL_NAME, label=_("Name"))


class CopyForm(forms.Form):
    """`copy_id` as `pool_id` above."""

    copy_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    name = NameField(max_length=POOL_NAME, label=_("Name of the copy"))
