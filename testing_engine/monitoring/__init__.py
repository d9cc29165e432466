"""Watching a pool that is in use: what its delivered answers say of its parameters, and what to do about it.

Pure NumPy and SciPy. `log` is what was answered, `response_times`, `exposure` and `item_checks` compute,
`found` decides what is worth a word and compares it with the night before, `sentences` says it, `watch` puts
all together. Imports `calibration` and, of `psychometrics`, exposure and states (docs/WATCH.md).
"""

from testing_engine.monitoring.found import ALARM, ALARMS, NEW, NOTICE, STILL, Found, Limits, compared
from testing_engine.monitoring.log import AnswerLog, Assumed, WatchedQuestion
from testing_engine.monitoring.watch import Watched, watch

__all__ = [
    "ALARM",
    "ALARMS",
    "NEW",
    "NOTICE",
    "STILL",
    "AnswerLog",
    "Assumed",
    "Found",
    "Limits",
    "Watched",
    "WatchedQuestion",
    "compared",
    "watch",
]
