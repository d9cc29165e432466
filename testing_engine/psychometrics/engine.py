"""One step of an adaptive test, as a pure function of pool, rules, prior, seed and answers.

No clock, no I/O, no global random state: the same arguments give the same step, to the last bit. So the
service, the simulator and a replay all call `next_step`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from testing_engine.psychometrics.ability import AbilityEstimate, Answers
from testing_engine.psychometrics.items import ItemBank
from testing_engine.psychometrics.priors import NormalPrior
from testing_engine.psychometrics.ranking import Available
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.state import CatState


@dataclass(frozen=True)
class Step:
    ability: AbilityEstimate
    stop: str | None  # why the test ends
    next_item: int | None


@dataclass(frozen=True)
class Candidate:
    item: int
    value: float


def next_step(
    bank: ItemBank,
    rules: CatRules,
    prior: NormalPrior | None,
    seed: int,
    items: Sequence[int],
    scores: Sequence[int],
) -> Step:
    """What the answers so far say, and what to ask next.

    `items` are 0-based, in the order given; `scores` are categories from 0, or −1 for a missing answer: it
    says nothing about ability and the question is used up. `prior` None is the rules' own.
    """
    state = observe(bank, rules, prior, seed, items, scores)
    reason = stop_reason(state, rules)
    if reason is not None:
        return Step(state.estimate, reason, None)
    item = choose(state, rules)
    return Step(state.estimate, "exhausted" if item is None else None, item)


def explain(
    bank: ItemBank,
    rules: CatRules,
    prior: NormalPrior | None,
    seed: int,
    items: Sequence[int],
    scores: Sequence[int],
    count: int = 10,
) -> tuple[Candidate, ...]:
    """The leading candidates for the next question, best first, with the criterion's values."""
    state = observe(bank, rules, prior, seed, items, scores)
    leaders = rules.criterion_for(bank).leaders(state, eligible(state, rules), count)
    return tuple(Candidate(*pair) for pair in zip(leaders.items, leaders.values, strict=True))


def observe(
    bank: ItemBank,
    rules: CatRules,
    prior: NormalPrior | None,
    seed: int,
    items: Sequence[int],
    scores: Sequence[int],
) -> CatState:
    """The state that the rules look at."""
    belief = prior or rules.prior.prior(bank.n_dimensions)
    answers = Answers.given(items, scores)
    estimator = rules.ability_for(bank)
    estimate, posterior = estimator.estimate(bank, answers, belief)
    return CatState(
        bank,
        belief,
        tuple(items),
        answers,
        estimate.limited(),
        posterior,
        seed,
        rules.max_questions,
        estimator,
    )


def stop_reason(state: CatState, rules: CatRules) -> str | None:
    """Name of the rule that ends the test here.

    Before `min_questions` none does but an empty pool, nor before the first question: what was known already
    is no test.
    """
    if state.position >= max(rules.min_questions, 1):
        for rule in rules.stop:
            if rule.met(state):
                return rule.reason
        if state.position >= rules.max_questions:
            return "length"
    return "exhausted" if len(set(state.used)) >= state.bank.n_items else None


def choose(state: CatState, rules: CatRules) -> int | None:
    """The next question, None if no question may come."""
    available = eligible(state, rules)
    if not available.count:
        return None
    criterion = rules.criterion_for(state.bank)
    if rules.start is not None:
        first = rules.start.choose(state, criterion, rules.strategy, available)
        if first is not None:
            return first
    return rules.strategy.choose(state, criterion, available)


def eligible(state: CatState, rules: CatRules) -> Available:
    """What may come next: unused, and let through by every eligibility rule in turn."""
    available = Available(state.bank.n_items, frozenset(state.used))
    criterion = rules.criterion_for(state.bank)
    for rule in rules.eligibility:
        available = available.only(rule.narrow(state, criterion, available.mask))
    return available
