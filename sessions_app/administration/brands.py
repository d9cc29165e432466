"""What an organisation says of itself, and shows to its students and members: its owner changes it."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction

from organisations.models import LANGUAGES, LONGEST_LEVEL, MOST_LEVELS, Organisation
from sessions_app.sitting.access import Caller, session_for
from testing_engine.images import ImageRefused, address_of, store_image
from testing_engine.models import QuestionImage
from testing_engine.sentences import say

__all__ = ["LANGUAGES", "LONGEST_LEVEL", "MOST_LEVELS", "ImageRefused"]  # for the page, with what is below

LOGO_BYTES, LOGO_PIXELS = 512 * 1024, 1024  # and pixels a side
FIRST_NAME = "Default"  # of the organisation that is there from the start, until somebody names it


@dataclass(frozen=True)
class Brand:
    """`name`: "" where nobody gave one. `logo`: its address on this host, or "". `colour`: as #2f6fed, or
    "". `language`: in which its people read who chose none; "": their browser's."""

    name: str
    logo: str
    colour: str
    language: str

    @property
    def style(self) -> str:
        """The address of the style sheet with its colour; "" for the service's own."""
        return f"/take/brand/{self.colour.removeprefix('#')}.css" if self.colour else ""


@dataclass(frozen=True)
class Described:
    """What its owner may change."""

    name: str
    language: str
    time_zone: str
    level_names: tuple[str, ...]
    colour: str


class OrganisationRefused(Exception):
    """Nothing was changed. `problems`: (field, why)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = problems


def brand_of(organisation: Organisation) -> Brand:
    name = "" if organisation.name == FIRST_NAME else organisation.name
    language = "" if organisation.language == "en" else organisation.language
    return Brand(name, _address(organisation.logo), organisation.colour, language)


def brand_of_session(session_id: UUID, caller: Caller) -> Brand:
    """Of the organisation whose test it is, where the caller may see that. Raises `SessionNotFound`."""
    return brand_with(session_for(session_id, caller, None).organisation_id)


def brand_with(organisation_id: int | None) -> Brand:
    """Of the organisation with that key."""
    assert organisation_id is not None  # every row has one
    return brand_of(Organisation.objects.get(pk=organisation_id))


@lru_cache(maxsize=1024)
def _address(logo: str) -> str:
    """A picture never changes, and stays."""
    image = QuestionImage.objects.filter(pk=logo).defer("content").first() if logo else None
    return "" if image is None else address_of(image)


def logo_of(organisation: Organisation) -> bytes:
    """The picture itself; empty where there is none."""
    image = QuestionImage.objects.filter(pk=organisation.logo).first() if organisation.logo else None
    return b"" if image is None else bytes(image.content)


def described(organisation_id: int) -> Described:
    """As it is now."""
    own = Organisation.objects.get(pk=organisation_id)
    return Described(own.name, own.language, own.time_zone, tuple(own.level_names), own.colour)


def time_zones() -> list[str]:
    """Those of the world, and not names that others are known by."""
    of_places = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    return ["UTC", *sorted(of_places)]


def change(organisation_id: int, said: Described, logo: bytes | None, *, drops_logo: bool = False) -> None:
    """The organisation is so from now on. `logo`: a picture in place of the one there is; None: that stays.
    Safe to repeat. Raises `OrganisationRefused` and `ImageRefused`."""
    with transaction.atomic():
        own = Organisation.objects.select_for_update().get(pk=organisation_id)
        own.name, own.language, own.time_zone = said.name, said.language, said.time_zone
        own.level_names, own.colour = list(said.level_names), said.colour
        try:
            own.full_clean(exclude=["slug", "logo"])
        except ValidationError as error:
            problems = [(field, str(why)) for field, some in error.message_dict.items() for why in some]
            raise OrganisationRefused(problems) from error
        if drops_logo:
            own.logo = ""
        if logo is not None:
            own.logo = _stored(logo)
        own.save(update_fields=["name", "language", "time_zone", "level_names", "colour", "logo"])


def _stored(logo: bytes) -> str:
    """The picture made anew, as all pictures are: no SVG, which can hold scripts."""
    if len(logo) > LOGO_BYTES:
        raise ImageRefused(say("The logo is larger than {most} KiB.", most=LOGO_BYTES // 1024))
    image = store_image(logo)
    if max(image.width, image.height) > LOGO_PIXELS:
        raise ImageRefused(say("The logo is wider or higher than {most} pixels.", most=LOGO_PIXELS))
    return image.sha256
