"""Pictures of a large pool, drawn by a worker: of one revision, in one language. A request has numbers alone.

Another revision has no drawings before they are made of it. The numbers of tests go on while somebody looks:
what was drawn some minutes ago may differ by these, and the page says when that was.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.utils import translation

from sessions_app.reporting import pool_pictures
from sessions_app.waiting.made import CONTENT_TYPES, Asking, Made, Progress
from testing_engine.models import QuestionPool
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.voice import Voice
from testing_engine.pools import read_pool

INFORMATION, EXPOSURE = "information", "exposure"


class Wanted(msgspec.Struct, frozen=True):
    """The pictures of a page about this revision. `name`: of the file, without what follows the dot."""

    name: str
    pool: UUID
    revision: int  # its number
    page: str
    language: str

    @classmethod
    def of(cls, pool: QuestionPool, revision: int, page: str, language: str) -> "Wanted":
        return cls(f"{pool.pk}-{revision}-{page}-{language}", pool.pk, revision, page, language)


def make(asked: Wanted, asking: Asking, progress: Progress) -> Made:
    """Each picture is a row; none where the pool has another revision by now, for nobody waits then."""
    pool = read_pool(asked.pool)
    with translation.override(asked.language):
        pictures = _pictures(pool, asked, Voice(asked.language, translation.gettext))
        progress.expect(len(pictures))
        kept = {}
        for each in pictures:
            kept[each.name] = {"words": _words(each), "numbers": _numbers(each), "svg": each.svg}
            progress.add(1)
    return Made(f"{asked.name}.json", CONTENT_TYPES["json"], [(json.dumps(kept).encode(), 0)])


def _pictures(pool: QuestionPool, asked: Wanted, voice: Voice) -> Sequence[Picture]:
    if asked.page == EXPOSURE:
        return pool_pictures.exposed(pool, asked.revision, voice).pictures
    measured = pool_pictures.measured(pool, voice)
    return measured.pictures if measured.revision == asked.revision else ()


def with_drawings(
    pictures: Sequence[Picture], content: bytes, *, numbers_may_differ: bool
) -> tuple[Picture, ...] | None:
    """These pictures with what `make` drew; None where that is of others."""
    kept: dict[str, Any] = json.loads(content)
    for each in pictures:
        own = kept.get(each.name)
        if own is None or own["words"] != _words(each):
            return None
        if not numbers_may_differ and own["numbers"] != _numbers(each):
            return None
    return tuple(replace(each, drawn=kept[each.name]["svg"]) for each in pictures)


def _words(picture: Picture) -> str:
    return _hash_of((picture.title, picture.description, picture.columns))


def _numbers(picture: Picture) -> str:
    return _hash_of(picture.rows)


def _hash_of(what: object) -> str:
    return sha256(repr(what).encode()).hexdigest()
