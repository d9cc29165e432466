"""One step of an adaptive test, as a pure function of the test so far.

No clock, no I/O, no global random state: the same arguments give the same step, to the last bit. So the
service, the simulator and a replay all call `next_step`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.components import FIRST_EDITION
from testing_engine.psychometrics.constraints.look_ahead import completable, needs_look_ahead
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.ranking import Available
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class TestSoFar:
    """All that decides a test: pool, rules, what was known before, seed, and the answers so far.

    `prior` None is the rules' own. `items` are 0-based, in the order given; `scores` are categories from 0,
    or −1 for a missing answer: it says nothing about ability and the question is used up. A `hint` is
    believed of the student as well: it helps to choose questions, and counts neither in the ability nor for
    the end.
    """

    bank: ItemBank
    rules: CatRules
    prior: NormalPrior | None
    seed: int
    items: Sequence[int] = ()
    scores: Sequence[int] = ()
    hint: NormalPrior | None = None


@dataclass(frozen=True)
class Step:
    ability: AbilityEstimate
    stop: str | None  # why the test ends
    next_item: int | None


@dataclass(frozen=True)
class Candidate:
    item: int
    value: float
    closed_by: str = ""  # the eligibility rule that does not let it come


@dataclass(frozen=True)
class Choice:
    """Why a question comes next: the rule that chooses, the leading candidates, and which of the pool's best
    unused questions may not come."""

    chosen: Candidate | None
    by: str  # a start rule or a strategy; "" where no question may come
    criterion: str
    candidates: tuple[Candidate, ...]
    closed: tuple[Candidate, ...]


def next_step(so_far: TestSoFar) -> Step:
    """What the answers so far say, and what to ask next."""
    state, rules = observe(so_far), so_far.rules
    reason = stop_reason(state, rules)
    if reason is not None:
        return Step(state.estimate, reason, None)
    hinted = state if so_far.hint is None else observe(so_far, so_far.hint)
    item = choose(hinted, rules)
    return Step(state.estimate, "exhausted" if item is None else None, item)


def explain(so_far: TestSoFar, count: int = 10) -> Choice:
    """The choice that `next_step` makes where the test goes on, with the criterion's values, best first."""
    state, rules = observe(so_far, so_far.hint), so_far.rules
    criterion = rules.criterion_for(state.bank)
    stages = _narrowed(state, rules)
    (_, unused), (_, available) = stages[0], stages[-1]
    chosen, by = _chosen(state, rules, available)
    return Choice(
        chosen=None if chosen is None else Candidate(chosen, float(criterion.values(state)[chosen])),
        by=by,
        criterion=criterion.name,
        candidates=tuple(starmap(Candidate, criterion.leaders(state, available, count).pairs)),
        closed=tuple(
            Candidate(item, value, next(name for name, left in stages if not left.allows(item)))
            for item, value in criterion.leaders(state, unused, count).pairs
            if not available.allows(item)
        ),
    )


def observe(so_far: TestSoFar, believed: NormalPrior | None = None) -> CatState:
    """The state that the rules look at; with `believed` in the place of the prior."""
    bank, rules = so_far.bank, so_far.rules
    belief = believed or so_far.prior or rules.prior_rule.prior(bank.n_dimensions)
    answers = Answers.given(so_far.items, so_far.scores)
    estimator = rules.ability_for(bank)
    estimate, posterior = estimator.estimate(bank, answers, belief)
    return CatState(
        bank,
        belief,
        tuple(so_far.items),
        answers,
        estimate.limited(),
        posterior,
        so_far.seed,
        rules.max_questions,
        estimator,
        rules.edition,
    )


def stop_reason(state: CatState, rules: CatRules) -> str | None:
    """Name of the rule that ends the test here; where none may, only an empty pool does."""
    if rules.may_stop(state.position):
        for rule in rules.stop:
            if rule.met(state):
                return rule.reason
        if state.position >= rules.max_questions:
            return "length"
    return "exhausted" if len(set(state.used)) >= state.bank.n_items else None


def choose(state: CatState, rules: CatRules) -> int | None:
    """The next question, None if no question may come."""
    return _chosen(state, rules, eligible(state, rules))[0]


def _chosen(state: CatState, rules: CatRules, available: Available) -> tuple[int | None, str]:
    """The next question and the name of the rule that chose it."""
    if not available.count:
        return None, ""
    criterion = rules.criterion_for(state.bank)
    if rules.start is not None:
        first = rules.start.choose(state, criterion, rules.strategy, available)
        if first is not None:
            return first, rules.start.name
    return rules.strategy.choose(state, criterion, available), rules.strategy.name


def eligible(state: CatState, rules: CatRules) -> Available:
    """What may come next: unused, and let through by every eligibility rule in turn."""
    return _narrowed(state, rules)[-1][1]


def _narrowed(state: CatState, rules: CatRules) -> list[tuple[str, Available]]:
    """The unused questions, and what each eligibility rule in turn leaves of them, by its name.

    Hard content goes first, whatever its place in the list, and then what all of it together leaves: so that
    what a later rule chooses from can always be finished.
    """
    stages = [("", Available(state.bank.n_items, frozenset(state.used)))]
    criterion = rules.criterion_for(state.bank)
    hard = [rule for rule in rules.eligibility if rule.is_hard and state.edition > FIRST_EDITION]
    for rule in hard:
        available = stages[-1][1]
        stages.append((rule.name, available.only(rule.narrow(state, criterion, available.mask))))
    if hard and needs_look_ahead(hard, state.bank):
        available = stages[-1][1]
        names = "+".join(rule.name for rule in hard)
        stages.append((names, available.only(completable(hard, state, available.mask))))
    for rule in rules.eligibility:
        if rule not in hard:
            available = stages[-1][1]
            stages.append((rule.name, available.only(rule.narrow(state, criterion, available.mask))))
    return stages
