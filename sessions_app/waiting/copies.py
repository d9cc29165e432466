"""A copy of a large pool, as a pool of its own. The same id again is the same copy: it may be made twice."""

from uuid import UUID

import msgspec

from sessions_app.waiting.made import CONTENT_TYPES, Asking, Made, Progress
from testing_engine.authoring.shelf import copy_pool
from testing_engine.pools import read_pool
from testing_engine.sentences import say


class Wanted(msgspec.Struct, frozen=True):
    """A copy with this id, called so. `name`: of the file, without what follows the dot."""

    name: str
    pool: UUID
    copy: UUID
    called: str


def make(asked: Wanted, asking: Asking, progress: Progress) -> Made:
    """Each question is a row; the file says which pool it is."""
    pool = read_pool(asked.pool)
    assert pool.current_revision is not None
    progress.expect(pool.current_revision.question_count)
    copied = copy_pool(asked.pool, asked.copy, asked.called, progress.add)
    content = msgspec.json.encode({"question_pool_id": copied.id, "copy_of": asked.pool})
    told = say("This is the copy. What you change here, changes nothing in the other pool.")
    return Made(f"{asked.name}.json", CONTENT_TYPES["json"], [(content, 0)], told)
