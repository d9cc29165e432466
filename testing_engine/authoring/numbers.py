"""Numbers as people type and read them, exactly: what is written is read back as the same number."""

import math

from testing_engine.questions.answers import number


def written(value: float) -> str:
    """The shortest text that is this number: 2, 0.5, 1e-09."""
    is_short = float(value).is_integer() and abs(value) < 1e15 and str(value) != "-0.0"
    return str(int(value)) if is_short else repr(float(value))


def read(text: str) -> float | None:
    """A typed number, with point or comma; None where it is none."""
    found = number(text)
    if found is not None:
        return found
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_whole(text: str) -> int | None:
    """A typed whole number from 0; None where it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_list(text: str) -> list[float] | None:
    """Numbers with blanks or semicolons between them; None where one is none."""
    found = [read(part) for part in text.replace(";", " ").split()]
    return None if None in found else [value for value in found if value is not None]


def written_list(values: list[float]) -> str:
    """The same, as a form shows it."""
    return "  ".join(map(written, values))
