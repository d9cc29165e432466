"""Which languages the page speaks, and which of them somebody gets. A further one is a file in `locale/`."""

from functools import cache
from pathlib import Path

from django.http import HttpRequest
from django.utils import translation

LOCALE = Path(__file__).resolve().parent / "locale"
WRITTEN_IN = "en"


@cache
def languages() -> dict[str, str]:
    """Code → its own name for itself, the language that the page is written in first."""
    translated = sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/django.mo"))
    codes = [WRITTEN_IN, *map(translation.to_language, translated)]
    return {code: translation.get_language_info(code)["name_local"] for code in codes}


def is_chosen(request: HttpRequest, cookie: str) -> bool:
    """Whether somebody chose the language here, now or last time."""
    return any(asked in languages() for asked in (request.GET.get("language"), request.COOKIES.get(cookie)))


def chosen_language(request: HttpRequest, cookie: str, usual: str = "") -> str:
    """What was asked for in the address, else last time, else the usual, else what the browser prefers."""
    for asked in (request.GET.get("language"), request.COOKIES.get(cookie), usual):
        if asked in languages():
            return asked
    for accepted in request.headers.get("Accept-Language", "").split(","):
        code = accepted.partition(";")[0].strip().lower()
        for known in (code, code.partition("-")[0]):
            if known in languages():
                return known
    return WRITTEN_IN
