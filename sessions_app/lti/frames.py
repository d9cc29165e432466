"""Which pages may stand in a frame, and whose: origins that a platform's registration lists, no others."""

from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from organisations.acting import for_all
from sessions_app.models import LtiRegistration

ANYBODY = "*"  # for pages with nothing to click but a way out of the frame


def may_be_framed(response: HttpResponse, origins: list[str]) -> HttpResponse:
    """The same reply, which pages of these origins may show in a frame."""
    response._csp_replace = {"frame-ancestors": origins}  # type: ignore[attr-defined]  # django-csp reads it
    response.xframe_options_exempt = True
    return response


def origins_of(registration_id: str) -> list[str]:
    """Of an active registration; none where there is no such."""
    try:
        pk = UUID(registration_id)
    except ValueError:
        return []
    with for_all():  # a page is asked for before anybody has proved who they are
        found = LtiRegistration.objects.filter(pk=pk, is_active=True)
        return list(found.values_list("frame_ancestors", flat=True).first() or [])


def origin_of(address: str) -> str:
    """https://school.example of an address there."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def problem_of_origin(origin: str) -> str | None:
    """What is wrong with an origin that somebody lists, as the end of a sentence."""
    try:
        parts = urlsplit(origin)
        is_origin = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_origin = False
    if not is_origin or origin != origin_of(origin) or any(sign in origin for sign in " ;,'\"*@"):
        return "is no origin: https://school.example, without a path"
    return None


def is_in_frame(request: HttpRequest) -> bool:
    """By what browsers say of every request; one that does not say is taken to show a page of its own."""
    return request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")
