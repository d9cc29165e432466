"""The iterations: parameter-expanded EM with Anderson acceleration, then Newton steps on the exact
information.

Small problems end with Newton steps, so their numbers are the maximum to some 1e-6. Large ones end when one
plain EM step moves nothing by more than `tolerance` standard errors of complete data.
"""

from dataclasses import dataclass, field

import numpy as np

from testing_engine.calibration.expectation import Answered, Expectation, Sparse, Sufficient
from testing_engine.calibration.information import Information, exact_is_cheap, information
from testing_engine.calibration.maximisation import expand, maximise, moments, penalty
from testing_engine.calibration.model import Model
from testing_engine.calibration.population import Population
from testing_engine.calibration.priors import Priors
from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray
from testing_engine.calibration.watching import Iteration, Watch, unwatched

MEMORY = 6  # steps that Anderson's extrapolation looks back on
LONGEST_MIX = 20.0
RANKS = (12, 26)
COARSE_STEP = 0.15
SINGLE_PRECISION = 0.02  # steps that float32 can still tell from noise, in standard errors
LOW_RANK_FROM = 200_000  # answers
NEWTON_STEPS = 12
NO_MAXIMUM = 30.0  # slope
NEAR_THE_END = 0.5  # of the nodes
SERIES_UP_TO = 150_000  # answers for which Newton's information may be a series


@dataclass(eq=False)
class State:
    """Where the iterations ended."""

    x: FloatArray
    population: Population
    log_likelihood: float
    log_prior: float
    found: Expectation
    converged: bool
    decrement: float  # Newton decrement of the last step
    largest_step: float  # in standard errors
    e_steps: int
    information: Information | None = None
    trace: list[float] = field(default_factory=list)

    def has_no_estimate(self, model: Model, nodes: FloatArray) -> bool:
        """Whether it ended where nothing was estimated: no item, no likelihood, or a population at an end."""
        if not model.blocks or not np.isfinite(self.log_likelihood):
            return True
        return bool((self.population.without_spread() | off_the_nodes(self.population, nodes)).any())


def off_the_nodes(population: Population, nodes: FloatArray) -> BoolArray:
    """(G, D): whose free mean ran to the end of the nodes (Q, D), if there are any."""
    if not len(nodes):
        return np.zeros_like(population.mean_free)
    return np.asarray(population.mean_free & (np.abs(population.mean) > nodes.max() - NEAR_THE_END))


@dataclass(eq=False)
class Iterations:
    data: Answered
    model: Model
    theta: FloatArray
    priors: Priors
    engine: Sparse | Sufficient
    threads: int
    tolerance: float
    max_steps: int
    newton: bool
    watch: Watch = unwatched

    def run(self, x: FloatArray, population: Population) -> State:
        state = self._em(x, population)
        if self.newton and not state.population.without_spread().any():
            state = self._polished(state)
        if self.running_off(state).size or state.has_no_estimate(self.model, self.theta):
            state.converged = False
        return state

    def running_off(self, state: State) -> IntArray:
        """Positions in x of slopes that have no maximum, judged by their size."""
        at = [self.model.shared_slope[np.abs(state.x[self.model.shared_slope]) > NO_MAXIMUM]]
        for block in self.model.blocks:
            steep = np.abs(block.natural(state.x)[:, : block.n_slopes]) > NO_MAXIMUM
            if block.own_index.size:
                at.append(block.own_index[steep.any(axis=1)][:, 0])
        return np.concatenate(at).astype(np.int64)

    # EM

    def _em(self, x: FloatArray, population: Population) -> State:
        levels = self._levels()
        level, steps = 0, 0
        past_f: list[FloatArray] = []
        past_g: list[FloatArray] = []
        best, last = -np.inf, None
        decrement = largest = np.inf
        converged = False
        tolerance = 0.02 if self.newton else self.tolerance
        trace: list[float] = []
        while True:
            found = self.engine.expect(x, population.log_weights(self.theta), levels[level])
            log_prior = penalty(self.model, x, self.priors)
            objective = found.log_likelihood + log_prior
            steps += 1
            fell = last is not None and not objective >= best - max(1e-3, 2e-8 * abs(best))
            if fell and (past_f or level < len(levels) - 1):
                assert last is not None
                if not past_f:
                    level += 1
                x, population = last
                past_f, past_g, best, last = [], [], -np.inf, None
                if steps < self.max_steps:
                    continue
            best = max(best, objective)
            trace.append(found.log_likelihood)
            old, old_population = x, population
            before = np.concatenate([x, population.vector()])
            metric: list[FloatArray] = []
            x = maximise(self.model, x, found, self.theta, self.priors, 3 if steps <= 2 else 1, metric)
            x, population = self._with_population(x, population, found)
            after = np.concatenate([x, population.vector()])
            f = after - before
            last = (x, population)
            decrement, largest = self._sizes(f, metric, found.persons)
            step = max(largest, np.sqrt(decrement / 2), _change(old_population, population))
            self.watch(Iteration(steps, float(step), tolerance))
            if level == 0 and len(levels) > 1 and np.abs(f).max(initial=0) < COARSE_STEP:
                level, best = 1, -np.inf
                past_f, past_g = [], []
                continue
            exact = level == len(levels) - 1
            if step < (tolerance if exact else max(tolerance, SINGLE_PRECISION)) or steps >= self.max_steps:
                if not exact:
                    level, best = len(levels) - 1, -np.inf
                    continue
                converged = bool(step < tolerance)
                x, population = old, old_population
                break
            if steps > 1:
                past_f, past_g = [*past_f, f][-MEMORY:], [*past_g, after][-MEMORY:]
                x, population = mixed(self.model, past_f, past_g, x, population)
        return State(
            x,
            population,
            found.log_likelihood,
            log_prior,
            found,
            converged,
            float(decrement),
            float(largest),
            steps,
            trace=trace,
        )

    def _with_population(
        self, x: FloatArray, population: Population, found: Expectation
    ) -> tuple[FloatArray, Population]:
        """The population of the expected persons; of a normal one, location and scale go into the items."""
        if population.histogram is not None:
            return x, population.reshaped(found.persons, self.theta)
        mean, covariance = moments(found.persons, self.theta)
        n = found.persons.sum(axis=1)
        return expand(self.model, x, population, mean, covariance, self.priors, n)

    def _levels(self) -> list[int | None]:
        if isinstance(self.engine, Sufficient):
            return [0, None]
        large = len(self.data.rows) >= LOW_RANK_FROM and self.theta.shape[1] == 1
        return [*RANKS, None] if large else [None]

    def _sizes(self, f: FloatArray, metric: list[FloatArray], persons: FloatArray) -> tuple[float, float]:
        """Σ fᵀ I f and the largest √(fᵀ I f) of an item, under the complete-data information."""
        total, largest = 0.0, 0.0
        for block, information_ in zip(self.model.blocks, metric, strict=True):
            if not block.own_index.size:
                continue
            own = f[block.own_index]
            size = np.einsum("np,npr,nr->n", own, information_, own)
            total += float(size.sum())
            largest = max(largest, float(np.sqrt(max(size.max(), 0.0))))
        rest = np.concatenate([f[self.model.shared], f[len(self.model.start) :]])
        total += float(persons.sum() * (rest**2).sum())
        return total, max(largest, float(np.sqrt(persons.sum()) * np.abs(rest).max(initial=0)))

    # Newton

    def _polished(self, state: State) -> State:
        """Newton steps while they help; back to EM, more strictly, where the information is not positive."""
        tolerance = self.tolerance
        for attempt in range(4):
            finished, state = self._newton(state)
            if finished:
                return state
            if state.e_steps >= self.max_steps:
                break
            again = Iterations(
                self.data,
                self.model,
                self.theta,
                self.priors,
                self.engine,
                self.threads,
                0.02 / 10 ** (attempt + 1),
                self.max_steps - state.e_steps,
                False,
                self.watch,
            )
            new = again._em(state.x, state.population)
            new.e_steps += state.e_steps
            state = new
        state.information = self._information(state)
        try:
            np.linalg.cholesky(state.information.observed)
        except np.linalg.LinAlgError:
            state.converged = False
        state.converged = bool(state.converged and state.largest_step < max(tolerance, 1e-3))
        return state

    def _information(self, state: State) -> Information:
        return information(
            self.data, self.model, state.x, state.population, self.theta, self.priors, self.threads
        )

    def _newton(self, state: State) -> tuple[bool, State]:
        n = len(self.model.start)
        for _ in range(NEWTON_STEPS):
            now = self._information(state)
            state.e_steps += 1
            if not len(now.gradient):
                state.converged, state.information = True, now
                state.decrement = state.largest_step = 0.0
                return True, state
            try:
                factor = np.linalg.cholesky(now.observed)
            except np.linalg.LinAlgError:
                return False, state
            inverse = np.linalg.inv(factor)
            step = inverse.T @ (inverse @ now.gradient)
            decrement = float(now.gradient @ step)
            error = np.sqrt((inverse**2).sum(axis=0))
            largest = float(np.abs(step / error).max())
            self.watch(Iteration(state.e_steps, largest, self.tolerance))
            objective = now.found.log_likelihood + penalty(self.model, state.x, self.priors)
            state.decrement, state.largest_step = decrement, largest
            state.log_likelihood, state.found = now.found.log_likelihood, now.found
            state.log_prior = objective - state.log_likelihood
            if largest < min(self.tolerance, 1e-4) and decrement < 1e-6:
                state.converged, state.information = True, now
                return True, state
            moved = self._line_search(state, step, objective, n)
            if moved is None:
                return False, state
            state.x, state.population = moved
        return False, state

    def _line_search(
        self, state: State, step: FloatArray, objective: float, n: int
    ) -> tuple[FloatArray, Population] | None:
        for _ in range(6):
            x = state.x + step[:n]
            population = state.population.with_vector(state.population.vector() + step[n:])
            valid = population.valid() and all(
                block.valid(block.natural(x)).all() for block in self.model.blocks
            )
            if valid:
                found = self.engine.expect(x, population.log_weights(self.theta))
                if found.log_likelihood + penalty(self.model, x, self.priors) >= objective - 1e-7:
                    return x, population
            step = step / 2
        return None


def _change(before: Population, after: Population) -> float:
    """Total variation between two histograms, the largest of the groups'; 0 of others."""
    if before.histogram is None or after.histogram is None:
        return 0.0
    apart = np.abs(np.exp(after.histogram) - np.exp(before.histogram)).sum(axis=1)
    return float(apart.max() / 2)


def mixed(
    model: Model, past_f: list[FloatArray], past_g: list[FloatArray], x: FloatArray, population: Population
) -> tuple[FloatArray, Population]:
    """Anderson's extrapolation of the last steps, if it leads to parameters that exist."""
    if len(past_f) < 2 or not np.isfinite(past_f).all():
        return x, population
    df = np.diff(np.array(past_f), axis=0).T
    dg = np.diff(np.array(past_g), axis=0).T
    mix = np.linalg.lstsq(df, past_f[-1], rcond=1e-8)[0]
    if not np.abs(mix).sum() < LONGEST_MIX:
        return x, population
    new = past_g[-1] - dg @ mix
    n = len(model.start)
    candidate = population.with_vector(new[n:])
    good = candidate.valid() and all(block.valid(block.natural(new[:n])).all() for block in model.blocks)
    return (new[:n], candidate) if good else (x, population)


def newton_is_cheap(data: Answered, model: Model, theta: FloatArray) -> bool:
    """Exact information for small data, its series for middling ones."""
    if exact_is_cheap(data.n, theta, model.n_free):
        return True
    return theta.shape[1] == 1 and len(data.rows) <= SERIES_UP_TO and model.n_free <= 1_000
