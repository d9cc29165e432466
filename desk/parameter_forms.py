"""The form of a table of item parameters: the table, and how it is read."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from testing_engine.parameters import Reading

CHOICE = "choice-"
MOST_TEXT = 2_000_000  # characters of a pasted table


class TableForm(forms.Form):
    table = forms.CharField(
        required=False,
        max_length=MOST_TEXT,
        strip=False,
        label=_("Paste the table"),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "code"}),
        help_text=_("As R prints it, or from a spreadsheet. The first row names the columns."),
    )
    file = forms.FileField(required=False, label=_("Or choose a file (CSV, TSV, XLSX or text)"))

    def clean_file(self) -> "UploadedFile[Any] | None":
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > settings.POOL_UPLOAD_MAX_BYTES:
            raise forms.ValidationError(_("The file is too large."))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("table", "").strip() and cleaned.get("file") is None:
            self.add_error("table", _("Paste a table or choose a file."))
        return cleaned

    def content(self) -> bytes:
        """The file where there is one, else what was pasted."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        return file.read() if file is not None else str(self.cleaned_data["table"]).encode()


@dataclass(frozen=True)
class Asked:
    """What the page was sent: how the table is read, and whether that is to be published."""

    reading: Reading
    revision: int | None
    seen: str  # what was read when the curves were drawn
    wants_publication: bool


def asked_of(data: QueryDict) -> Asked:
    """Choices of another candidate than the one that is chosen are left out."""
    source = data.get("source", "")
    prefix = f"{CHOICE}{source}-"
    choices = {
        name.removeprefix(prefix): value
        for name, value in data.items()
        if source and name.startswith(prefix) and isinstance(value, str) and value
    }
    number = data.get("revision", "")
    revision = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None
    reading = Reading(source, choices, data.get("id_column", ""))
    return Asked(reading, revision, data.get("seen", ""), data.get("do") == "publish")
