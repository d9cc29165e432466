"""Three and more concepts: EM over persons' own points, with the expansion and the acceleration of one
concept.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from testing_engine.calibration.calibration import Calibration, Scores
from testing_engine.calibration.expectation import Answered, Expectation, answered
from testing_engine.calibration.fit import State, mixed
from testing_engine.calibration.information import Information
from testing_engine.calibration.maximisation import Step, directions, expand, penalty, shortened
from testing_engine.calibration.model import Model
from testing_engine.calibration.point_information import point_information
from testing_engine.calibration.points import PersonPoints, PointExpectation
from testing_engine.calibration.population import Population
from testing_engine.calibration.priors import Priors, density
from testing_engine.calibration.responses import BoolArray, FloatArray, Responses
from testing_engine.calibration.threads import one_blas_thread
from testing_engine.calibration.watching import Iteration, Watch

FEWEST_POINTS, MOST_POINTS = 64, 512
POINTS_TIMES_ANSWERS = 6e6  # short data get more points, for they need and can afford them
FINAL_FACTOR = 2
TOLERANCE = 0.02
SMALL_TOLERANCE = 0.004
SMALL_UP_TO = 50_000  # answers
MOST_STEPS = 100
FIRST_MODE_STEPS = 8
MODE_STEPS = 2


@dataclass(eq=False)
class SeveralCalibration(Calibration):
    """Log-likelihood, scores and errors are quasi-Monte-Carlo; `settings["points_check"]` tells how exact."""

    points: PersonPoints | None = None

    @property
    def several_points(self) -> bool:
        return True

    @cached_property
    def information(self) -> Information:
        assert self.points is not None
        with one_blas_thread():
            return point_information(self.points, self.state, self.priors)

    @cached_property
    def scores(self) -> Scores:
        assert self.points is not None
        naturals = [block.natural(self.state.x) for block in self.model.blocks]
        theta, error = [], []
        with one_blas_thread():
            for chunk in self.points.chunks:
                points, w, _, _ = self.points.weighted(chunk, naturals, self.state.population)
                mean = np.einsum("ns,nsd->nd", w, points)
                theta.append(mean)
                error.append(np.sqrt(np.einsum("ns,nsd->nd", w, (points - mean[:, None]) ** 2)))
        return Scores(np.concatenate(theta), np.concatenate(error))

    def posterior_of(self, j: int) -> FloatArray:
        """Normal posteriors of the item's first concept on 41 nodes over ±4."""
        concept = int(np.argmax(self.model.q[j]))
        who = self.responses.person[self.responses.item == j]
        nodes = np.linspace(-4, 4, 41)
        z = (nodes - self.scores.theta[who, concept, None]) / self.scores.standard_error[who, concept, None]
        p = np.exp(-0.5 * z**2)
        return np.asarray(p / p.sum(axis=1, keepdims=True))


def calibrate_several(
    responses: Responses,
    kept: Responses,
    model: Model,
    priors: Priors,
    seed: int,
    threads: int,
    tolerance: float | None,
    left_out: BoolArray,
    settings: dict[str, Any],
    watch: Watch,
) -> SeveralCalibration:
    n_points = number_of_points(kept.n_answers, model.q.shape[1])
    points = PersonPoints(kept, model, n_points, seed, threads)
    usual = SMALL_TOLERANCE if kept.n_answers <= SMALL_UP_TO else TOLERANCE
    wanted = tolerance or usual
    state = _iterate(points, model.start.copy(), model.population, priors, wanted, watch)
    if state.has_no_estimate(model, np.zeros((0, model.q.shape[1]))):
        state.converged = False
    check = PersonPoints(kept, model, n_points * FINAL_FACTOR, seed + 1, threads)
    check.mode = points.mode
    again = check.expect(state.x, state.population)
    settings = settings | {
        "points": n_points,
        "points_check": {
            "points": n_points * FINAL_FACTOR,
            "log_likelihood_change": again.log_likelihood - state.log_likelihood,
        },
    }
    data: Answered = answered(kept, model)
    nodes = np.zeros((0, model.q.shape[1]))
    return SeveralCalibration(
        responses, model, priors, nodes, state, data, left_out, threads, settings, points
    )


def number_of_points(n_answers: int, n_concepts: int) -> int:
    """A power of two, at least 64, or 128 from six concepts on."""
    affordable = 2 ** int(np.log2(POINTS_TIMES_ANSWERS / max(n_answers, 1) + 1))
    fewest = FEWEST_POINTS if n_concepts <= 5 else 2 * FEWEST_POINTS
    return int(np.clip(affordable, fewest, MOST_POINTS))


def _iterate(
    points: PersonPoints,
    x: FloatArray,
    population: Population,
    priors: Priors,
    tolerance: float,
    watch: Watch,
) -> State:
    model = points.model
    past_f: list[FloatArray] = []
    past_g: list[FloatArray] = []
    trace: list[float] = []
    converged = False
    decrement = largest = np.inf
    for number in range(MOST_STEPS):
        points.modes(x, population, FIRST_MODE_STEPS if number == 0 else MODE_STEPS)
        found = points.expect(x, population)
        trace.append(found.log_likelihood)
        before = np.concatenate([x, population.vector()])
        steps = _steps(model, x, found, priors)
        new = shortened(model, x, steps, directions(model, steps))
        covariance = found.second - np.einsum("gd,ge->gde", found.mean, found.mean)
        new, new_population = expand(model, new, population, found.mean, covariance, priors, found.persons)
        after = np.concatenate([new, new_population.vector()])
        f = after - before
        decrement, largest = _sizes(model, f, steps, float(found.persons.sum()))
        watch(Iteration(number + 1, largest, tolerance))
        if max(largest, float(np.sqrt(decrement / 2) / 10)) < tolerance:
            converged = True
            break
        x, population = new, new_population
        if number > 0:
            past_f, past_g = [*past_f, f][-6:], [*past_g, after][-6:]
            x, population = mixed(model, past_f, past_g, x, population)
    log_prior = penalty(model, x, priors)
    empty = Expectation(found.log_likelihood, np.zeros((0, 0)), np.zeros((population.n_groups, 0)))
    return State(
        x,
        population,
        found.log_likelihood,
        log_prior,
        empty,
        converged,
        decrement,
        largest,
        len(trace),
        trace=trace,
    )


def _steps(model: Model, x: FloatArray, found: PointExpectation, priors: Priors) -> list[Step]:
    steps = []
    for block, gradient, information in zip(model.blocks, found.gradient, found.information, strict=True):
        natural = block.natural(x)
        prior = density(priors, block, natural)
        p = natural.shape[1]
        penalised = information.copy()
        penalised[:, range(p), range(p)] += np.maximum(prior.curvature, 0.0)
        steps.append(Step(block, natural, np.zeros(len(natural)), gradient + prior.gradient, penalised))
    return steps


def _sizes(model: Model, f: FloatArray, steps: list[Step], persons: float) -> tuple[float, float]:
    total, largest = 0.0, 0.0
    for step in steps:
        block = step.block
        if block.own_index.size:
            own = f[block.own_index]
            metric = block.own_map.T @ step.information @ block.own_map
            size = np.einsum("np,npr,nr->n", own, metric, own)
            total += float(size.sum())
            largest = max(largest, float(np.sqrt(max(size.max(), 0.0))))
    rest = np.concatenate([f[model.shared], f[len(model.start) :]])
    total += persons * float((rest**2).sum())
    return total, max(largest, float(np.sqrt(persons) * np.abs(rest).max(initial=0)) / 10)
