"""In which language the sentences of a result come: the first of Accept-Language that there is."""

from functools import cache
from pathlib import Path

from django.utils import translation
from rest_framework.request import Request

import sessions_app

WRITTEN_IN = "en"
LOCALE = Path(sessions_app.__file__).resolve().parent / "locale"


@cache
def languages() -> frozenset[str]:
    translated = (path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/django.mo"))
    return frozenset({WRITTEN_IN, *map(translation.to_language, translated)})


def language_of(request: Request) -> str:
    for accepted in request.headers.get("Accept-Language", "").split(","):
        code = accepted.partition(";")[0].strip().lower()
        for known in (code, code.partition("-")[0]):
            if known in languages():
                return known
    return WRITTEN_IN
