"""Where the desk's pages are: the sections of every page, and the tabs of a pool's.

A new page of a pool is a line in `POOL_TABS`, an address in `urls.py` and a view (docs/DESK.md). A pool has
tabs in two sections: where its questions are written, and where they are measured; the last tab of each leads
to the other. A test's tabs are `TEST_TABS`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk.rights import (
    CHANGE_TESTS,
    COPY_POOLS,
    ENTER,
    EXPORT_POOLS,
    INVITE,
    MAKE_POOLS,
    SEE_POOLS,
    SEE_SESSIONS,
    SEE_TESTS,
    TEACH,
    Right,
)
from organisations.sharing import Level


@dataclass(frozen=True)
class Place:
    """A page that others link to. `key`: what its own template calls itself by; `url`: the address's name;
    `section`: of a pool's tab, the section that it is in."""

    key: str
    title: str | Promise
    url: str
    right: Right
    section: str = "questions"


@dataclass(frozen=True)
class Link:
    """A place as it is drawn for somebody, here."""

    key: str
    title: str | Promise
    address: str
    is_here: bool


SECTIONS: Sequence[Place] = (
    Place("home", _("Start"), "desk:home", ENTER),
    Place("tests", _("Tests"), "desk:tests", SEE_TESTS),
    Place("questions", _("Questions"), "desk:pools", SEE_POOLS),
    Place("measure", _("Measure"), "desk:measure", SEE_POOLS),
    Place("classes", _("Classes"), "desk:classes", TEACH),
)

CLASS_TABS: Sequence[Place] = (
    Place("students", _("Students"), "desk:class", TEACH, "classes"),
    Place("tests", _("Tests"), "desk:class_tests", TEACH, "classes"),
    Place("settings", _("Settings"), "desk:class_settings", TEACH, "classes"),
)

POOL_TABS: Sequence[Place] = (
    Place("questions", _("Questions"), "desk:pool", SEE_POOLS),
    Place("table", _("Table"), "desk:question_table", SEE_POOLS),
    Place("export", _("Export"), "desk:pool_export", EXPORT_POOLS),
    Place("settings", _("Settings"), "desk:pool_settings", COPY_POOLS),
    Place("sharing", _("Sharing"), "desk:pool_sharing", MAKE_POOLS),
    Place("to_measure", _("Measure"), "desk:pool_information", SEE_POOLS),
    Place("information", _("Information"), "desk:pool_information", SEE_POOLS, "measure"),
    Place("items", _("Items"), "desk:items", SEE_POOLS, "measure"),
    Place("parameters", _("Parameters"), "desk:pool_parameters", MAKE_POOLS, "measure"),
    Place("calibrate", _("Calibrate"), "desk:calibrate", MAKE_POOLS, "measure"),
    Place("simulate", _("Simulate"), "desk:simulate", MAKE_POOLS, "measure"),
    Place("watch", _("Watch"), "desk:watch", MAKE_POOLS, "measure"),
    Place("exposure", _("Exposure"), "desk:pool_exposure", SEE_POOLS, "measure"),
    Place("results", _("Results"), "desk:pool_results", SEE_SESSIONS, "measure"),
    Place("scale", _("Scale"), "desk:pool_scale", MAKE_POOLS, "measure"),
    Place("to_questions", _("Questions"), "desk:pool", SEE_POOLS, "measure"),
)

TEST_TABS: Sequence[Place] = (
    Place("overview", _("Overview"), "desk:test", SEE_TESTS, "tests"),
    Place("students", _("Students"), "desk:test_students", INVITE, "tests"),
    Place("live", _("Live"), "desk:live", SEE_SESSIONS, "tests"),
    Place("results", _("Results"), "desk:test_results", TEACH, "tests"),
    Place("settings", _("Settings"), "desk:test_what", CHANGE_TESTS, "tests"),
    Place("sharing", _("Sharing"), "desk:test_sharing", CHANGE_TESTS, "tests"),
)


def sections(request: HttpRequest, here: str = "") -> list[Link]:
    """The sections that this user may enter; `here` is the key of the one that the page is in, if its address
    does not tell."""
    links = []
    for place in SECTIONS:
        if place.right.is_held_by(request.user):
            address = reverse(place.url)
            home = reverse("desk:home")
            is_here = request.path == home if address == home else request.path.startswith(address)
            links.append(Link(place.key, place.title, address, place.key == here if here else is_here))
    return links


def section_of(tab: str) -> str:
    """The section that a tab of a pool's page is in."""
    return next(place.section for place in POOL_TABS if place.key == tab)


def class_tabs(request: HttpRequest, class_id: UUID, here: str) -> list[Link]:
    """The tabs of a class that this user may open; `here` is the key of the one that is open."""
    return _tabs(request, CLASS_TABS, class_id, here)


def pool_tabs(request: HttpRequest, pool_id: UUID, here: str) -> list[Link]:
    """The tabs beside this one that this user may open; `here` is the key of the one that is open."""
    section = section_of(here)
    return _tabs(request, (place for place in POOL_TABS if place.section == section), pool_id, here)


def test_tabs(request: HttpRequest, test_id: int, here: str) -> list[Link]:
    """The same of a test."""
    return _tabs(request, TEST_TABS, test_id, here)


def _tabs(request: HttpRequest, places: Iterable[Place], owner: UUID | int, here: str) -> list[Link]:
    of, level = getattr(request, "shared", ("", Level.OWN))
    return [
        Link(place.key, place.title, reverse(place.url, args=[owner]), place.key == here)
        for place in places
        if place.right.is_held_by(request.user) and place.right.reaches(level, of)
    ]
