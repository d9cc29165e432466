"""All students take their next step at once: EAP and maximum information in one dimension, exposure rules,
the best question or one of the best.

The same formulas as one student's step, on arrays with a row per student. The choice is that of a full
scan (`lockstep_ranking`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from testing_engine.psychometrics.ability.estimators import ExpectedAPosteriori
from testing_engine.psychometrics.ability.grid_posteriors import GridPosterior, grid_posterior
from testing_engine.psychometrics.ability.grids import (
    MOST_ALIASED,
    MOST_AT_ENDS,
    STEPS_PER_SD,
    aliased,
    grids_for,
)
from testing_engine.psychometrics.ability.posterior import Answers, log_prior
from testing_engine.psychometrics.ability.priors import JeffreysPrior, NormalPrior, Prior
from testing_engine.psychometrics.ability.quadrature import Quadrature, answer_table, compiled_table
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.criteria import MaximumInformation
from testing_engine.psychometrics.selection.start import RandomesqueStart
from testing_engine.psychometrics.selection.strategies import Best, Randomesque
from testing_engine.psychometrics.state import rng_of_step
from testing_engine.psychometrics.stopping import Classification, Precision, Stop
from testing_engine.simulation import lockstep_exposure
from testing_engine.simulation.lockstep_exposure import ExposureGates
from testing_engine.simulation.lockstep_ranking import Leading, Ranking
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken

Tell = Callable[[float], None]  # hears which share is done; may break off by raising

ENTRIES_AT_ONCE = 50_000_000  # students × questions, a byte each
NUMBERS_AT_ONCE = 2_000_000  # students × questions, several of eight bytes each
MOST_AT_ONCE = 5_000  # students
FIRST_LOOK = 12  # questions beyond those that may be used already
FIRST_LOOK_MINDED = 48  # the same where exposure rules may close some


def understood(bank: ItemBank, rules: CatRules, prior: Prior) -> bool:
    """Whether this module does what `next_step` does under these rules."""
    return (
        rules.is_adaptive(bank)
        and bank.n_dimensions == 1
        and rules.ability_for(bank) == ExpectedAPosteriori()
        and rules.criterion_for(bank) == MaximumInformation()
        and type(rules.strategy) in (Best, Randomesque)
        and (rules.start is None or type(rules.start) is RandomesqueStart)
        and lockstep_exposure.understood(rules.eligibility)
        and not isinstance(prior, JeffreysPrior)
        and all(_stop_understood(stop) for stop in rules.stop)
    )


def _stop_understood(stop: Stop) -> bool:
    if isinstance(stop, Precision):
        return stop == Precision(standard_error=stop.standard_error)
    return type(stop) is Classification


def take_tests(
    bank: ItemBank, rules: CatRules, prior: Prior, students: Students, tell: Tell = lambda share: None
) -> Taken:
    """Every student's whole test; as many at once as memory should hold."""
    entries = NUMBERS_AT_ONCE if rules.eligibility else ENTRIES_AT_ONCE
    at_once = int(np.clip(entries // bank.n_items, 1, MOST_AT_ONCE))
    depth = min(rules.max_questions, bank.n_items) + _further_look(rules)
    ranking = Ranking(bank, depth, rules.edition)

    def take(block: Students, tell: Tell) -> Taken:
        return _take_block(
            rules, Beliefs(bank, prior, len(block.thetas), rules.edition), ranking, block, tell
        )

    return in_blocks(students, at_once, take, tell)


def in_blocks(students: Students, at_once: int, take: Callable[[Students, Tell], Taken], tell: Tell) -> Taken:
    """Blocks of students one after the other; `take` tells which share of its block is done."""
    blocks = list(students.blocks(at_once))
    taken = []
    for number, block in enumerate(blocks):
        taken.append(take(block, lambda share, before=number: tell((before + share) / len(blocks))))  # type: ignore[misc]
        tell((number + 1) / len(blocks))
    return Taken.joined(taken)


def _take_block(
    rules: CatRules, beliefs: "Beliefs", ranking: "Ranking", students: Students, tell: Tell
) -> Taken:
    bank, count = ranking.bank, len(students.thetas)
    longest = min(rules.max_questions, bank.n_items)
    taken = Taken.blank(count, longest, 1)
    given = np.zeros((count, bank.n_items), dtype=bool)
    closed = students.closed
    used = given if closed is None else closed.copy()
    most = np.full(count, bank.n_items) if closed is None else np.asarray((~closed).sum(axis=1))
    active = np.arange(count)
    choosing = Choosing(rules, ranking, students)
    for position in range(longest + 1):
        beliefs.look(active, taken)
        reasons = reasons_to_end(rules, position, np.minimum(most[active], longest), beliefs.meet)
        stopped = reasons != ""
        taken.stops[active[stopped]] = reasons[stopped]
        taken.estimates[active[stopped], 0] = beliefs.means[stopped]
        taken.standard_errors[active[stopped], 0] = beliefs.sds[stopped]
        taken.overall_errors[active[stopped]] = beliefs.sds[stopped]
        beliefs.keep(~stopped)
        active = active[~stopped]
        if not active.size:
            break
        tell(position / longest)
        choosing.draw(active, position)
        items = choosing.items(active, beliefs.means, used, position)
        if closed is not None:
            wanted = choosing.items(active, beliefs.means, given, position)
            lacking = closed[active, wanted]
            taken.unrecorded[active] += lacking
            given[active[lacking], wanted[lacking]] = True  # each is missed once
            given[active, items] = True
        scores = students.answers(bank, active, items, position)
        used[active, items] = True
        taken.items[active, position], taken.scores[active, position] = items, scores
        taken.before[active, position, 0] = beliefs.means
        beliefs.learn(items, scores)
    return taken


def _further_look(rules: CatRules) -> int:
    """Questions that are looked at beyond those that may be used already."""
    most = max(rules.start.counts) if isinstance(rules.start, RandomesqueStart) else 1
    if isinstance(rules.strategy, Randomesque):
        most = max(most, rules.strategy.count)
    return most + (FIRST_LOOK_MINDED if rules.eligibility else FIRST_LOOK)


class Choosing:
    """The next question of each student of a block."""

    def __init__(self, rules: CatRules, ranking: Ranking, students: Students) -> None:
        self.rules, self.ranking, self.seeds = rules, ranking, students.seeds
        self.further = _further_look(rules)
        n_items = ranking.bank.n_items
        self.gates = ExposureGates(rules.eligibility, students.seeds, n_items) if rules.eligibility else None

    def draw(self, active: IntArray, position: int) -> None:
        """What these students (A,) draw at a position, once for all that is chosen there."""
        if self.gates is not None:
            self.gates.draw(active, position)

    def items(self, active: IntArray, thetas: FloatArray, used: BoolArray, position: int) -> IntArray:
        """(A,) for the students (A,) who go on, at estimates (A,): none of those that are `used` (S, N)."""
        gates = self.gates

        def is_open(items: IntArray) -> BoolArray:
            unused: BoolArray = ~used[active[:, None], items]
            return unused if gates is None else unused & gates.unminded(items, active, thetas)

        def open_to(rows: IntArray) -> BoolArray:
            unused = ~used[active[rows]]
            return unused if gates is None else gates.let_through(unused, rows, active, thetas)

        count = self._count(position)
        look = position + self.further
        leading = self.ranking.leading(thetas, look, count, is_open, open_to)
        if count == 1:
            return leading.items[:, 0]
        return leading.items[np.arange(len(active)), self._drawn(leading, active, position)]

    def _count(self, position: int) -> int:
        """Of how many of the best one is drawn; 1 where the best is taken."""
        start, strategy = self.rules.start, self.rules.strategy
        if isinstance(start, RandomesqueStart) and position < len(start.counts):
            return start.counts[position]
        return strategy.count if isinstance(strategy, Randomesque) else 1

    def _drawn(self, leading: Leading, active: IntArray, position: int) -> IntArray:
        """(A,) as `Randomesque` draws."""
        pairs = zip(active.tolist(), leading.counts.tolist(), strict=True)
        drawn = [
            int(rng_of_step(self.seeds[student], position, 0).integers(count)) for student, count in pairs
        ]
        return np.array(drawn, dtype=np.intp)


def reasons_to_end(
    rules: CatRules, position: int, longest: IntArray, meet: Callable[[Stop], BoolArray]
) -> np.ndarray:
    """(A,) the name of the rule that ends each test here, or "": the first that is met, as in
    `stop_reason`. `longest` (A,): how many questions each may have; `meet`: (A,) who meets a rule.
    """
    reasons = np.full(len(longest), "", dtype=object)
    if rules.may_stop(position):
        for stop in reversed(rules.stop):
            reasons[meet(stop)] = stop.reason
    over = (reasons == "") & (position >= longest)
    reasons[over] = "length" if position >= rules.max_questions else "exhausted"
    return reasons


class Beliefs:
    """The posteriors of the A students who are still at it."""

    def __init__(self, bank: ItemBank, prior: Prior, count: int, edition: int) -> None:
        self.bank, self.prior, self.edition = bank, prior, edition
        self.grids = grids_for(bank, prior, edition)
        table = answer_table if self.grids.between is None else compiled_table
        self.tables = [table(bank, part) for part in self.grids.parts]
        self.given: list[tuple[IntArray, IntArray]] = []  # (A,) questions and scores at each position
        self.log_likelihoods = [np.zeros((count, self.grids.first.points))]  # of the parts needed so far
        self.means = self.sds = np.zeros(0)

    def learn(self, items: IntArray, scores: IntArray) -> None:
        self.given.append((items, scores))
        for table, log_likelihood in zip(self.tables, self.log_likelihoods, strict=False):
            log_likelihood += table.rows(items.tolist(), scores.tolist())

    def look(self, active: IntArray, taken: Taken) -> None:
        """Means and standard deviations; on finer or wider grids for those that need them, as
        `grid_posterior`."""

        def alone(row: int) -> GridPosterior:
            answers = taken.answers(int(active[row]))
            return grid_posterior(self.bank, answers, self.prior, edition=self.edition)

        self.alone = cache(alone)
        seen = self._seen(self.grids.first, self.log_likelihoods[0])
        self.means, self.sds = seen.means, seen.sds
        if self.grids.between is None:
            coarse = by_itself = self.sds < STEPS_PER_SD * self.grids.first.step
        else:
            coarse, by_itself = seen.left > MOST_ALIASED, seen.overhangs
            rows = np.flatnonzero(coarse & ~by_itself)
            if rows.size:
                whole = self._on_whole(rows)
                self.means[rows], self.sds[rows] = whole.means, whole.sds
                by_itself[rows] = whole.left > MOST_ALIASED
        for row in np.flatnonzero(by_itself).tolist():
            self.means[row], self.sds[row] = self.alone(row).mean, self.alone(row).sd
        if not self.given and self.grids.between is not None:
            assert isinstance(self.prior, NormalPrior)
            self.means[:], self.sds[:] = self.prior.location_scale
        self.inexact = np.flatnonzero(coarse | by_itself).tolist()  # whose probabilities take finer grids

    def _on_whole(self, rows: IntArray) -> "Seen":
        for table in self.tables[len(self.log_likelihoods) :]:  # what nobody needed before
            late = np.zeros((len(self.means), len(table.nodes)))
            for items, scores in self.given:
                late += table.rows(items.tolist(), scores.tolist())
            self.log_likelihoods.append(late)
        return self._seen(self.grids.whole, self.grids.joined([each[rows] for each in self.log_likelihoods]))

    def _seen(self, quadrature: Quadrature, log_likelihood: FloatArray) -> "Seen":
        own = log_prior(self.bank, Answers.given((), ()), self.prior, quadrature.nodes)
        columns = quadrature.moments if self.grids.between is None else quadrature.alternating
        return Seen.of(quadrature, log_likelihood + own, columns)

    def meet(self, stop: Stop) -> BoolArray:
        """(A,) whether a rule would stop each test; the rules of `understood` only."""
        if isinstance(stop, Precision):
            return np.asarray(self.sds <= stop.standard_error)
        if not isinstance(stop, Classification):
            raise TypeError(f"no lock-step form of {stop.name}")
        seen = self._on_whole(np.arange(len(self.means)))
        met = np.ones(len(self.means), dtype=bool)
        for cut in stop.cuts:
            below = seen.below(cut)
            for row in self.inexact:
                below[row] = self.alone(row).below(cut)
            met &= np.maximum(below, 1 - below) >= stop.probability
        return met

    def keep(self, going_on: BoolArray) -> None:
        if not going_on.all():
            self.log_likelihoods = [each[going_on] for each in self.log_likelihoods]
            self.given = [(items[going_on], scores[going_on]) for items, scores in self.given]
            self.means, self.sds = self.means[going_on], self.sds[going_on]


@dataclass(frozen=True, eq=False)
class Seen:
    """Posteriors of students, a row each, on one grid, with the formulas of `GridPosterior`."""

    quadrature: Quadrature
    density: FloatArray  # (S, G) up to a constant
    sums: FloatArray  # (K, S) of the density × each of K columns, the moments first

    @classmethod
    def of(cls, quadrature: Quadrature, log_density: FloatArray, columns: FloatArray) -> "Seen":
        """From log densities up to constants, which are written over, and columns (G, K)."""
        log_density -= log_density.max(axis=1)[:, None]
        density = np.exp(log_density, out=log_density)
        # Each student alone: of all together, the last bits would depend on how many there are.
        return cls(quadrature, density, (density[:, None, :] @ columns)[:, 0].T)

    @cached_property
    def means(self) -> FloatArray:
        means: FloatArray = self.sums[1] / self.sums[0]
        return means

    @cached_property
    def sds(self) -> FloatArray:
        return np.asarray(np.sqrt(np.maximum(self.sums[2] / self.sums[0] - self.means**2, 0.0)))

    @property
    def left(self) -> FloatArray:
        """(S,) of their transforms."""
        with np.errstate(divide="ignore", invalid="ignore"):
            variances = self.sums[2] / self.sums[0] - self.means * self.means
            left: FloatArray = aliased(list(self.sums), self.means, variances, self.quadrature.step)
        return np.asarray(np.where(self.sds > 0, left, np.inf))

    @property
    def overhangs(self) -> BoolArray:
        """(S,) whether something is left beyond the ends of the grid."""
        ends = self.density[:, 0] + self.density[:, -1]
        return np.asarray(ends > MOST_AT_ENDS * self.sums[0])

    def below(self, cut: float) -> FloatArray:
        """(S,) probabilities."""
        share = (self.density[:, None, :] @ self.quadrature.below(cut))[:, 0]
        below: FloatArray = np.clip(share / self.sums[0], 0.0, 1.0)
        return below
