"""What a test is and how it ends, in a teacher's words."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions_app.administration.inviting import Reached
from sessions_app.preparing.outlook import Outlook
from sessions_app.preparing.shelf import State, TestCard
from sessions_app.preparing.steps import KEPT, How, Who
from testing_engine.growing_lists import MOST_COUNTED

ENDINGS = {
    "precision": gettext_lazy("when the result is exact enough"),
    "classification": gettext_lazy("when the level is sure enough"),
    "fixed_length": gettext_lazy("after a number of questions that fit the student"),
    "linear": gettext_lazy("after a number of questions in the pool’s order, for points"),
    "random": gettext_lazy("after a number of questions drawn at random, for points"),
}
KEPT_ENDING = gettext_lazy("by the rules that an expert has set")
RESULTS = {
    "rules": gettext_lazy("what fits the test: levels or points, or whether they have passed"),
    "levels": gettext_lazy("their level, such as “Secure”, and how sure it is"),
    "passing": gettext_lazy("whether they have passed"),
    "scale": gettext_lazy("a score on a rating scale, where nothing is right or wrong"),
    "thanks": gettext_lazy("thanks only: results are for you"),
}
STATES = {
    State.DRAFT: gettext_lazy("in preparation"),
    State.COMING: gettext_lazy("not open yet"),
    State.OPEN: gettext_lazy("open"),
    State.CLOSED: gettext_lazy("closed"),
    State.ARCHIVED: gettext_lazy("in the archive"),
}
REACHED = {
    Reached.NOT_BEGUN: gettext_lazy("not begun"),
    Reached.RUNS: gettext_lazy("at work"),
    Reached.OVER: gettext_lazy("finished"),
    Reached.REVOKED: gettext_lazy("taken back"),
}
VERY_LIKELY = 1.96  # standard errors, on either side: 95 of 100


def moment(at: datetime) -> str:
    """In the zone of the service, which is named."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def state_words(card: TestCard) -> str:
    """Where a test is, with the moment that matters."""
    if card.state is State.COMING and card.opens_at:
        return _("opens {moment}").format(moment=moment(card.opens_at))
    if card.state is State.OPEN and card.closes_at:
        return _("open until {moment}").format(moment=moment(card.closes_at))
    if card.state is State.CLOSED and card.closes_at:
        return _("closed since {moment}").format(moment=moment(card.closes_at))
    return str(STATES[card.state])


def count_words(count: int) -> str:
    """A number that was counted no further than it is worth."""
    return _("more than {count}").format(count=MOST_COUNTED) if count > MOST_COUNTED else str(count)


def exact_words(error: float) -> str:
    """A standard error in logits, of which a usual level is one wide."""
    words = {0.5: _("roughly"), 0.4: _("as usual"), 0.3: _("closely")}.get(error, _("as set now"))
    off = VERY_LIKELY * error
    return _("{words}: very likely less than {off} of a level off").format(
        words=words, off=localize(round(off, 1))
    )


def sure_words(probability: float) -> str:
    shares = {0.8: _("in 4 of 5 cases"), 0.9: _("in 9 of 10 cases"), 0.95: _("in 19 of 20 cases")}
    words = shares.get(probability, _("in {percent} % of cases").format(percent=f"{probability:.0%}"[:-1]))
    return _("right {words}").format(words=words)


def pool_words(outlook: Outlook) -> list[str]:
    """What a pool is good for, before anything else is said."""
    if not outlook.has_parameters:
        return [
            _("{count} questions, asked in order or at random, for points.").format(
                count=outlook.all_questions
            ),
            _("Which level a student has, such a test cannot tell: its questions were not tried out yet."),
        ]
    said = [_("{count} questions that can be chosen to fit each student.").format(count=outlook.askable)]
    if outlook.all_questions > outlook.askable:
        rest = outlook.all_questions - outlook.askable
        said.append(_("{count} more were not tried out yet: such a test leaves them out.").format(count=rest))
    if outlook.concepts > 1:
        said.append(_("A result for each of {count} areas.").format(count=outlook.concepts))
    return said


def how_words(how: How) -> list[str]:
    """Step 2 in sentences."""
    said = [_("The test ends {ending}.").format(ending=ENDINGS.get(how.stopping, KEPT_ENDING))]
    if how.stopping == "precision" and how.target_error is not None:
        said = [
            _("The test ends when the result is exact enough ({how}).").format(
                how=exact_words(how.target_error)
            )
        ]
    elif how.stopping == "classification" and how.sure_enough is not None:
        said = [
            _("The test ends when the level is sure enough ({how}).").format(how=sure_words(how.sure_enough))
        ]
    if how.stopping in ("precision", "classification"):
        least, most = how.min_questions, how.max_questions
        said.append(_("It has {least} to {most} questions.").format(least=least, most=most))
    elif how.stopping != KEPT:
        said.append(_("It has {most} questions.").format(most=how.max_questions))
    if how.time_limit_minutes:
        said.append(_("There are {minutes} minutes for it.").format(minutes=how.time_limit_minutes))
    if how.pauses:
        said.append(
            _("Students may pause: {times} times, for {minutes} minutes in all; the clock stops.").format(
                times=how.pauses, minutes=how.pause_minutes
            )
        )
    said.append(_("At the end students read {result}.").format(result=RESULTS[how.result_kind]))
    return said


def who_words(who: Who) -> list[str]:
    """Step 3 in sentences."""
    if who.takers == "invited":
        said = [_("Only students whom you invite may take it.")]
    else:
        said = [_("Students whom you invite may take it, and those whom the school’s own system sends.")]
    if who.attempts_allowed == 1:
        said.append(_("Each may take it once."))
    elif who.attempts_allowed:
        said.append(_("Each may take it {count} times.").format(count=who.attempts_allowed))
    if who.opens_at:
        said.append(_("It opens {moment}.").format(moment=moment(who.opens_at)))
    if who.closes_at:
        said.append(_("It closes {moment}.").format(moment=moment(who.closes_at)))
    if who.result_release == "closed":
        said.append(_("Students see their result when it has closed."))
    elif who.result_release == "never":
        said.append(_("Students do not see their result."))
    return said


def card_words(card: TestCard) -> dict[str, Any]:
    """What a list says of a test."""
    return {
        "card": card,
        "state": state_words(card),
        "invited": count_words(card.invited),
        "began": count_words(card.began),
        "finished": count_words(card.finished),
    }
