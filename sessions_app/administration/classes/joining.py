"""A student types a code: a slip's opens their own invitation, the class's at most asks who they are.

Saying who one is proves nothing. So a class lets names be chosen only where its teacher says so, a name under
which somebody began is offered to nobody, and what a choice gives is good to begin with, not a link for ever.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

from organisations.acting import acting_for, for_all
from sessions_app.administration import invitations
from sessions_app.administration.classes.handing_out import LETTERS, PART, invitations_of, parts_of
from sessions_app.models import ClassTest, Invitation
from sessions_app.refusals import JoinCodeUnknown, NameTaken
from sessions_app.sitting import named_tests


@dataclass(frozen=True)
class Name:
    """A name that may be chosen, by the number that chooses it."""

    number: int
    name: str


@dataclass(frozen=True)
class Joined:
    """What a code opens. `invitation`: the token of the student's test; "" where it is not known whose."""

    title: str
    class_name: str
    invitation: str
    names_may_be_chosen: bool
    names: tuple[Name, ...] = ()


def normal(code: str) -> str:
    """Without blanks and hyphens, in capitals. Raises `JoinCodeUnknown` where no code is like that."""
    signs = "".join(code.split()).replace("-", "").replace("–", "").upper()
    if len(signs) not in (PART, 2 * PART) or not set(signs) <= set(LETTERS):
        raise JoinCodeUnknown
    return signs


def join(code: str, student: int | None, *, now: datetime) -> Joined:
    """`code` as `normal` gives it. `student`: whose name was chosen.

    Raises `JoinCodeUnknown`, `NameTaken`, and `NamedTestNotOpen` before names are told.
    """
    with for_all():  # whose it is, the code says
        rows = ClassTest.objects.select_related("test", "school_class")
        given = rows.filter(code=code[:PART], school_class__archived_at=None).first()
    if given is None:
        raise JoinCodeUnknown
    with acting_for(given.school_class.organisation_id):
        return _opened(given, code, student, now)


def _opened(given: ClassTest, code: str, student: int | None, now: datetime) -> Joined:
    if len(code) > PART:
        return _joined(given, invitations.token_of(_whose(given, code[PART:])))
    if student is not None:
        return _joined(given, _chosen(given, student, now))
    if not given.names_may_be_chosen:
        return _joined(given, "")
    named_tests.check_open(given.test, now)
    names = (Name(each.pk, each.student.name or each.student.external_id) for each in _free(given))
    return _joined(given, "", tuple(names))


def _joined(given: ClassTest, token: str, names: tuple[Name, ...] = ()) -> Joined:
    return Joined(given.test.title, given.school_class.name, token, given.names_may_be_chosen, names)


def _whose(given: ClassTest, part: str) -> Invitation:
    """Compares with everybody's, so that how long it takes tells nothing."""
    found = [
        invitation
        for invitation in invitations_of(given)
        if sum(hmac.compare_digest(each, part) for each in parts_of(invitation))
    ]
    if not found:
        raise JoinCodeUnknown
    return found[0]


def _chosen(given: ClassTest, student: int, now: datetime) -> str:
    free = {each.pk: each for each in _free(given)} if given.names_may_be_chosen else {}
    if student not in free:
        raise NameTaken
    return invitations.token_of_choice(free[student], now)


def _free(given: ClassTest) -> list[Invitation]:
    return [each for each in invitations_of(given) if each.session_id is None]
