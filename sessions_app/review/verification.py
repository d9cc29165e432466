"""Is each row what was written, and is each there? Walks the audit chain of every session, and looks around.

It only reads, so it may run beside students, and portion by portion (`portions`), so memory does not grow
with the tables. A revision and a plan are checked against their hash, which the sessions' chains vouch for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from django.db import connection

from sessions_app.review.breaks import Break
from sessions_app.review.portions import Found, Manner, Portion, all_portions, check, lines_for
from sessions_app.review.processes import checked_in
from sessions_app.review.progress import Progress
from sessions_app.review.witness import Witness
from testing_engine.sentences import Sentence, say

RANGES_EACH = 4  # of sessions: a process for fewer would take longer to begin than to check them


@dataclass
class Verified:
    """What was looked at, and what was found. `acknowledged`: losses that somebody has answered for."""

    sessions: int = 0
    skipped: int = 0  # of these, as a witness vouches for their rows
    answers: int = 0
    events: int = 0
    archived: int = 0  # of the sessions, those whose answers an archive has
    breaks: list[Break] = field(default_factory=list)
    acknowledged: list[Break] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.sessions += found.sessions
        self.skipped += found.skipped
        self.answers += found.answers
        self.events += found.events
        self.archived += found.archived
        for each in found.breaks:
            (self.acknowledged if each.is_acknowledged else self.breaks).append(each)

    def summary(self) -> Sentence:
        """What was looked at, and whether all is as it was written."""
        counted = say(
            "{sessions} sessions, {answers} answers, {events} events",
            sessions=self.sessions,
            answers=self.answers,
            events=self.events,
        )
        if self.skipped:
            counted = say(
                "{counted} ({skipped} of the sessions by the witness)", counted=counted, skipped=self.skipped
            )
        if self.archived:
            counted = say(
                "{counted} ({archived} of the sessions in archives)", counted=counted, archived=self.archived
            )
        if self.breaks:
            return say("Checked {counted}: {broken} broken.", counted=counted, broken=len(self.breaks))
        if self.acknowledged:
            return say(
                "Checked {counted}: all as they were written, but for {count} acknowledged.",
                counted=counted,
                count=len(self.acknowledged),
            )
        return say("Checked {counted}: all as they were written.", counted=counted)


def verify(
    witness: Witness | None = None,
    *,
    skips: bool = False,
    note: Callable[[str], object] | None = None,
    progress: Callable[[int], object] = lambda _: None,
    processes: int = 1,
    kept: Callable[[list[Portion]], Progress] | None = None,
) -> Verified:
    """Check everything. `note` is told the lines of a new witness, `progress` sessions, portion by portion.

    `witness`: of a former run. A session that is gone, or no longer holds the entry that the witness saw, is
    a break: what was cut off with all its traces shows only so. `skips`: sessions are not walked whose rows
    are, to the last column, those that the witness vouches for. `kept`: where the progress of these portions
    is kept, which may be that of a run that was cut off. Any number of `processes` finds the same.
    """
    manner = Manner(skips, note is not None)
    portions = all_portions()
    kept_in = None if kept is None else kept(portions)
    if kept_in is not None:
        portions = kept_in.portions
    done = 0 if kept_in is None else kept_in.done
    founds = _checked(islice(portions, done, None), witness, manner, _useful(processes, portions))
    if kept_in is not None:
        founds = chain(kept_in.found(), kept_in.recorded(founds))
    verified = Verified()
    for found in founds:
        verified.add(found)
        progress(found.sessions)
        if note is not None:
            for line in found.seen:
                note(line)
    return verified


def _checked(
    portions: Iterator[Portion], witness: Witness | None, manner: Manner, processes: int
) -> Iterator[Found]:
    work = ((portion, lines_for(portion, witness), manner) for portion in portions)
    if processes > 1:
        return checked_in(processes, work, str(connection.settings_dict["NAME"]))
    return (check(*each) for each in work)


def _useful(processes: int, portions: list[Portion]) -> int:
    """They take seconds to begin, and do not see what is written in a transaction that is open."""
    if connection.in_atomic_block:
        return 1
    ranges = sum(not portion.look for portion in portions)
    return min(processes, max(1, ranges // RANGES_EACH))
