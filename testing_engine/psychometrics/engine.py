"""One step of an adaptive test, as a pure function of the test so far.

No clock, no I/O, no global random state: the same arguments give the same step, to the last bit. So the
service, the simulator and a replay all call `next_step`.
"""

from dataclasses import replace
from itertools import starmap

import numpy as np

from testing_engine.psychometrics import pilots
from testing_engine.psychometrics.ability.estimators import ExpectedAPosteriori
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.components import FIRST_EDITION
from testing_engine.psychometrics.constraints.look_ahead import completable, needs_look_ahead
from testing_engine.psychometrics.items.parts import Part, counting, in_use
from testing_engine.psychometrics.rules import LINEAR, CatRules
from testing_engine.psychometrics.selection.ranking import Available
from testing_engine.psychometrics.state import CatState
from testing_engine.psychometrics.steps import NO_ABILITY, Candidate, Choice, Step, TestSoFar

__all__ = [
    "Candidate",
    "Choice",
    "Step",
    "TestSoFar",
    "explain",
    "is_pilot",
    "next_step",
    "observe",
    "part_of",
    "within",
]

KEPT_RULES = 64  # of one pool, restricted to a part of it
RANDOM_ORDER = 105  # purpose of random numbers
UNUSED_ESTIMATOR = ExpectedAPosteriori()  # stands in the state of a test that estimates nothing


def next_step(so_far: TestSoFar) -> Step:
    """What the answers so far say, and what to ask next."""
    part = part_of(so_far)
    step = _step(within(so_far, part))
    if step.next_item is None:
        return step
    if so_far.rules.pilots is not None and (pilot := _pilot(so_far, part, step.ability)) is not None:
        _, values = pilot
        return replace(step, next_item=values[0][0])
    return step if part.is_whole else replace(step, next_item=int(part.places[step.next_item]))


def explain(so_far: TestSoFar, count: int = 10) -> Choice:
    """The choice that `next_step` makes where the test goes on, with the criterion's values, best first."""
    part = part_of(so_far)
    if (pilot := _pilot(so_far, part)) is not None:
        how, values = pilot
        leading = values[1:] if how == pilots.SEEDING else values
        told = tuple(starmap(Candidate, leading[:count]))
        return Choice(Candidate(*values[0]), pilots.WHY, how, told, ())
    choice = _explain(within(so_far, part), count)
    return choice if part.is_whole else _in_pool(choice, part)


def part_of(so_far: TestSoFar) -> Part:
    """The questions that the test draws from, pilots left aside."""
    bank = so_far.bank
    return counting(bank) if so_far.rules.is_adaptive(bank) else in_use(bank)


def within(so_far: TestSoFar, part: Part) -> TestSoFar:
    """The same test of that part alone: without pilots, and whatever else is not in it."""
    if part.is_whole:
        return so_far
    if part.bank is None:
        raise ValueError("no question of this pool may come under these rules")
    rules = so_far.rules
    restricted = so_far.bank.derived(
        (f"rules of {part.n_items}", rules), lambda: rules.for_part(part), KEPT_RULES
    )
    kept = [
        (int(part.index[item]), score)
        for item, score in zip(so_far.items, so_far.scores, strict=True)
        if part.holds(item)
    ]
    items, scores = [item for item, _ in kept], [score for _, score in kept]
    return replace(so_far, bank=part.bank, rules=restricted, items=items, scores=scores)


def is_pilot(so_far: TestSoFar, item: int) -> bool:
    """Whether the test tries the question out: its answer then counts in nothing."""
    return so_far.rules.is_adaptive(so_far.bank) and not counting(so_far.bank).holds(item)


def _pilot(
    so_far: TestSoFar, part: Part, ability: AbilityEstimate | None = None
) -> tuple[str, list[tuple[int, float]]] | None:
    """The questions to try out next, the chosen one first, where it is time for one and the test goes on.

    `part`: what counts (`part_of`). `ability`: what the answers say, where the caller knows it.
    """
    rules, bank = so_far.rules, so_far.bank
    if rules.pilots is None or not rules.is_adaptive(bank):
        return None
    tried = sum(not part.holds(item) for item in so_far.items)
    open_items = rules.pilots.open_items(bank)
    count = min(rules.pilots.count, len(open_items))
    places = rules.pilots.places(so_far.seed, rules.shortest(bank), count)
    if tried >= len(places) or len(so_far.items) - tried < places[tried]:
        return None
    among = pilots.candidates(bank, open_items, so_far.items)
    if not among:
        return None
    known = ability or observe(within(so_far, part)).estimate
    return pilots.chosen(rules.pilots, bank, known, so_far.seed, tried, among)


def _step(so_far: TestSoFar) -> Step:
    """The step of a test whose questions all count."""
    rules = so_far.rules
    state = _started(so_far)
    reason = stop_reason(state, rules)
    if reason is not None:
        return Step(state.estimate, reason, None)
    hinted = state if so_far.hint is None else observe(so_far, so_far.hint)
    item = choose(hinted, rules)
    return Step(state.estimate, "exhausted" if item is None else None, item)


def _explain(so_far: TestSoFar, count: int) -> Choice:
    rules = so_far.rules
    state = _started(so_far, so_far.hint)
    stages = _narrowed(state, rules)
    (_, unused), (_, available) = stages[0], stages[-1]
    chosen, by = _chosen(state, rules, available)
    if not rules.is_adaptive(state.bank):
        left = np.flatnonzero(available.mask).tolist()
        values = [Candidate(item, 1 / len(left)) for item in left[:count]]
        return Choice(None if chosen is None else Candidate(chosen, 1 / len(left)), by, by, tuple(values), ())
    criterion = rules.criterion_for(state.bank)
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


def _in_pool(choice: Choice, part: Part) -> Choice:
    """A choice within a part, in the numbers of the whole pool."""

    def placed(candidate: Candidate) -> Candidate:
        return replace(candidate, item=int(part.places[candidate.item]))

    return replace(
        choice,
        chosen=None if choice.chosen is None else placed(choice.chosen),
        candidates=tuple(map(placed, choice.candidates)),
        closed=tuple(map(placed, choice.closed)),
    )


def _started(so_far: TestSoFar, believed: NormalPrior | None = None) -> CatState:
    """The state that the rules look at; without an ability where nothing is chosen by one."""
    bank, rules = so_far.bank, so_far.rules
    if rules.is_adaptive(bank):
        return observe(so_far, believed)
    return CatState(
        bank,
        NormalPrior.standard(1),
        tuple(so_far.items),
        Answers.given(so_far.items, so_far.scores),
        NO_ABILITY,
        None,
        so_far.seed,
        rules.max_questions,
        UNUSED_ESTIMATOR,
        rules.edition,
    )


def observe(so_far: TestSoFar, believed: NormalPrior | None = None) -> CatState:
    """The state that the rules look at; with `believed` in the place of the prior."""
    bank, rules = so_far.bank, so_far.rules
    belief = believed or so_far.prior or rules.prior_rule.prior(bank.n_dimensions)
    items = tuple(so_far.items)
    answers = Answers.given(items, so_far.scores)
    estimator = rules.ability_for(bank)
    estimate, posterior = estimator.estimate(bank, answers, belief)
    return CatState(
        bank,
        belief,
        items,
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
    is_short = state.position < state.bank.n_items
    return None if is_short or len(set(state.used)) < state.bank.n_items else "exhausted"


def choose(state: CatState, rules: CatRules) -> int | None:
    """The next question, None if no question may come."""
    return _chosen(state, rules, eligible(state, rules))[0]


def _chosen(state: CatState, rules: CatRules, available: Available) -> tuple[int | None, str]:
    """The next question and the name of the rule that chose it."""
    if not available.count:
        return None, ""
    if state.estimate is NO_ABILITY:
        return _in_order(state, rules, available)
    criterion = rules.criterion_for(state.bank)
    if rules.start is not None:
        first = rules.start.choose(state, criterion, rules.strategy, available)
        if first is not None:
            return first, rules.start.name
    return rules.strategy.choose(state, criterion, available), rules.strategy.name


def _in_order(state: CatState, rules: CatRules, available: Available) -> tuple[int, str]:
    """The first that may come in the pool's order, or any of them; and the name of that order."""
    selection = rules.selection_for(state.bank)
    left = np.flatnonzero(available.mask)
    if selection == LINEAR:
        return int(left[0]), selection
    return int(state.rng(RANDOM_ORDER).choice(left)), selection


def eligible(state: CatState, rules: CatRules) -> Available:
    """What may come next: unused, and let through by every eligibility rule in turn."""
    return _narrowed(state, rules)[-1][1]


def _narrowed(state: CatState, rules: CatRules) -> list[tuple[str, Available]]:
    """The unused questions, and what each eligibility rule in turn leaves of them, by its name.

    Hard content goes first, whatever its place in the list, and then what all of it together leaves: so that
    what a later rule chooses from can always be finished.
    """
    stages = [("", Available(state.bank.n_items, frozenset(state.used)))]
    if not rules.eligibility:
        return stages
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
