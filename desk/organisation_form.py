"""What an organisation says of itself, as its owner fills it in."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk.forms import NameField
from organisations.branding import fault_of_colour
from sessions_app.administration.brands import (
    LANGUAGES,
    LOGO_BYTES,
    LONGEST_LEVEL,
    MOST_LEVELS,
    Described,
    time_zones,
)


class OrganisationForm(forms.Form):
    name = NameField(max_length=200, label=_("Name"), help_text=_("Students and teachers read it."))
    logo = forms.FileField(
        required=False,
        label=_("Logo"),
        help_text=_("A PNG, JPEG, GIF or WebP picture of at most 512 KiB and 1024 pixels a side; no SVG."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
    )
    drops_logo = forms.BooleanField(required=False, label=_("Take the logo away"))
    colour = forms.CharField(
        required=False,
        max_length=7,
        label=_("Colour"),
        help_text=_(
            "Of buttons and marks, as #2f6fed. It must be seen on light pages and on dark ones, with text on "
            "it. Empty: the service’s own."
        ),
    )
    level_names = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=_("Names of the levels"),
        help_text=_(
            "One a line, the lowest first, for tests that have so many levels and no names of their own. "
            "Usual tests have four. Empty: the usual words. Tests that have begun keep theirs."
        ),
    )
    language = forms.ChoiceField(
        choices=LANGUAGES,
        label=_("Language"),
        help_text=_("For who chose none. English leaves it to their browsers."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("In which moments are read and typed at the desk.")
    )

    def __init__(self, data: Any, files: Any, before: Described) -> None:
        initial = {**vars(before), "level_names": "\n".join(before.level_names)}
        super().__init__(data, files, initial=initial)
        zones = dict.fromkeys([before.time_zone, *time_zones()])
        self.fields["time_zone"].choices = [(each, each) for each in zones]  # type: ignore[attr-defined]

    def clean_level_names(self) -> tuple[str, ...]:
        lines = [line.strip() for line in self.cleaned_data["level_names"].splitlines()]
        names = tuple(name for name in lines if name)
        if len(names) > MOST_LEVELS or any(len(name) > LONGEST_LEVEL for name in names):
            words = gettext("At most {most} levels, each of at most {longest} characters.")
            raise forms.ValidationError(words.format(most=MOST_LEVELS, longest=LONGEST_LEVEL))
        if len(set(names)) != len(names):
            raise forms.ValidationError(gettext("The names of levels must differ."))
        return names

    def clean_colour(self) -> str:
        colour = str(self.cleaned_data["colour"]).strip().lower()
        if colour and (fault := fault_of_colour(colour)) is not None:
            words, found = fault
            raise forms.ValidationError(gettext(words).format(found=found))
        return colour

    @property
    def described(self) -> Described:
        return Described(**{name: self.cleaned_data[name] for name in Described.__dataclass_fields__})

    @property
    def logo_bytes(self) -> bytes | None:
        """No more than decides whether it is too large."""
        file = self.cleaned_data["logo"]
        return None if file is None else bytes(file.read(LOGO_BYTES + 1))
