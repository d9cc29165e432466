"""A look at what a pool requires, taken by a worker before a request goes on: `measurement.looks`."""

from sessions_app.measurement.looks import Look, as_bytes, bank_of, found_by
from sessions_app.waiting.made import CONTENT_TYPES, SIMULATING, Asking, Made, Progress
from testing_engine.sentences import say


def make(look: Look, asking: Asking, progress: Progress) -> Made:
    """The numbers that requirements go by, as JSON."""
    found = found_by(look, bank_of(look, asking.brought), lambda share: progress.reach(share, SIMULATING))
    done = say("It is known now whether what the pool requires holds: send your request again.")
    return Made(f"{look.name}.json", CONTENT_TYPES["json"], [(as_bytes(found), 0)], done)
