"""The live view of a test, in a teacher's words."""

from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.step_words import count_words
from sessions_app.administration.live import Live, Row, Standing, milliseconds, span
from sessions_app.refusals import NoDeadline, NotExpired, PausesNotAllowed, Refusal, SessionNotActive

STANDINGS = {
    Standing.RUNS: gettext_lazy("at work"),
    Standing.PAUSED: gettext_lazy("paused"),
    Standing.WAITS: gettext_lazy("reads the introduction"),
    Standing.EXPIRED: gettext_lazy("stopped: nobody went on"),
    Standing.FINISHED: gettext_lazy("finished"),
    Standing.NOT_BEGUN: gettext_lazy("not begun"),
}


def row_words(row: Row, now: datetime) -> dict[str, Any]:
    """What a row shows; its clocks as moments, which the page lets run."""
    is_on = row.standing in (Standing.RUNS, Standing.PAUSED, Standing.WAITS)
    shown: dict[str, Any] = {
        "row": row,
        "called": row.name or row.student_id,
        "standing": STANDINGS[row.standing],
        "can_be_chosen": is_on or row.standing is Standing.EXPIRED,
    }
    if is_on:
        shown["question"] = _("{number} of at most {most}").format(number=row.answered + 1, most=row.most)
    elif row.standing is not Standing.NOT_BEGUN:
        shown["question"] = _("{count} answered").format(count=row.answered)
    if row.standing is Standing.RUNS and row.last_activity:
        shown |= {"since": milliseconds(row.last_activity), "idle": span(now - row.last_activity)}
    if row.paused_until:
        until = date_format(localtime(row.paused_until), "H:i")
        shown["standing"] = _("paused, until {time} at the longest").format(time=until)
    if row.pauses_left is not None:
        left = row.pauses_left
        words = _("Pauses left: {times}, together {time} minutes.") if left.times else _("No pause is left.")
        shown["pauses"] = words.format(times=left.times, time=span(left.length))
    if row.paused_at and row.deadline:
        shown["left"] = span(row.deadline - row.paused_at)  # it stands still
    elif row.deadline and is_on:
        shown["until"] = milliseconds(row.deadline)
        shown["left"] = _("time is up") if row.deadline < now else span(row.deadline - now)
    elif is_on:
        shown["left"] = _("no limit")
    return shown


def count_line(live: Live) -> str:
    """How many are where."""
    counts = live.counts
    words = _("At work: {running}. Stopped: {stopped}. Finished: {finished}. Not begun: {waiting}.")
    if counts.paused:
        words = _(
            "At work: {running}, paused of these: {paused}. "
            "Stopped: {stopped}. Finished: {finished}. Not begun: {waiting}."
        )
    said = words.format(
        running=count_words(counts.running),
        paused=count_words(counts.paused),
        stopped=count_words(counts.stopped),
        finished=count_words(counts.finished),
        waiting=count_words(counts.not_begun),
    )
    return f"{said} {_('There are more: search for a name.')}" if live.is_cut else said


def refusal_words(refusal: Refusal) -> str:
    """Why something was not done to a test."""
    known: dict[type[Refusal], str] = {
        NoDeadline: _("it has no time limit"),
        SessionNotActive: _("it is over"),
        NotExpired: _("it cannot go on: it runs, or it is finished"),
        PausesNotAllowed: _("it allows no pauses, or it has not begun"),
    }
    return known.get(type(refusal), str(refusal))
