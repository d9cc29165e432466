"""The languages in which results are told, and which somebody gets. Another is a file in `locale/`."""

from functools import cache
from pathlib import Path

from django.utils import translation

import sessions_app

WRITTEN_IN = "en"
LOCALE = Path(sessions_app.__file__).resolve().parent / "locale"


@cache
def languages() -> frozenset[str]:
    translated = (path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/django.mo"))
    return frozenset({WRITTEN_IN, *map(translation.to_language, translated)})


def language_in(accepted: str) -> str:
    """The first that there is of a header `Accept-Language`."""
    for each in accepted.split(","):
        code = each.partition(";")[0].strip().lower().replace("_", "-")
        for known in (code, code.partition("-")[0]):
            if known in languages():
                return known
    return WRITTEN_IN
