"""Fields of the admin's forms that give back what they were given, bit for bit, where nobody changed them."""

import re
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from testing_engine.interchange.tables import number_in

BETWEEN = "----"  # a line of its own between texts that have lines themselves


def _lines(text: str) -> str:
    """Browsers send CR LF for every line end, whatever was there."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TextField(forms.CharField):
    """A text of several lines, kept as it is: blanks at its ends, too."""

    def __init__(self, rows: int = 4, **options: Any) -> None:
        super().__init__(strip=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}), **options)

    def to_python(self, value: Any) -> Any:
        return _lines(super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(str(initial or "")) != _lines(str(data or ""))


class LinesField(forms.CharField):
    """A list of texts, one a line; where a text has lines itself, `BETWEEN` stands between the texts.

    `is_names`: blanks around each mean nothing.
    """

    def __init__(self, *, is_names: bool = False, **options: Any) -> None:
        self.is_names = is_names
        super().__init__(
            strip=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "wrap": "off"}), **options
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        has_lines = any(re.search(r"[\r\n]", text) or not text.strip() for text in value)
        return (
            f"\n{BETWEEN}\n".join([*value, ""] if len(value) == 1 else value)
            if has_lines
            else "\n".join(value)
        )

    def to_python(self, value: Any) -> Any:
        lines = _lines(value or "").split("\n")
        if BETWEEN in (line.strip() for line in lines):
            texts = re.split(rf"\n?^[ ]*{BETWEEN}[ ]*$\n?", "\n".join(lines), flags=re.MULTILINE)
        else:
            texts = lines
        if self.is_names:
            texts = [text.strip() for text in texts]
        return [text for text in texts if text.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(self.prepare_value(initial) or "") != _lines(data or "")


class NumbersField(forms.CharField):
    """A list of numbers on one line, separated by commas, or by semicolons.

    A comma between two digits, without a blank and without any decimal point beside it, may be a decimal
    comma: it is asked about, not guessed.
    """

    def __init__(self, whole: bool = False, **options: Any) -> None:
        self.is_whole = whole
        super().__init__(widget=UnfoldAdminTextInputWidget(), **options)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return list(value)
        text = (value or "").strip()
        if not text:
            return []
        separator = ";" if ";" in text else ","
        if not self.is_whole and separator == "," and "." not in text and re.search(r"[0-9],[0-9]", text):
            raise forms.ValidationError(
                "A comma between two digits may be a decimal comma. Write a point for decimals, and a blank "
                "after each comma that separates: 0.5, 1.25; or separate by semicolons."
            )
        return [self._number(part, separator) for part in text.split(separator)]

    def _number(self, part: str, separator: str) -> float | int:
        number = number_in(part, separator)
        if isinstance(number, str) or (self.is_whole and not isinstance(number, int)):
            kind = "whole number" if self.is_whole else "number"
            raise forms.ValidationError(f"“{part.strip()}” is no {kind}.")
        return number if self.is_whole else float(number)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(list(initial or []) != self.to_python(data))
        except forms.ValidationError:
            return True
