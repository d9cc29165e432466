"""The form of an import: a file or a pasted text, and what whoever brings it says of it."""

import hashlib
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from desk.forms import NameField, NamesField
from testing_engine.importing import Wishes
from testing_engine.interchange.imported import Upload
from testing_engine.interchange.questions import POOL_NAME
from testing_engine.interchange.readers import READERS

MOST_TEXT = 2_000_000  # characters that may be pasted
PASTED = "pasted.txt"
AT_ONCE = 256 * 1024  # bytes of a file for which nobody need wait long; a worker reads what is larger
WORDS = {
    "json": "JSON",
    "csv": "CSV, TSV",
    "xlsx": "XLSX",
    "moodle_xml": "Moodle XML",
    "gift": "GIFT",
    "aiken": "Aiken",
    "qti": "QTI 2.1, 2.2, 3.0",
    "qti12": "QTI 1.2 (Canvas, Common Cartridge)",
}


class ImportForm(forms.Form):
    """`pool_id` is drawn when the page is shown, so that sending it twice makes one pool."""

    pool_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    file = forms.FileField(
        required=False,
        label=_("File"),
        help_text=_("QTI, Canvas, Moodle XML, GIFT, Aiken, a table (CSV, XLSX) or a pool of this service."),
    )
    text = forms.CharField(
        required=False,
        max_length=MOST_TEXT,
        strip=False,
        label=_("Or paste the questions"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "code"}),
    )
    format = forms.ChoiceField(
        required=False,
        label=_("Format"),
        choices=lambda: [
            ("", _("found by its content")),
            *((name, WORDS.get(name, name)) for name in READERS),
        ],
    )
    name = NameField(
        required=False,
        max_length=POOL_NAME,
        label=_("Name of the pool"),
        help_text=_("Empty: the file’s own."),
    )
    apart = forms.BooleanField(
        required=False,
        label=_("Make a question of each part"),
        help_text=_(
            "A question of several blanks or parts becomes a set whose questions are scored one by one. Else "
            "it is one question with part marks."
        ),
    )
    into = forms.UUIDField(required=False, widget=forms.HiddenInput)  # the pool that gets the questions
    concept_names = NamesField(
        required=False,
        most=settings.POOL_MAX_CONCEPTS,
        label=_("What the questions measure"),
        help_text=_(
            "Empty: what the file says, or one thing. Of several, one a line, a question measures the one "
            "that its area is called by."
        ),
    )

    def clean_file(self) -> "UploadedFile[Any] | None":
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(_("The file is too large."))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("text", "").strip() and cleaned.get("file") is None:
            self.add_error("file", _("Choose a file or paste questions."))
        return cleaned

    def upload(self) -> Upload:
        """The file where there is one, else what was pasted."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None:
            return Upload(file.name or "file", file.read())
        return Upload(PASTED, str(self.cleaned_data["text"]).encode())

    def wishes(self, *, dry_run: bool) -> Wishes:
        given = self.cleaned_data
        return Wishes(
            format=given["format"] or None,
            name=given["name"] or None,
            concept_names=tuple(given["concept_names"]),
            dry_run=dry_run,
            pool_id=None if dry_run else given["pool_id"],
            into=given["into"],
            apart=given["apart"],
        )

    def seen(self, upload: Upload) -> str:
        """What a report was made of: the file, and what is said of it."""
        given = self.cleaned_data
        fields = ("format", "name", "concept_names", "into", "apart")
        told = repr((upload.name, *(given[name] for name in fields)))
        return hashlib.sha256(upload.content + told.encode()).hexdigest()
