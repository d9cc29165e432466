"""A test in somebody else's page, and the way back there: for origins that the operator lists alone."""

from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings

from sessions_app.lti.frames import origin_of

LONGEST = 2000


class Embedding(NamedTuple):
    """`origin`: whose pages show the test; `back`: where its student goes when it is over. Empty: none."""

    origin: str
    back: str


def embedding_of(query: Mapping[str, str]) -> Embedding:
    """What the address of a test asks for, as far as the operator allows it."""
    origin, back = query.get("embed", ""), query.get("return", "")
    return Embedding(
        origin=origin if origin in settings.EMBED_ORIGINS else "",
        back=back if len(back) <= LONGEST and _is_listed(back) else "",
    )


def _is_listed(address: str) -> bool:
    try:
        return origin_of(address) in settings.EMBED_ORIGINS
    except ValueError:
        return False
