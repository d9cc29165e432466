"""Where the desk's pages are: the sections of every page, and the tabs of a pool's.

A new page of a pool is a line in `POOL_TABS`, an address in `urls.py` and a view (docs/DESK.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk.rights import ENTER, EXPORT_POOLS, MAKE_POOLS, SEE_POOLS, Right


@dataclass(frozen=True)
class Place:
    """A page that others link to. `key`: what its own template calls itself by; `url`: the address's name."""

    key: str
    title: str | Promise
    url: str
    right: Right


@dataclass(frozen=True)
class Link:
    """A place as it is drawn for somebody, here."""

    key: str
    title: str | Promise
    address: str
    is_here: bool


SECTIONS: Sequence[Place] = (
    Place("home", _("Start"), "desk:home", ENTER),
    Place("questions", _("Questions"), "desk:pools", SEE_POOLS),
)

POOL_TABS: Sequence[Place] = (
    Place("questions", _("Questions"), "desk:pool", SEE_POOLS),
    Place("table", _("Table"), "desk:question_table", SEE_POOLS),
    Place("parameters", _("Parameters"), "desk:pool_parameters", MAKE_POOLS),
    Place("calibrate", _("Calibrate"), "desk:calibrate", MAKE_POOLS),
    Place("simulate", _("Simulate"), "desk:simulate", MAKE_POOLS),
    Place("export", _("Export"), "desk:pool_export", EXPORT_POOLS),
    Place("settings", _("Settings"), "desk:pool_settings", MAKE_POOLS),
)


def sections(request: HttpRequest) -> list[Link]:
    """The sections that this user may enter."""
    links = []
    for place in SECTIONS:
        if place.right.is_held_by(request.user):
            address = reverse(place.url)
            home = reverse("desk:home")
            is_here = request.path == home if address == home else request.path.startswith(address)
            links.append(Link(place.key, place.title, address, is_here))
    return links


def pool_tabs(request: HttpRequest, pool_id: UUID, here: str) -> list[Link]:
    """The tabs of a pool's page that this user may open; `here` is the key of the one that is open."""
    return [
        Link(place.key, place.title, reverse(place.url, args=[pool_id]), place.key == here)
        for place in POOL_TABS
        if place.right.is_held_by(request.user)
    ]
