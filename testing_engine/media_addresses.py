"""Where pictures and sounds are: each below its folder, under the hash of its content."""

import re
from collections.abc import Callable, Collection
from typing import TypeVar

from testing_engine.models import QuestionImage, QuestionSound

Medium = TypeVar("Medium", QuestionImage, QuestionSound)
_HASH = re.compile(r"[0-9a-f]{64}")


def hash_in(address: str) -> str:
    """What an address names a medium by; of another address, whatever stands there."""
    return address.rpartition("/")[2].partition(".")[0]


def missing(addresses: Collection[str], model: type[Medium], address_of: Callable[[Medium], str]) -> set[str]:
    """Those of these addresses at which there is no medium of this kind."""
    named = [found for address in addresses if _HASH.fullmatch(found := hash_in(address))]
    stored = model._default_manager.filter(pk__in=named).defer("content")
    return set(addresses) - {address_of(medium) for medium in stored}
