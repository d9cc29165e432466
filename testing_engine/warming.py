"""Read the pools that tests draw from before the first student of a process asks for one."""

import logging
import threading

from django.db import connection

from testing_engine.pools import offered
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision

logger = logging.getLogger(__name__)

POOLS = 16  # the default one and the newest; others are read when they are asked for


def warm() -> int:
    """Revisions read, and two steps taken in each, so that what a bank derives once is there, and machine
    code loaded; how many.
    """
    revisions = [pool.current_revision_id for pool in offered()[:POOLS]]
    for revision_id in revisions:
        assert revision_id is not None
        bank = load_revision(revision_id).bank
        if counting(bank).n_items:
            first = next_step(TestSoFar(bank, CatRules(), None, 0)).next_item
            if first is not None:
                next_step(TestSoFar(bank, CatRules(), None, 0, [first], [0]))
    return len(revisions)


def warm_in_background() -> threading.Thread:
    """A process serves at once; whoever asks for a pool that is being read waits for that."""
    thread = threading.Thread(target=_warm_quietly, name="warming", daemon=True)
    thread.start()
    return thread


def _warm_quietly() -> None:
    """Without a database a process starts all the same, and reads pools when they are asked for."""
    try:
        warm()
    except Exception as error:  # nobody waits for this
        logger.debug("pools are read when they are asked for: %s", error)
    finally:
        connection.close()
