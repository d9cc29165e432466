"""Sections: made once from what is posted, and found again."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from sessions_app.cat_api.configuration import FIELD, Asked, Manner, read_section
from sessions_app.cat_api.errors import CatRefused, refuse, unknown
from sessions_app.models import CatSection
from testing_engine import pools
from testing_engine.canonical import hash_of
from testing_engine.models import PoolRevision, QuestionPool
from testing_engine.psychometrics.rules import RulesError
from testing_engine.revisions import FrozenRevision, load_revision

KNOWN = ("qtiMetadata", "qtiUsagedata", FIELD)
NO_SECTION = "There is no such section."


def create_section(
    content: Mapping[str, Any], client_id: int, *, may_make_pools: bool, now: datetime
) -> CatSection:
    """The section with this content, new or found: the same request again is the same section.

    Raises `CatRefused`.
    """
    if strange := [name for name in content if name not in KNOWN]:
        raise CatRefused((name, f"is unknown; there are {', '.join(KNOWN)}") for name in strange)
    content_hash = hash_of(content)
    open_ones = CatSection.objects.filter(client_id=client_id, content_hash=content_hash, ended_at=None)
    if (found := open_ones.first()) is not None:
        return found
    asked = read_section(content)
    if asked.draft is not None and not may_make_pools:
        raise refuse(
            f"{FIELD}/pool/items", "makes a pool: this needs an API token with the permission 'author'"
        )
    try:
        with transaction.atomic():
            revision = _revision(asked, content_hash, now)
            _check_rules(asked, load_revision(revision.pk))
            return CatSection.objects.create(
                client_id=client_id,
                content=content,
                content_hash=content_hash,
                revision=revision,
                created_at=now,
            )
    except IntegrityError:  # the same request came twice at once, and the other one was first
        return open_ones.get()


def section_of(identifier: str, client_id: int, *, also_ended: bool = False) -> CatSection:
    """The client's section of that identifier; raises `CatRefused`."""
    try:
        sections = CatSection.objects.filter(pk=UUID(identifier), client_id=client_id)
    except ValueError as error:
        raise unknown(NO_SECTION) from error
    found = (sections if also_ended else sections.filter(ended_at=None)).first()
    if found is None:
        raise unknown(NO_SECTION)
    return found


def end_section(identifier: str, client_id: int, *, now: datetime) -> None:
    """No session begins in it any more; those that run go on. Safe to repeat. Raises `CatRefused`."""
    section = section_of(identifier, client_id, also_ended=True)
    CatSection.objects.filter(pk=section.pk, ended_at=None).update(ended_at=now)


@lru_cache(maxsize=256)
def manner_of(section_id: UUID) -> Manner:
    """How its sessions go, read once a process: a section never changes."""
    return read_section(CatSection.objects.values_list("content", flat=True).get(pk=section_id)).manner


def items_of(section: CatSection) -> list[str]:
    """Identifiers of all its questions."""
    return list(load_revision(section.revision_id).external_ids)


def _revision(asked: Asked, content_hash: str, now: datetime) -> PoolRevision:
    if asked.draft is None:
        return _stored_revision(asked)
    if asked.draft.ignored:
        told = f"has fields that mean nothing here: {', '.join(asked.draft.ignored)}"
        raise refuse(f"{FIELD}/pool/items", told)
    pool = pools.publish_pool(f"CAT section {content_hash[:12]}", (), asked.draft.questions)
    # Never what a test draws from that names no pool: it shows nothing.
    pools.archive_pool(pool, now)
    revision = pool.current_revision
    assert revision is not None
    return revision


def _stored_revision(asked: Asked) -> PoolRevision:
    pool = QuestionPool.objects.select_related("current_revision").filter(pk=str(asked.pool_id)).first()
    if pool is None or pool.current_revision is None:
        raise refuse(f"{FIELD}/pool/id", "is no pool with questions")
    if asked.revision is None:
        return pool.current_revision
    revision = PoolRevision.objects.filter(pool=pool, number=asked.revision).first()
    if revision is None:
        raise refuse(
            f"{FIELD}/pool/revision", f"is none of this pool: its newest is {pool.current_revision.number}"
        )
    return revision


def _check_rules(asked: Asked, revision: FrozenRevision) -> None:
    """What a session would find out first."""
    try:
        asked.manner.rules.check(revision.bank)
    except RulesError as error:
        raise CatRefused(
            (f"{FIELD}/rules{pointer}", message) for pointer, message in error.problems
        ) from error
