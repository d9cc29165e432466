"""Whether every answer and event is what was written, and is there: `manage.py verify_audit`, by a worker.

Of all organisations together, so it is for who runs the installation.
"""

import msgspec
from redis.exceptions import RedisError

from sessions_app.models import TestSession
from sessions_app.review.verification import verify
from sessions_app.sitting import losses
from sessions_app.waiting.made import CONTENT_TYPES, Asking, Made, Progress
from testing_engine.sentences import say, together

NOT_COMPARED = say("Redis does not answer: what it knows of running tests was not compared.")


class Wanted(msgspec.Struct, frozen=True):
    """Everything. `name`: of the file, without what follows the dot."""

    name: str = "verification"


def make(wanted: Wanted, asking: Asking, progress: Progress) -> Made:
    """A line for each thing that is not as it was written, and what was looked at."""
    said = []
    try:
        losses.look_at_all()
    except RedisError:
        said.append(NOT_COMPARED)
    progress.expect(TestSession.objects.count())
    found = verify(progress=progress.add)
    said.append(found.summary())
    outcome = together(said)
    lines = [*(f"{each.where}: {each.what}" for each in (*found.acknowledged, *found.breaks)), outcome]
    return Made(f"{wanted.name}.txt", CONTENT_TYPES["txt"], [("\n".join(lines).encode() + b"\n", 0)], outcome)
