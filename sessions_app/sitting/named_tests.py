"""Named tests: which may be started now, by whom, under which rules, and until when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from organisations.owned import the_one
from sessions_app.models import Accommodation, Invitation, NamedTest, Student, TestSession
from sessions_app.refusals import NamedTestNotFound, NamedTestNotOpen, NoAttemptsLeft, NotInvited
from sessions_app.sitting.result_specs import ResultSpec
from testing_engine.models import QuestionPool
from testing_engine.pools import with_questions
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.rules import BEST, CatRules, RulesError
from testing_engine.psychometrics.selection.start import RandomesqueStart
from testing_engine.revisions import load_revision

TIME_LIMIT = "time limit"  # why a test is over that ran out of time
VARIED = RandomesqueStart()  # how a test begins that varies its first questions


def named_test(name: str) -> NamedTest:
    """The test of that name; raises `NamedTestNotFound`."""
    found = the_one(NamedTest.objects.filter(name=name)) if "\x00" not in name else None
    if found is None:
        raise NamedTestNotFound
    return found


def rules_of(test: NamedTest, bank: ItemBank) -> CatRules:
    """The rules that its sessions get; raises `RulesError` where nobody understands them any more."""
    rules = CatRules.from_json(test.rules)
    has_own_beginning = rules.start is not None or rules.strategy != BEST or not rules.is_adaptive(bank)
    return rules if has_own_beginning or not test.vary_first_questions else replace(rules, start=VARIED)


def carries_over(test: NamedTest | None) -> bool:
    """Whether it begins from what earlier tests found of the student; started without a name, any does."""
    return test is None or test.earlier_results != NamedTest.EarlierResults.IGNORED


def is_scored_alone(test: NamedTest | None) -> bool:
    """Whether what earlier tests found may help to choose questions, and not count."""
    return test is not None and test.earlier_results == NamedTest.EarlierResults.CHOOSE


def check_open(test: NamedTest, now: datetime) -> None:
    """Raises `NamedTestNotOpen` while it is prepared, before it opens, once it has closed or is archived."""
    if test.is_draft or test.archived_at is not None:
        raise NamedTestNotOpen(None, test.archived_at, now)
    is_early = test.opens_at is not None and now < test.opens_at
    is_late = test.closes_at is not None and now >= test.closes_at
    if is_early or is_late:
        raise NamedTestNotOpen(test.opens_at, test.closes_at, now)


def check_may_take(test: NamedTest, student: Student, *, is_invited: bool) -> None:
    """Raises `NotInvited` or `NoAttemptsLeft`. Inside the transaction that then starts the test.

    `is_invited` says that the student came by an invitation. The caller holds the lock of the student's
    row until the end of the transaction, so that two starts at once do not both pass.
    """
    invitations = Invitation.objects.filter(test=test, student=student, revoked_at=None)
    if test.takers == NamedTest.Takers.INVITED and not is_invited and not invitations.exists():
        raise NotInvited
    if test.attempts_allowed is None:
        return
    if TestSession.objects.filter(named_test=test, student=student).count() >= test.attempts_allowed:
        raise NoAttemptsLeft


def deadline_of(test: NamedTest, student_id: int, now: datetime) -> datetime | None:
    """When a test that this student starts now ends at the latest: after the time limit, or when it closes,
    if sooner."""
    ends = [test.closes_at] if test.closes_at is not None else []
    if (minutes := minutes_for(test, student_id)) is not None:
        ends.append(now + timedelta(minutes=minutes))
    return whole_second(min(ends)) if ends else None


def minutes_for(test: NamedTest, student_id: int) -> int | None:
    """The time limit with the extra time that the student gets, up to the whole minute; None: no limit."""
    if test.time_limit_minutes is None:
        return None
    needs = Accommodation.objects.filter(student=student_id).values_list("extra_time_percent", flat=True)
    percent = 100 + (needs.first() or 0)
    return -(-test.time_limit_minutes * percent // 100)


def waits_to_begin(test: NamedTest | None, *, is_invited: bool) -> bool:
    """Whether its clock runs anew when the student begins: they have something to read first.

    Who comes by an invitation has read it before the test starts.
    """
    return bool(test and test.introduction and test.time_limit_minutes is not None and not is_invited)


def released_at(test: NamedTest | None) -> datetime | None:
    """From when on students may see their result; None: at once."""
    return test.closes_at if test is not None and test.result_release == NamedTest.Release.CLOSED else None


def is_for_student(test: NamedTest | None, spec: ResultSpec) -> bool:
    """Whether its student gets the result, now or later."""
    return spec.is_shown and (test is None or test.result_release != NamedTest.Release.NEVER)


def is_withheld(test: NamedTest | None, spec: ResultSpec) -> bool:
    """Whether what a session finds is not for its student, or only once the test has closed."""
    return not is_for_student(test, spec) or released_at(test) is not None


def whole_second(moment: datetime) -> datetime:
    """The next whole second: the hot state keeps deadlines in seconds."""
    return datetime.fromtimestamp(-int(-moment.timestamp() // 1), tz=UTC)


def is_overdue(deadline: datetime | None, now: datetime) -> bool:
    """Whether an answer that comes now is too late, the network's own time taken off."""
    return deadline is not None and now > deadline + timedelta(seconds=settings.DEADLINE_GRACE)


def lacks_parameters(pool: QuestionPool) -> bool:
    """Whether its tests have no ability to find."""
    if pool.current_revision_id is None:
        return False
    return not counting(load_revision(pool.current_revision_id).bank).n_items


def pools_for(test: NamedTest) -> QuerySet[QuestionPool]:
    """Pools that a named test can be given: those that are offered and have questions, and its own."""
    return with_questions().filter(Q(archived_at=None) | Q(pk=test.pool_id))


def problems_of(pool: QuestionPool, rules: object, concept_names: Sequence[str]) -> list[tuple[str, str]]:
    """What would keep a named test from starting: (field of the test, message).

    The rules are tried on the pool's newest revision.
    """
    if pool.current_revision_id is None:
        return [("pool", "This pool has no questions yet.")]
    revision = load_revision(pool.current_revision_id)
    problems = []
    concepts = revision.bank.n_dimensions
    names = concept_names or revision.concept_names
    if len(names) != concepts:
        problems.append(("concept_names", f"The pool measures {concepts} concepts: give as many names."))
    if len(set(names)) != len(names):
        problems.append(("concept_names", "The names must differ."))
    try:
        CatRules.from_json(rules).check(revision.bank)
    except RulesError as error:
        problems += [("rules", f"{place or '/'}: {message}") for place, message in error.problems]
    return problems
