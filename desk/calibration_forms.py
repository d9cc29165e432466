"""Forms of a pool's page *Calibrate*: a file of answers, and what a calibration is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from sessions_app.measurement.asking import ANCHORS, FILE, LINK, NONE, OWN, SOURCE, Asked, Compared
from sessions_app.measurement.cells import Values
from sessions_app.measurement.importing import Wishes
from testing_engine.interchange.answer_files import Columns
from testing_engine.interchange.imported import Upload

AGAINST = "="  # before the group that others are compared with; alone: the largest
_ONE = (NONE, _("all persons are one"))
_BY_SOURCE = (SOURCE, _("each file, and delivered tests, by itself"))
MODELS = ("1PL", "2PL", "3PL", "4PL", "GRM", "GPCM", "PCM", "RSM", "NRM")


class AnswersForm(forms.Form):
    file = forms.FileField(
        label=_("File of answers (CSV, TSV or XLSX)"),
        help_text=_(
            "A row a person and a column a question, named by its id; or a row an answer with the columns "
            "person, item and response."
        ),
    )
    values = forms.ChoiceField(
        label=_("The cells are"),
        choices=[
            (Values.CATEGORIES.value, _("scored: 0, 1, …")),
            (Values.LETTERS.value, _("letters of options")),
            (Values.NUMBERS.value, _("numbers of options, from 1")),
            (Values.TEXTS.value, _("what was answered, as text")),
        ],
    )
    group = forms.CharField(
        required=False,
        max_length=2_000,
        label=_("Columns of groups, to look for questions that treat groups differently: one a line"),
        help_text=_("As their heads say it; left out, a column called “group” is taken."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    skip_bad_lines = forms.BooleanField(required=False, label=_("Leave bad lines out and take the others"))

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(_("The file is too large."))
        return file

    def upload(self) -> Upload:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        return Upload(file.name or "file", file.read())

    def wishes(self) -> Wishes:
        given = self.cleaned_data
        return Wishes(Columns(groups=_lines(given["group"])), given["values"], given["skip_bad_lines"])


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


class CalibrationForm(forms.Form):
    """`columns`: the groups that the pool's files have, by column."""

    scale = forms.ChoiceField(
        label=_("Scale"),
        choices=[
            (LINK, _("the pool’s: all its questions together hold it")),
            (
                ANCHORS,
                _("the pool’s: only the questions named below are estimated, or all without parameters"),
            ),
            (OWN, _("a new one: the parameters of the pool were only guesses")),
        ],
        widget=forms.RadioSelect,
        initial=LINK,
    )
    estimate = forms.CharField(
        required=False,
        max_length=100_000,
        label=_("Questions to estimate, an id a line"),
        help_text=_("Where only these are estimated; empty: all without parameters."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    model = forms.ChoiceField(
        required=False,
        label=_("Model"),
        choices=[("", _("each question’s own")), *((name, name) for name in MODELS)],
    )
    groups = forms.ChoiceField(
        label=_("Populations"),
        choices=[_ONE, (FILE, _("by the first column of groups that each file has")), _BY_SOURCE],
    )
    delivered = forms.BooleanField(required=False, initial=True, label=_("Take delivered tests, too"))
    since = forms.DateField(
        required=False,
        label=_("Of delivered tests only those that were over from this day on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(
        self, *args: Any, columns: Mapping[str, Sequence[str]] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._columns = list(columns or {})
        for number, (column, groups) in enumerate((columns or {}).items()):
            self.fields[f"dif_{number}"] = _difference(column, groups)
        if len(self._columns) > 1:
            populations = self.fields["groups"]
            assert isinstance(populations, forms.ChoiceField)
            by_columns = [
                (f"{FILE}_{number}", format_lazy(_("by the column {column} of the files"), column=column))
                for number, column in enumerate(self._columns)
            ]
            populations.choices = [_ONE, *by_columns, _BY_SOURCE]

    @property
    def differences(self) -> list[forms.BoundField]:
        """A field a column of groups."""
        return [self[f"dif_{number}"] for number in range(len(self._columns))]

    def _compared(self) -> tuple[Compared, ...]:
        told = (self.cleaned_data[f"dif_{number}"] for number in range(len(self._columns)))
        return tuple(
            Compared(column, choice.removeprefix(AGAINST))
            for column, choice in zip(self._columns, told, strict=True)
            if choice
        )

    def asked(self) -> Asked:
        given = self.cleaned_data
        groups, _no, number = given["groups"].partition("_")
        since = given["since"]
        return Asked(
            delivered=given["delivered"],
            since=None if since is None else timezone.make_aware(datetime.combine(since, time.min)),
            model=given["model"],
            scale=given["scale"],
            estimate=_lines(given["estimate"]) if given["scale"] == ANCHORS else (),
            groups=groups,
            column=self._columns[int(number)] if number else "",
            dif=self._compared(),
        )


def _difference(column: str, groups: Sequence[str]) -> forms.ChoiceField:
    """Whether DIF is looked at between these groups, and against which."""
    return forms.ChoiceField(
        required=False,
        label=format_lazy(_("Do questions treat groups differently, by {column}?"), column=column),
        choices=[
            ("", _("do not look")),
            (AGAINST, _("look, against the largest group")),
            *((f"{AGAINST}{each}", format_lazy(_("look, against {group}"), group=each)) for each in groups),
        ],
        initial=AGAINST,
    )


def wanted_in(query: QueryDict) -> dict[str, Any]:
    """What a link to the form fills in: `?question=ID&question=ID&since=2026-03-10`, the other questions as
    anchors."""
    questions = query.getlist("question")
    if not questions:
        return {}
    try:
        since = parse_date(query.get("since", ""))
    except ValueError:
        since = None
    return {"scale": ANCHORS, "estimate": "\n".join(questions), "since": since}
