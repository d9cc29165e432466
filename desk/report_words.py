"""A teacher's words for where students are and how they answered: of pages, tables and PDFs alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from sessions_app.reporting.class_results import Given, Standing

LONGEST_QUESTION = 300  # signs; what is longer is cut


@dataclass(frozen=True)
class AnswerLine:
    """One answer as it is read: the question's number and text, what was answered, what became of it."""

    number: int
    question: str
    said: str
    result: str


def state_in_words(standing: Standing) -> str:
    """Where a student is."""
    if standing.status is None:
        return _("has not begun")
    return {
        "active": _("is at it"),
        "completed": _("is done"),
        "ended": _("ended early"),
        "expired": _("left it"),
    }[standing.status]


def answer_lines(answers: Iterable[Given]) -> list[AnswerLine]:
    """In the order of the answers."""
    return [
        AnswerLine(each.number, Truncator(each.content).chars(LONGEST_QUESTION), _said(each), _result(each))
        for each in answers
    ]


def _said(answer: Given) -> str:
    if answer.archive:
        return f"{_('in the archive')} {answer.archive}"
    return _("I don’t know") if answer.said is None else answer.said


def _result(answer: Given) -> str:
    if not answer.counts:
        return _("tried out, not counted")
    if answer.is_right:
        return _("right")
    return _("partly right") if answer.points > 0 else _("not right")
