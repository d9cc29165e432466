"""Who is asked before a revision becomes a pool's newest: wings above, which may refuse it.

Every way to a revision ends where `publication` stores it, and that asks here. Whoever publishes says in
whose name it is, and why it goes on all the same where something is refused without a reason.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from testing_engine.models import PoolRevision, QuestionPool

LONGEST_REASON = 2000
OVERRIDE = (
    "Why it is published although the pool's requirements are not met (docs/SIMULATION.md); it is kept."
)

# Pool, primary keys of the coming revision's questions, in order → what to do once it is there. Raises to
# refuse.
Look: TypeAlias = "Callable[[QuestionPool, Sequence[int]], Callable[[PoolRevision], object] | None]"


class PublicationRefused(Exception):
    """The revision may not become the newest like this. `shortfalls`: why, in sentences."""

    shortfalls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hand:
    """In whose name something is published. `is_looked_at`: what is published was judged already; `tell`
    hears which share of a look is done, and may break it off by raising; `waits`: somebody does, so that
    others look first where it takes long."""

    by_id: int | None = None
    override_reason: str = ""
    is_looked_at: bool = False
    tell: Callable[[float], None] = lambda _: None
    waits: bool = False


_NOBODY = Hand()
_hand: ContextVar[Hand] = ContextVar("hand", default=_NOBODY)
_looks: list[Look] = []


def ask_first(look: Look) -> None:
    """From now on it is asked before every revision. Safe to repeat."""
    if look not in _looks:
        _looks.append(look)


def asked(pool: "QuestionPool", keys: Sequence[int]) -> "list[Callable[[PoolRevision], object]]":
    """What is to be done once the revision is there. Raises what a look raises."""
    answers = [look(pool, keys) for look in _looks]
    return [answer for answer in answers if answer is not None]


def hand() -> Hand:
    """Whose it is now."""
    return _hand.get()


@contextmanager
def in_the_name_of(
    by_id: int | None,
    override_reason: str = "",
    tell: Callable[[float], None] = lambda _: None,
    *,
    waits: bool = False,
) -> Iterator[None]:
    """What is published inside is this account's, and goes on for this reason where something falls short."""
    reason = override_reason.replace("\x00", "").strip()[:LONGEST_REASON]
    token = _hand.set(Hand(by_id, reason, tell=tell, waits=waits))
    try:
        yield
    finally:
        _hand.reset(token)


@contextmanager
def looked_at() -> Iterator[None]:
    """What is published inside was judged already."""
    token = _hand.set(replace(_hand.get(), is_looked_at=True))
    try:
        yield
    finally:
        _hand.reset(token)
