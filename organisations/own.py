"""What the acting organisation says of itself, for the pages of its people."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from organisations.acting import acting_organisation
from organisations.models import Membership, Organisation

# English is what an organisation has that chose none: it leaves the choice to people's browsers.
_NOT_CHOSEN = "en"


def own_organisation(request: HttpRequest) -> Organisation | None:
    """Of whoever logged in; None for who stands outside of all. It asks the database nothing that finding out
    who acts does not.
    """
    if not acting_organisation():
        return None
    membership: Membership | None = getattr(request.user, "membership", None)
    return None if membership is None else membership.organisation


def own_language(request: HttpRequest) -> str:
    """In which its people read where they chose none themselves; "": whichever their browser prefers."""
    own = own_organisation(request)
    return "" if own is None or own.language == _NOT_CHOSEN else own.language


class OwnTimeZone:
    """Moments are shown and typed in the zone of the organisation whose member somebody is, on the pages of
    people who log in (`PAGES_OF_MEMBERS`); else in TIME_ZONE. Stands inside of what tells who logged in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(settings.PAGES_OF_MEMBERS):
            return self.get_response(request)
        own = own_organisation(request)
        with timezone.override(None if own is None else ZoneInfo(own.time_zone)):
            return self.get_response(request)
