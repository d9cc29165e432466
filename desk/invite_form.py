"""The form by which more students are invited: names, a pasted table, or a file."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions_app.administration.classes.tables import MOST_BYTES, StudentList, pasted

LONGEST_LIST = 60_000  # characters; a longer list comes as a file


class InviteForm(forms.Form):
    names = forms.CharField(
        required=False,
        max_length=LONGEST_LIST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        label=gettext_lazy("Names, one a line"),
        help_text=gettext_lazy(
            "Or a table with a first line such as student_id, name, email, pasted from a spreadsheet."
        ),
    )
    file = forms.FileField(
        required=False,
        label=gettext_lazy("Or a file: CSV or XLSX"),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.xlsx,text/csv"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool((cleaned.get("names") or "").strip()) == bool(cleaned.get("file")) and not self.errors:
            self.add_error("names", _("Type names, or choose a file."))
        return cleaned

    def students(self) -> StudentList:
        """No more of a file than a list may have, and one byte, which is then too many."""
        if file := self.cleaned_data["file"]:
            return StudentList(file.read(MOST_BYTES + 1))
        return pasted(self.cleaned_data["names"])
