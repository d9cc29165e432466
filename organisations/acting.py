"""For which organisation this thread acts now. Every query of an owned model asks (`owned`).

A request acts for the organisation of whoever sent it, and for nobody's until that is known. Tasks and
commands, and accounts that stand outside of all organisations, act for all.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

NOBODY = 0  # the primary key of no organisation
Acting = int | None  # None: for all

_acting: ContextVar["Acting | Callable[[], Acting]"] = ContextVar("acting organisation", default=None)


def acting_organisation() -> Acting:
    """The primary key of the organisation; `NOBODY`: nothing is found; None: all is."""
    acting = _acting.get()
    if callable(acting):
        acting = acting()
        _acting.set(acting)
    return acting


def act_for(organisation: Acting) -> None:
    """Until the end of the request, for whoever has proved who they are."""
    _acting.set(organisation)


@contextmanager
def acting_for(organisation: "Acting | Callable[[], Acting]") -> Iterator[None]:
    """For this organisation inside, and for who it was afterwards. A function is called when first asked."""
    before = _acting.set(organisation)
    try:
        yield
    finally:
        _acting.reset(before)


def for_all() -> AbstractContextManager[None]:
    """Rows of all organisations inside: where a signature or a session's own token says whose they are."""
    return acting_for(None)
