"""Which questions would come after the current one while nobody can ask the engine.

Where another system shows the questions (`cat_api`), it gets a few more than it must present before it asks
again: with them a test outlives an outage. They are the engine's own choices for answers of which nothing is
known, so content, enemies and lengths hold for them as for any other; and they follow from the answers so
far, so a replay finds them again.
"""

from dataclasses import replace

from testing_engine.psychometrics import engine
from testing_engine.psychometrics.effort import MISSING
from testing_engine.psychometrics.engine import TestSoFar


def items_ahead(so_far: TestSoFar, current: int, count: int) -> list[int]:
    """The current question and up to `count` that may follow it, as indices in the revision."""
    items = [current]
    while len(items) <= count:
        unknown = [MISSING] * len(items)
        met = replace(so_far, items=[*so_far.items, *items], scores=[*so_far.scores, *unknown])
        following = engine.next_step(met).next_item
        if following is None:
            break
        items.append(following)
    return items
