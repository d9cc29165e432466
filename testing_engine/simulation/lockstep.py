"""All students take their next step at once: EAP and maximum information in one dimension, exposure rules.

The same formulas as one student's step, on arrays with a row per student. The choice is that of a full
scan: cells of the ability scale list the questions in the order of an upper bound of their information
within the cell, so the best of the first few is the best of all if its information is above the next bound
(see `psychometrics.ranking`); where it is not, the whole pool is scanned for that student.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.ability.estimators import ExpectedAPosteriori
from testing_engine.psychometrics.ability.posterior import (
    STEPS_PER_SD,
    Answers,
    GridPosterior,
    default_quadrature,
    grid_posterior,
    log_prior,
)
from testing_engine.psychometrics.ability.priors import JeffreysPrior, Prior
from testing_engine.psychometrics.ability.quadrature import Quadrature, answer_table
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.criteria import MaximumInformation
from testing_engine.psychometrics.selection.strategies import Best
from testing_engine.psychometrics.stopping import Classification, Precision, Stop
from testing_engine.simulation import lockstep_exposure
from testing_engine.simulation.lockstep_exposure import ExposureGates
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken

CELLS_PER_LOGIT = 32
ENTRIES_AT_ONCE = 50_000_000  # students × questions, a byte each
NUMBERS_AT_ONCE = 2_000_000  # students × questions, several of eight bytes each
MOST_AT_ONCE = 5_000  # students
KEPT_CELLS = 1_024
FIRST_LOOK = 12  # questions beyond those that may be used already
ROUNDING = 1 + 1e-12  # so that bounds hold in floating point, too


def understood(bank: ItemBank, rules: CatRules, prior: Prior) -> bool:
    """Whether this module does what `next_step` does under these rules."""
    return (
        rules.is_adaptive(bank)
        and bank.n_dimensions == 1
        and rules.ability_for(bank) == ExpectedAPosteriori()
        and rules.criterion_for(bank) == MaximumInformation()
        and rules.strategy == Best()
        and rules.start is None
        and lockstep_exposure.understood(rules.eligibility)
        and not isinstance(prior, JeffreysPrior)
        and all(_stop_understood(stop) for stop in rules.stop)
    )


def _stop_understood(stop: Stop) -> bool:
    if isinstance(stop, Precision):
        return stop == Precision(standard_error=stop.standard_error)
    return type(stop) is Classification


def take_tests(bank: ItemBank, rules: CatRules, prior: Prior, students: Students) -> Taken:
    """Every student's whole test; as many at once as memory should hold."""
    entries = NUMBERS_AT_ONCE if rules.eligibility else ENTRIES_AT_ONCE
    at_once = int(np.clip(entries // bank.n_items, 1, MOST_AT_ONCE))
    ranking = Ranking(bank, min(rules.max_questions, bank.n_items))
    table = AnswerRows(bank, default_quadrature(bank, prior))
    blocks = [
        _take_block(rules, Beliefs(table, prior, len(block.thetas)), ranking, block)
        for block in students.blocks(at_once)
    ]
    return Taken.joined(blocks)


def _take_block(rules: CatRules, beliefs: "Beliefs", ranking: "Ranking", students: Students) -> Taken:
    bank, count = ranking.bank, len(students.thetas)
    longest = min(rules.max_questions, bank.n_items)
    taken = Taken.blank(count, longest, 1)
    given = np.zeros((count, bank.n_items), dtype=bool)
    closed = students.closed
    used = given if closed is None else closed.copy()
    most = np.full(count, bank.n_items) if closed is None else np.asarray((~closed).sum(axis=1))
    active = np.arange(count)
    gates = ExposureGates(rules.eligibility, students.seeds, bank.n_items) if rules.eligibility else None
    for position in range(longest + 1):
        beliefs.look(active, taken)
        reasons = _reasons(rules, beliefs, position, np.minimum(most[active], longest))
        stopped = reasons != ""
        taken.stops[active[stopped]] = reasons[stopped]
        taken.estimates[active[stopped], 0] = beliefs.means[stopped]
        taken.standard_errors[active[stopped], 0] = beliefs.sds[stopped]
        taken.overall_errors[active[stopped]] = beliefs.sds[stopped]
        beliefs.keep(~stopped)
        active = active[~stopped]
        if not active.size:
            break
        items = _chosen(ranking, gates, beliefs.means, used, active, position)
        if closed is not None:
            wanted = _chosen(ranking, gates, beliefs.means, given, active, position)
            taken.unrecorded[active] += closed[active, wanted]
            given[active, items] = True
        scores = students.answers(bank, active, items, position)
        used[active, items] = True
        taken.items[active, position], taken.scores[active, position] = items, scores
        taken.before[active, position, 0] = beliefs.means
        beliefs.learn(items, scores)
    return taken


def _chosen(
    ranking: "Ranking",
    gates: ExposureGates | None,
    thetas: FloatArray,
    used: BoolArray,
    active: IntArray,
    position: int,
) -> IntArray:
    """(A,) the next question of each test, none of those that are `used` (S, N)."""
    if gates is None:
        return ranking.best(thetas, used, active, position)
    closed = gates.closed(used[active], active, thetas, position)
    return ranking.best(thetas, closed, np.arange(len(active)), position)


def _reasons(rules: CatRules, beliefs: "Beliefs", position: int, longest: IntArray) -> np.ndarray:
    """(A,) the name of the rule that ends each test here, or "": the first that is met, as in
    `stop_reason`. `longest` (A,): how many questions each may have.
    """
    reasons = np.full(len(beliefs.means), "", dtype=object)
    if rules.may_stop(position):
        for stop in reversed(rules.stop):
            reasons[beliefs.meet(stop)] = stop.reason
    over = (reasons == "") & (position >= longest)
    reasons[over] = "length" if position >= rules.max_questions else "exhausted"
    return reasons


class Beliefs:
    """The posteriors of the A students who are still at it."""

    def __init__(self, table: "AnswerRows", prior: Prior, count: int) -> None:
        self.table, self.prior = table, prior
        self.quadrature = table.quadrature
        self.log_prior = log_prior(table.bank, Answers.given((), ()), prior, self.quadrature.nodes)
        self.finer: dict[int, GridPosterior] = {}
        self.log_likelihood = np.zeros((count, self.quadrature.points))
        self.density = self.means = self.sds = np.zeros(0)

    def learn(self, items: IntArray, scores: IntArray) -> None:
        self.log_likelihood += self.table.rows(items, scores)

    def look(self, active: IntArray, taken: Taken) -> None:
        """Means and standard deviations; on a finer grid for those that this one hardly resolves."""
        log_density = self.log_likelihood + self.log_prior
        log_density -= log_density.max(axis=1)[:, None]
        density = np.exp(log_density, out=log_density)
        total, first, second = (density @ self.quadrature.moments).T
        self.means = first / total
        self.sds = np.sqrt(np.maximum(second / total - self.means**2, 0.0))
        self.density = density
        self.totals = total
        self.finer = {
            i: grid_posterior(self.table.bank, taken.answers(int(active[i])), self.prior)
            for i in np.flatnonzero(self.sds < STEPS_PER_SD * self.quadrature.step).tolist()
        }
        for i, posterior in self.finer.items():
            self.means[i], self.sds[i] = posterior.mean, posterior.sd

    def meet(self, stop: Stop) -> BoolArray:
        """(A,) whether a rule would stop each test; the rules of `understood` only."""
        if isinstance(stop, Precision):
            return np.asarray(self.sds <= stop.standard_error)
        if not isinstance(stop, Classification):
            raise TypeError(f"no lock-step form of {stop.name}")
        met = np.ones(len(self.means), dtype=bool)
        for cut in stop.cuts:
            below = np.clip(self.density @ self.quadrature.below(cut) / self.totals, 0.0, 1.0)
            for i, posterior in self.finer.items():
                below[i] = posterior.below(cut)
            met &= np.maximum(below, 1 - below) >= stop.probability
        return met

    def keep(self, going_on: BoolArray) -> None:
        if not going_on.all():
            self.log_likelihood = self.log_likelihood[going_on]
            self.means, self.sds = self.means[going_on], self.sds[going_on]


class AnswerRows:
    """log P of answers on the grid; of large pools, of the questions in use."""

    def __init__(self, bank: ItemBank, quadrature: Quadrature) -> None:
        self.bank, self.quadrature, self.nodes = bank, quadrature, quadrature.nodes[:, None]
        whole = answer_table(bank, quadrature).whole
        categories = int(bank.n_categories.max())
        self.slots = np.arange(bank.n_items) if whole is not None else np.full(bank.n_items, -1)
        self.entries = whole if whole is not None else np.empty((0, categories, quadrature.points))

    def rows(self, items: IntArray, scores: IntArray) -> FloatArray:
        """(n, G)"""
        new = np.unique(items[self.slots[items] < 0])
        if new.size:
            self.slots[new] = len(self.entries) + np.arange(len(new))
            entered = self.bank.log_probabilities(self.nodes, new).swapaxes(0, 1)
            self.entries = np.concatenate([self.entries, entered])
        return np.asarray(self.entries[self.slots[items], scores])


@dataclass(frozen=True, eq=False)
class Cell:
    items: IntArray  # (M,) by falling bound
    bounds: FloatArray  # (M + 1,), of each, then the largest of all others


class Ranking:
    """The most informative unused question for each of many students."""

    def __init__(self, bank: ItemBank, longest: int) -> None:
        self.bank = bank
        self.depth = min(longest + FIRST_LOOK, bank.n_items)
        self.places: dict[int, int] = {}
        self.items = np.empty((0, self.depth), dtype=np.intp)
        self.bounds = np.empty((0, self.depth + 1))

    def best(self, thetas: FloatArray, used: BoolArray, active: IntArray, position: int) -> IntArray:
        """(A,) for abilities (A,); `used` is (S, N), or all that may not come; `active` (A,) the rows that
        count."""
        places = self._places(np.floor(thetas * CELLS_PER_LOGIT).astype(np.intp))
        look = min(position + FIRST_LOOK, self.depth)
        items = self.items[places, :look]
        values = pair_information(self.bank, items, thetas[:, None])
        values[used[active[:, None], items]] = -np.inf
        leading = values.max(axis=1)
        best = np.where(values == leading[:, None], items, self.bank.n_items).min(axis=1)
        unsure = np.flatnonzero(leading <= self.bounds[places, look])
        at_once = max(NUMBERS_AT_ONCE // 4 // self.bank.n_items, 1)
        for start in range(0, len(unsure), at_once):
            rows = unsure[start : start + at_once]
            best[rows] = self._best_of_all(thetas[rows], used[active[rows]])
        return np.asarray(best)

    def _best_of_all(self, thetas: FloatArray, used: BoolArray) -> IntArray:
        everything = np.broadcast_to(np.arange(self.bank.n_items), used.shape)
        values = pair_information(self.bank, everything, thetas[:, None])
        return np.asarray(np.where(used, -np.inf, values).argmax(axis=1))

    def _places(self, cells: IntArray) -> IntArray:
        """(A,) rows of `items` and `bounds`, after making those of cells visited for the first time."""
        distinct, inverse = np.unique(cells, return_inverse=True)
        new = [cell for cell in distinct.tolist() if cell not in self.places]
        if new:
            made = [self._cell(cell) for cell in new]
            self.places |= {cell: len(self.items) + i for i, cell in enumerate(new)}
            self.items = np.concatenate([self.items, [cell.items for cell in made]])
            self.bounds = np.concatenate([self.bounds, [cell.bounds for cell in made]])
        return np.array([self.places[cell] for cell in distinct.tolist()])[inverse]

    def _cell(self, index: int) -> Cell:
        """Kept on the bank, like the cells of `psychometrics.ranking`."""
        key = ("lock-step cell", (index, self.depth))
        return self.bank.derived(key, lambda: self._make_cell(index), KEPT_CELLS)

    def _make_cell(self, index: int) -> Cell:
        bank = self.bank
        centre = np.array([(index + 0.5) / CELLS_PER_LOGIT])
        bounds = bank.information(centre) * bank.squared_steepness * ROUNDING
        bounds *= np.exp(bank.growth(centre) * bank.steepness * (0.5 / CELLS_PER_LOGIT))
        if self.depth < bank.n_items:
            leading = np.argpartition(-bounds, self.depth)[: self.depth + 1]
        else:
            leading = np.arange(bank.n_items)
        leading = leading[np.argsort(-bounds[leading], kind="stable")]
        ordered = np.append(bounds[leading], -np.inf)
        return Cell(leading[: self.depth], ordered[: self.depth + 1])


def pair_information(bank: ItemBank, items: IntArray, thetas: FloatArray) -> FloatArray:
    """Information of questions about abilities, element by element, in a pool of one dimension.

    The same operations as in a scan of the pool, so the same bits.
    """
    flat = items.ravel()
    t = (bank.slopes[:, 0][items] * thetas + bank.intercepts[items]).ravel()
    information = np.empty(len(flat))
    for family, rows, own in bank.by_family(flat):
        information[own] = family.take(rows).information(t[own])
    information *= bank.squared_steepness[flat]
    return information.reshape(items.shape)
