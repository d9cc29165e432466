"""Pools as people find them: the list, one of them, a new one, a copy, the archive."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from organisations import sharing
from organisations.sharing import Level
from testing_engine import pools
from testing_engine.interchange.names import problem_of_name
from testing_engine.interchange.questions import POOL_NAME
from testing_engine.keyset import page_of_two
from testing_engine.models import QuestionPool
from testing_engine.sentences import Said, say

PAGE = 30


class PoolUnknown(LookupError):
    """There is no such pool."""


@dataclass(frozen=True)
class PoolCard:
    """What is said of a pool in a list. `changed_at`: when its newest revision was published."""

    id: uuid.UUID
    name: str
    concept_names: tuple[str, ...]
    questions: int
    is_default: bool
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None
    concept_count: int
    made_by: str


@dataclass(frozen=True)
class PoolPage:
    """A page of a list: one's own pools and what was shared, then others'. `begins`: the others begin here.
    `following`: what asks for the next page; "" where there is none."""

    mine: tuple[PoolCard, ...]
    others: tuple[PoolCard, ...]
    begins: bool
    following: str

    @property
    def cards(self) -> tuple[PoolCard, ...]:
        return self.mine + self.others


def find_pools(search: str = "", *, archived: bool = False, after: str = "") -> PoolPage:
    """Pools, one's own and the newest first, `PAGE` a page; `after` is the `following` of the page before."""
    found = _cards().filter(archived_at__isnull=not archived)
    if words := search.replace("\x00", "").strip():
        found = found.filter(name__icontains=words)
    mine, others = sharing.mine_and_others(found.order_by("-created_at", "id"))
    page = page_of_two(mine, others, PAGE, after=after)
    return PoolPage(tuple(map(_card, page.first)), tuple(map(_card, page.second)), page.begins, page.after)


def level_on(pool_id: uuid.UUID) -> Level | None:
    """What whoever acts may with it, where their permissions allow it; None where they find no such pool."""
    pool = QuestionPool.objects.filter(pk=pool_id).first()
    return None if pool is None else sharing.level_of(pool)


def level_called(pool_id: str) -> Level | None:
    """The same by its id as an address has it."""
    try:
        return level_on(uuid.UUID(pool_id))
    except ValueError:
        return None


def _cards() -> QuerySet[QuestionPool]:
    return QuestionPool.objects.select_related("current_revision", "made_by")


def is_called(name: str) -> bool:
    """Whether a pool that is offered has this name."""
    return QuestionPool.objects.filter(name=name, archived_at=None).exists()


def count_archived() -> int:
    """How many pools are in the archive."""
    return QuestionPool.objects.filter(archived_at__isnull=False).count()


def pool_card(pool_id: uuid.UUID) -> PoolCard:
    """One pool; raises `PoolUnknown`."""
    return _card(pool_of(pool_id))


def new_pool(pool_id: uuid.UUID, name: str, concept_names: tuple[str, ...]) -> PoolCard:
    """A pool without questions. The same id again is the same pool. Raises `ValueError` for a bad name."""
    _check_name(name)
    return _card(pools.begin_pool(pool_id, name, concept_names))


def copy_pool(
    pool_id: uuid.UUID, copy_id: uuid.UUID, name: str, progress: Callable[[int], object] = lambda _: None
) -> PoolCard:
    """A pool of its own with the same questions. The same id again is the same copy. `progress` is told how
    many more were written. Raises `PoolUnknown`.
    """
    _check_name(name)
    return _card(pools.copy_pool(pool_of(pool_id), copy_id, name, progress))


def rename_pool(pool_id: uuid.UUID, name: str) -> PoolCard:
    """Under another name from now on. Raises `PoolUnknown`."""
    _check_name(name)
    return _card(pools.rename_pool(pool_of(pool_id), name))


def archive_pool(pool_id: uuid.UUID, now: datetime) -> PoolCard:
    """Not offered any more; tests that draw from it go on. Safe to repeat. Raises `PoolUnknown`."""
    return _card(pools.archive_pool(pool_of(pool_id), now))


def restore_pool(pool_id: uuid.UUID) -> PoolCard:
    """Offered again. Safe to repeat. Raises `PoolUnknown`."""
    return _card(pools.restore_pool(pool_of(pool_id)))


def _check_name(name: str) -> None:
    if problem := problem_of_name(name, POOL_NAME):
        raise Said(say("The name {problem}.", problem=problem))


def concepts_of(pool: PoolCard | QuestionPool) -> tuple[str, ...]:
    """Their names; numbers where each test names them."""
    return tuple(pool.concept_names) or tuple(str(index + 1) for index in range(pool.concept_count))


def pool_of(pool_id: uuid.UUID) -> QuestionPool:
    """The pool's row, with its newest revision. Raises `PoolUnknown`."""
    pool = _cards().filter(pk=pool_id).first()
    if pool is None:
        raise PoolUnknown
    return pool


def _card(pool: QuestionPool) -> PoolCard:
    revision = pool.current_revision
    return PoolCard(
        id=pool.pk,
        name=str(pool),
        concept_names=tuple(pool.concept_names),
        questions=revision.question_count if revision else 0,
        is_default=pool.is_default,
        created_at=pool.created_at,
        changed_at=revision.created_at if revision else pool.created_at,
        archived_at=pool.archived_at,
        concept_count=pool.concept_count,
        made_by=sharing.maker_of(pool),
    )
