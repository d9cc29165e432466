"""The three steps in which a test is made and changed: what it asks, how it ends, who takes it and when.

Each step is a value that a form fills in. `with_…` gives the test as it would be, or raises `TestRefused`
with everything that cannot work, by field; nothing is stored. `keep` stores it. What students began stays.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from sessions_app.measurement import gate
from sessions_app.models import NamedTest
from sessions_app.preparing import shelf, usual
from sessions_app.preparing.outlook import askable_by, best_error
from sessions_app.preparing.rules_in_fields import EXPERT, WITHOUT_ABILITY, fields_of, pauses_of, rules_of
from sessions_app.reporting.levels import levels_of
from sessions_app.sitting import named_tests
from sessions_app.sitting.result_specs import USUAL_CUTS, problems_of_result, spec_of
from testing_engine import approval
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.pauses import Pauses
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.sentences import Sentence, quoted, say

KEPT = EXPERT  # the rules stay as they are
PASSING = NamedTest.ResultKind.PASSING.value
MOST_MINUTES = 525_600

Problems = list[tuple[str, Sentence]]  # (field of the step, what is wrong)


class TestRefused(Exception):
    """The test cannot work so; nothing was changed."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in problems))
        self.problems = problems


@dataclass(frozen=True)
class What:
    """Step 1."""

    title: str
    pool_id: UUID


@dataclass(frozen=True)
class How:
    """Step 2. `stopping`: a key of `STOPPING`, `KEPT` for the rules that there are. `target_error`: the
    standard error (logits) to stop at; `sure_enough`: the probability of a level. `pass_from`: the cut
    (logits) above which a test is passed, None for what the test says already. `feedback`: a text for each
    level, the lowest first; empty: none. `pauses`: how often students may stop the clock, None not at all;
    `pause_minutes`: for so long in all."""

    stopping: str
    max_questions: int | None = None
    min_questions: int | None = None
    target_error: float | None = None
    sure_enough: float | None = None
    time_limit_minutes: int | None = None
    pauses: int | None = None
    pause_minutes: int | None = None
    result_kind: str = NamedTest.ResultKind.BY_RULES.value
    pass_from: float | None = None
    closing: str = ""
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True)
class Who:
    """Step 3."""

    takers: str = NamedTest.Takers.ANYBODY.value
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    attempts_allowed: int | None = None
    result_release: str = NamedTest.Release.NOW.value
    introduction: str = ""


def how_of(test: NamedTest) -> How:
    """Step 2 as the test has it."""
    rules = fields_of(test.rules)
    cut = test.result_cuts[0] if test.result_kind == PASSING and len(test.result_cuts) == 1 else None
    pauses = _pauses_in(test)
    return How(
        stopping=rules["stopping"],
        max_questions=rules.get("max_questions"),
        min_questions=rules.get("min_questions"),
        target_error=rules.get("target_error"),
        sure_enough=rules.get("sure_enough"),
        time_limit_minutes=test.time_limit_minutes,
        pauses=None if pauses is None else pauses.times,
        pause_minutes=None if pauses is None else pauses.minutes,
        result_kind=test.result_kind,
        pass_from=cut if cut in USUAL_CUTS else None,
        closing=test.closing,
        feedback=tuple(test.result_feedback or ()),
    )


def _pauses_in(test: NamedTest) -> Pauses | None:
    """None, too, where nobody understands the rules any more."""
    with suppress(RulesError):
        return CatRules.from_json(test.rules).pauses
    return None


def who_of(test: NamedTest) -> Who:
    """Step 3 as the test has it."""
    return Who(
        takers=test.takers,
        opens_at=test.opens_at,
        closes_at=test.closes_at,
        attempts_allowed=test.attempts_allowed,
        result_release=test.result_release,
        introduction=test.introduction,
    )


def with_what(test: NamedTest, what: What) -> NamedTest:
    """Under another title or on another pool. A test in preparation whose rules do not fit the pool gets the
    usual ones; any other is refused it."""
    pool = pool_for(test, what.pool_id)
    then = copy(test)
    then.title = what.title
    if pool.pk == test.pool_id:
        return then
    then.pool, then.concept_names = pool, []
    problems = [*named_tests.problems_of(pool, test.rules, []), *problems_of_result(then, pool, test.rules)]
    if not problems and not _problem_of_length(pool, CatRules.from_json(test.rules)):
        return then
    if not test.is_draft:
        raise TestRefused([("pool", say("This test’s rules do not fit that pool. Copy the test for it."))])
    then.rules = usual.rules_for(pool).to_json()
    then.result_kind, then.result_cuts, then.result_levels = NamedTest.ResultKind.BY_RULES, [], []
    then.reporting_scale = None
    return then


def pool_for(test: NamedTest, pool_id: UUID) -> QuestionPool:
    """A pool that the test can be given. Raises `TestRefused`."""
    pool = named_tests.pools_for(test).select_related("current_revision").filter(pk=pool_id).first()
    if pool is None:
        raise TestRefused([("pool", say("There is no such pool any more."))])
    return pool


def with_how(test: NamedTest, how: How) -> NamedTest:
    """With another end."""
    then = copy(test)
    then.time_limit_minutes, then.closing = how.time_limit_minutes, how.closing
    then.result_feedback = list(how.feedback) or None
    _set_result(then, how)
    if how.stopping != KEPT:
        then.rules = _rules(test, then, how).to_json()
    _set_pauses(then, how)
    problems: Problems = []
    for field, text in named_tests.problems_of(test.pool, then.rules, test.concept_names):
        problems.append(("stopping" if field == "rules" else field, quoted(text)))
    if not problems and how.stopping != KEPT:
        length = _problem_of_length(test.pool, CatRules.from_json(then.rules))
        problems += [("max_questions", length)] if length else []
    if not problems:
        told = problems_of_result(then, test.pool, then.rules)
        problems += [
            ("feedback", _misfit_of_feedback(then))
            if field == "result_feedback"
            else ("result_kind", quoted(text))
            for field, text in told
        ]
    if problems:
        raise TestRefused(problems)
    return then


def _misfit_of_feedback(then: NamedTest) -> Sentence:
    """What the levels are that each need a text."""
    levels, count = levels_of(spec_of(then)), len(then.result_feedback or ())
    if not levels:
        return say("This test’s results have no levels: leave it empty.")
    names = ", ".join(level.name for level in levels)
    return say(
        "{levels} levels, {texts} texts. Write one for each of: {names}.",
        levels=len(levels),
        texts=count,
        names=names,
    )


def _set_result(then: NamedTest, how: How) -> None:
    """What is told, and the cuts that go with it; cuts and levels of an expert stay where the kind does."""
    if how.result_kind != then.result_kind:
        then.result_cuts, then.result_levels = [], []
    then.result_kind = how.result_kind
    if how.result_kind == PASSING and how.pass_from is not None and then.result_cuts != [how.pass_from]:
        then.result_cuts, then.result_levels = [how.pass_from], []
    if how.result_kind == NamedTest.ResultKind.SCALE:
        then.allow_dont_know = False


def _set_pauses(then: NamedTest, how: How) -> None:
    """Upon whatever the rules say, an expert's as well; what nobody understands stays as it is."""
    try:
        pauses = pauses_of(how.pauses, how.pause_minutes)
    except RulesError as error:
        raise TestRefused([(field, quoted(text)) for field, text in error.problems]) from None
    with suppress(RulesError):
        rules = CatRules.from_json(then.rules)
        if rules.pauses != pauses:
            then.rules = replace(rules, pauses=pauses).to_json()


def _rules(test: NamedTest, then: NamedTest, how: How) -> CatRules:
    """The step's own fields upon what else the rules say in fields: sets, questions to try out, guesses."""
    before = fields_of(test.rules)
    fields = {"sets_together": True} if before["stopping"] == EXPERT else dict(before)
    own_cuts = before.get("cuts") if then.result_kind == test.result_kind else None
    cuts = then.result_cuts or own_cuts or list(USUAL_CUTS)
    fields |= {
        "stopping": how.stopping,
        "max_questions": how.max_questions,
        "min_questions": how.min_questions,
        "target_error": how.target_error,
        "sure_enough": how.sure_enough,
        "cuts": list(cuts),
    }
    if missing := [name for name in _needed(how.stopping) if fields[name] is None]:
        raise TestRefused([(name, say("This is needed.")) for name in missing])
    if how.stopping not in (*WITHOUT_ABILITY, "fixed_length"):
        most, least = how.max_questions, how.min_questions
        if most is not None and least is not None and least > most:
            raise TestRefused([("min_questions", say("This is more than the test may ask at most."))])
    try:
        return rules_of(fields)
    except RulesError as error:
        known = {"max_questions", "min_questions", "target_error", "sure_enough"}
        raise TestRefused(
            [(field if field in known else "stopping", quoted(text)) for field, text in error.problems]
        ) from None


def _needed(stopping: str) -> tuple[str, ...]:
    own = {
        "precision": ("min_questions", "target_error"),
        "classification": ("min_questions", "sure_enough"),
    }
    return ("max_questions", *own.get(stopping, ()))


def _problem_of_length(pool: QuestionPool, rules: CatRules) -> Sentence | None:
    count = askable_by(pool, rules)
    if rules.max_questions <= count:
        return None
    return say(
        "The pool has {count} questions that such a test can ask, not {asked}.",
        count=count,
        asked=rules.max_questions,
    )


def remark_on(test: NamedTest) -> Sentence | None:
    """What works, and perhaps not as it is meant: an exactness that nobody reaches in so many questions."""
    rules = fields_of(test.rules)
    if rules["stopping"] != "precision":
        return None
    best = best_error(test.pool, rules["max_questions"])
    if best is None or best <= rules["target_error"]:
        return None
    return say(
        "With {count} questions of this pool no result gets that exact: every test will have {count} "
        "questions, and a result that is less exact. Allow more questions, or ask for less.",
        count=rules["max_questions"],
    )


def with_who(test: NamedTest, who: Who, *, now: datetime) -> NamedTest:
    """For others, or at another time."""
    then = copy(test)
    for name, value in vars(who).items():
        setattr(then, name, value)
    if problems := problems_of_times(test, who, now=now):
        raise TestRefused(problems)
    return then


def problems_of_times(test: NamedTest, who: Who, *, now: datetime) -> Problems:
    """What cannot work of when it is open, upon the test as it was."""
    problems = Problems()
    if who.closes_at is not None and who.closes_at != test.closes_at and who.closes_at <= now:
        problems.append(("closes_at", say("This has passed: nobody could start the test.")))
    if who.opens_at is not None and who.closes_at is not None and who.closes_at <= who.opens_at:
        problems.append(("closes_at", say("The test would close before it opens.")))
    if who.result_release == NamedTest.Release.CLOSED and who.closes_at is None:
        problems.append(("result_release", say("Say above when the test closes.")))
    return problems


Change = Callable[[NamedTest], NamedTest]


def keep(test_id: int, change: Change) -> NamedTest:
    """The change, stored. Raises `TestUnknown`, `TestRefused`, and `GateRefused` where an open test would
    fall short of what its pool requires."""
    with transaction.atomic():
        before = shelf.locked(test_id)
        then = change(before)
        if not then.is_draft and (then.pool_id, then.rules) != (before.pool_id, before.rules):
            verdict = shelf.verdict_of(then)
            gate.hold(verdict, approval.hand().override_reason)
            shelf.record_verdict(then, verdict)
        then.save()
    return then
