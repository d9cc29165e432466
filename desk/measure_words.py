"""What pages of *Measure* say, in the reader's language."""

from django.utils.translation import gettext as _

from sessions_app.reporting.item_statistics import Use
from sessions_app.review.replay import Replay


def ending_in_words(status: str, reason: str) -> str:
    """Where a test stands and, if it is over, why. A reason that a rule gave itself stays as it is."""
    states = {
        "active": _("runs"),
        "completed": _("completed"),
        "ended": _("ended early"),
        "expired": _("expired"),
    }
    said = states.get(status, status)
    return f"{said} – {end_in_words(reason)}" if reason else said


def end_in_words(reason: str) -> str:
    """Why a test, or a simulated one, is over."""
    return {
        "length": _("the number of questions"),
        "precision": _("precision"),
        "classification": _("certainty about the level"),
        "exhausted": _("no question was left"),
        "time limit": _("the time was over"),
    }.get(reason, reason)


def verdict_in_words(replay: Replay) -> str:
    if replay.is_imported:
        return _("not replayable: it was imported, and the original service kept neither rules nor seed")
    if replay.archive is not None:
        return _("not replayable: its answers are in the archive {name}").format(name=replay.archive)
    if replay.is_identical:
        return _("identical in all of {count} steps").format(count=len(replay.steps))
    return _("different in {count} places").format(count=len(replay.differences))


def times_in_words(use: Use) -> list[tuple[str, float | None]]:
    """Seconds, by what they are of; None where nobody measured them."""
    return [
        (_("mean"), use.mean_time),
        (_("median"), use.median_time),
        (_("right answers"), use.mean_time_right),
        (_("wrong ones"), use.mean_time_wrong),
    ]
