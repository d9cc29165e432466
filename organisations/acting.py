"""For which organisation this thread acts now, and for whom of its people. Every query of an owned model asks
(`owned`).

A request acts for the organisation of whoever sent it, and for nobody's until that is known. Tasks and
commands, and accounts that stand outside of all organisations, act for all. Where a person acts who finds
their own alone (`Person`), queries leave out what colleagues keep to themselves (`sharing`).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import NamedTuple

NOBODY = 0  # the primary key of no organisation
Acting = int | None  # None: for all


class Person(NamedTuple):
    """Somebody who logs in: what is made becomes theirs. Who does not see all finds what is their own or was
    shared with them."""

    account: int
    sees_all: bool


_acting: ContextVar["Acting | Callable[[], Acting]"] = ContextVar("acting organisation", default=None)

_person: ContextVar["Person | Callable[[], Person | None] | None"] = ContextVar("acting person", default=None)


def acting_organisation() -> Acting:
    """The primary key of the organisation; `NOBODY`: nothing is found; None: all is."""
    acting = _acting.get()
    if callable(acting):
        acting = acting()
        _acting.set(acting)
    return acting


def acting_person() -> Person | None:
    """None: a program, a task or a command, which finds all of the organisation."""
    person = _person.get()
    if callable(person):
        person = person()
        _person.set(person)
    return person


def sees_own_alone() -> bool:
    """Whether queries leave out what colleagues keep to themselves."""
    person = acting_person()
    return person is not None and not person.sees_all


def act_for(organisation: Acting, person: Person | None = None) -> None:
    """Until the end of the request, for whoever has proved who they are."""
    _acting.set(organisation)
    _person.set(person)


@contextmanager
def acting_for(
    organisation: "Acting | Callable[[], Acting]",
    person: "Person | Callable[[], Person | None] | None" = None,
) -> Iterator[None]:
    """For this organisation inside, and for who it was afterwards. A function is called when first asked."""
    before, whose = _acting.set(organisation), _person.set(person)
    try:
        yield
    finally:
        _acting.reset(before)
        _person.reset(whose)


def for_all() -> AbstractContextManager[None]:
    """Rows of all organisations inside: where a signature or a session's own token says whose they are."""
    return acting_for(None)


def below_what_was_found() -> AbstractContextManager[None]:
    """Rows of all organisations inside, of them what the person sees: for rows below one that was found as
    ours. They are ours too, and an index by that one is enough."""
    return acting_for(None, acting_person())


def for_all_of_ours() -> AbstractContextManager[None]:
    """All rows of the acting organisation inside, whoever's: names that are taken, say."""
    return acting_for(acting_organisation())
