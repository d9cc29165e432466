"""`calibrate`: item parameters, the population and the persons' scores from answers."""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from testing_engine.calibration.blocks import Block
from testing_engine.calibration.diagnosis import diagnose
from testing_engine.calibration.expectation import (
    Answered,
    Sparse,
    Sufficient,
    answered,
    in_order,
    posteriors,
)
from testing_engine.calibration.findings import Finding
from testing_engine.calibration.fit import Iterations, State, newton_is_cheap
from testing_engine.calibration.grid import LIMIT, grid
from testing_engine.calibration.information import Information, covariance_of, information
from testing_engine.calibration.item_rules import left_out_items
from testing_engine.calibration.model import Model, build_model, read_models, read_q_matrix, read_threads
from testing_engine.calibration.parameters import (
    ParameterTable,
    estimate_of,
    not_estimable,
    standard_errors_of,
)
from testing_engine.calibration.population import Population, PopulationError, PopulationEstimate
from testing_engine.calibration.priors import Priors, read_priors
from testing_engine.calibration.responses import BoolArray, FloatArray, Responses, refuse_nothing
from testing_engine.calibration.threads import one_blas_thread
from testing_engine.calibration.watching import Watch, unwatched

SUFFICIENT_FROM = 60_000  # answers
SUFFICIENT_MODELS = {"1PL", "Rasch", "2PL"}
TOLERANCE = 1e-3
LARGE_TOLERANCE = 0.03
LARGE_FROM = 1_500_000  # answers, incomplete
MOST_STEPS = 500
NORMAL, EMPIRICAL = "normal", "empirical"
HISTOGRAM_TOLERANCE = 1e-3  # and the share of the persons that a step moves between nodes
MASS_AT_END = 1e-4  # share of the persons
WIDER = 9.0
NARROW = {1: 0.75, 2: 0.5}  # posterior sd in steps below which the grid is refined
SCORES_UP_TO = 1_000_000  # answers up to which every fit looks at its posteriors


@dataclass(frozen=True, eq=False)
class Scores:
    """Posterior means (EAP) and standard deviations of the persons, (N,) or for several concepts (N, D)."""

    theta: FloatArray
    standard_error: FloatArray


@dataclass(eq=False)
class Calibration:
    """A fitted model. Standard errors, findings and scores are computed when first asked for."""

    responses: Responses
    model: Model
    priors: Priors
    nodes: FloatArray
    state: State
    data: Answered
    left_out: BoolArray
    threads: int
    settings: dict[str, Any]

    @property
    def log_likelihood(self) -> float:
        """Marginal log-likelihood at the estimates, priors not counted."""
        return self.state.log_likelihood

    @property
    def log_prior(self) -> float:
        return self.state.log_prior

    @property
    def converged(self) -> bool:
        return self.state.converged

    @property
    def n_parameters(self) -> int:
        return self.model.n_free

    @cached_property
    def parameters(self) -> ParameterTable:
        entries = {
            item: not_estimable(self.model.models[j], int(self._k(j)), self.model.q.shape[1])
            for j, item in enumerate(self.responses.items)
        }
        for block, row, item in self.item_rows():
            natural = block.natural(self.state.x)[row]
            entries[item] = estimate_of(
                block.model, block.k, natural, block.concepts.tolist(), self.model.q.shape[1]
            )
        return ParameterTable(entries, self._natural_covariance)

    @cached_property
    def standard_errors(self) -> ParameterTable:
        entries = {
            item: not_estimable(self.model.models[j], int(self._k(j)), self.model.q.shape[1])
            for j, item in enumerate(self.responses.items)
        }
        for block, row, item in self.item_rows():
            natural = block.natural(self.state.x)[row]
            entries[item] = standard_errors_of(
                block.model,
                block.k,
                natural,
                self._block_covariance(block, row),
                block.free.tolist(),
                block.concepts.tolist(),
                self.model.q.shape[1],
            )
        return ParameterTable(entries)

    @cached_property
    def population(self) -> dict[Hashable, PopulationEstimate]:
        with one_blas_thread():
            return _population_estimates(self)

    @cached_property
    def scores(self) -> Scores:
        with one_blas_thread():
            return expected_scores(self)

    @cached_property
    def findings(self) -> list[Finding]:
        return diagnose(self)

    @cached_property
    def information(self) -> Information:
        """Observed information at the estimates."""
        if self.state.information is not None:
            return self.state.information
        with one_blas_thread():
            return information(
                self.data,
                self.model,
                self.state.x,
                self.state.population,
                self.nodes,
                self.priors,
                self.threads,
            )

    @cached_property
    def covariance(self) -> FloatArray:
        """Of the free numbers; nan for those along which the likelihood does not curve, as if they were
        given.
        """
        return covariance_of(self.information.observed)

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 of the answers, with which a result can be computed again and compared."""
        digest = hashlib.sha256()
        for part in (
            self.responses.start,
            self.responses.item,
            self.responses.category,
            self.responses.group,
        ):
            digest.update(np.ascontiguousarray(part).tobytes())
        digest.update(repr((self.responses.items, self.responses.groups)).encode())
        return digest.hexdigest()

    @property
    def several_points(self) -> bool:
        """Whether persons were integrated at points of their own (three or more concepts)."""
        return False

    @cached_property
    def fixed_items(self) -> set[int]:
        """Positions of items of which nothing is estimated."""
        return {int(j) for block in self.model.blocks if not block.free.any() for j in block.items}

    def posterior_of(self, j: int) -> FloatArray:
        """Posteriors (n, Q) of the persons who answered item j."""
        who = self.responses.person[self.responses.item == j].astype(np.int64)
        at = who if self.data.pattern is None else self.data.pattern[who]
        log_p = self.model.log_probabilities(self.state.x, self.nodes)
        log_w = self.state.population.log_weights(self.nodes)
        every = [posteriors(self.data, part, log_p, log_w)[0] for part in self.data.blocks(len(self.nodes))]
        return np.asarray(np.concatenate(every)[at])

    def _k(self, j: int) -> int:
        return int(self.model.offset[j + 1] - self.model.offset[j])

    def item_rows(self) -> list[tuple[Block, int, Hashable]]:
        return [
            (block, row, self.responses.items[j])
            for block in self.model.blocks
            for row, j in enumerate(block.items)
        ]

    def _block_covariance(self, block: Block, row: int) -> FloatArray:
        index, jacobian = _natural_map(block, row)
        return np.asarray(jacobian @ self.covariance[np.ix_(index, index)] @ jacobian.T)

    def _natural_covariance(self, items: Sequence[Hashable]) -> FloatArray:
        """Of the natural parameters of these items one after the other; constants have 0."""
        place = {item: (block, row) for block, row, item in self.item_rows()}
        maps = [_natural_map(*place[item]) for item in items]
        index = np.concatenate([each[0] for each in maps])
        size = sum(len(each[1]) for each in maps)
        jacobian = np.zeros((size, len(index)))
        row = column = 0
        for _, part in maps:
            jacobian[row : row + part.shape[0], column : column + part.shape[1]] = part
            row, column = row + part.shape[0], column + part.shape[1]
        return np.asarray(jacobian @ self.covariance[np.ix_(index, index)] @ jacobian.T)


def _natural_map(block: Block, row: int) -> tuple[np.ndarray, FloatArray]:
    index = np.concatenate([block.own_index[row], block.shared_index])
    return index, np.concatenate([block.own_map, block.shared_map], axis=1)


def calibrate(
    responses: Responses,
    model: str | Sequence[str] | Mapping[Hashable, str] = "2PL",
    q_matrix: Any = None,
    fixed: Mapping[Any, Any] | None = None,
    population: str | Mapping[Hashable, tuple[float, float]] = "normal",
    priors: str | Priors = "default",
    seed: int = 0,
    threads: int | None = None,
    *,
    tolerance: float | None = None,
    watch: Watch = unwatched,
) -> Calibration:
    """Maximum marginal likelihood, or with priors its penalised form.

    `model` is one name or one an item. `q_matrix` is (J, D), not 0 where the item measures the concept.
    `fixed` maps items to parameters that are kept (all of them or some); the population's mean and sd are
    then free. `population` is "normal", or "empirical" for a histogram (of one concept; mean and sd as those
    of normal ones), or maps groups to a known (mean, sd); unless known, the first group is N(0, 1) and others
    are free. `seed` decides the points of three or more concepts. `threads` changes the
    time, never the numbers. `watch` is told of every iteration; what it raises ends the calibration.
    """
    refuse_nothing(responses)
    models = read_models(model, responses)
    q = read_q_matrix(q_matrix, responses.n_items)
    prior = read_priors(priors)
    given = _given_population(population)
    n_threads = read_threads(threads)
    if population == EMPIRICAL and q.shape[1] > 1:
        raise PopulationError("population", "an empirical one is for one concept")
    left_out = left_out_items(responses, models, fixed or {})
    kept = responses.without(left_out)
    built = build_model(kept, models, q, fixed, given, left_out)
    settings = {
        "models": models,
        "priors": prior,
        "seed": seed,
        "population": population,
        "fixed": sorted(map(str, fixed or {})),
    }
    with one_blas_thread():
        if q.shape[1] > 2:
            from testing_engine.calibration.several import calibrate_several  # it stands on this module

            return calibrate_several(
                responses, kept, built, prior, seed, n_threads, tolerance, left_out, settings, watch
            )
        data = answered(kept, built)
        has_sums = _sufficient(kept, built) and data.pattern is None
        del kept  # a copy of millions of answers, where an item was left out
        return _on_a_grid(
            responses, data, has_sums, built, prior, n_threads, tolerance, left_out, settings, watch
        )


def _given_population(
    population: str | Mapping[Hashable, tuple[float, float]],
) -> Mapping[Hashable, tuple[float, float]] | None:
    if isinstance(population, str):
        if population not in (NORMAL, EMPIRICAL):
            told = f"must be normal, empirical or a mapping of groups, not {population!r}"
            raise PopulationError("population", told)
        return None
    return population


def _on_a_grid(
    responses: Responses,
    data: Answered,
    has_sums: bool,
    model: Model,
    priors: Priors,
    threads: int,
    tolerance: float | None,
    left_out: BoolArray,
    settings: dict[str, Any],
    watch: Watch,
) -> Calibration:
    """`has_sums`: persons are seen through sums of their answers, all of which are there."""
    n_answers = int(responses.answers_per_item[~left_out].sum())
    refine, limit = 1, LIMIT
    while True:
        nodes = grid(model.q.shape[1], refine, limit)
        engine: Sparse | Sufficient = (
            Sufficient(responses, model, nodes) if has_sums else Sparse(data, model, nodes, threads)
        )
        newton = newton_is_cheap(data, model, nodes)
        large = isinstance(engine, Sparse) and n_answers >= LARGE_FROM
        strict = tolerance or (LARGE_TOLERANCE if large else TOLERANCE)
        iterations = Iterations(
            data, model, nodes, priors, engine, threads, strict, MOST_STEPS, newton, watch
        )
        state = iterations.run(model.start.copy(), model.population)
        if settings["population"] == EMPIRICAL:
            strict = min(strict, HISTOGRAM_TOLERANCE)
            iterations.tolerance, iterations.newton = strict, False
            state = iterations.run(state.x, state.population.as_histogram(nodes))
        settings = settings | {"nodes": len(nodes), "limit": limit, "refined": refine, "tolerance": strict}
        fit = Calibration(responses, model, priors, nodes, state, data, left_out, threads, settings)
        wanted = _better_grid(fit, refine, limit)
        if wanted == (refine, limit):
            return fit
        refine, limit = wanted


def _better_grid(fit: Calibration, refine: int, limit: float) -> tuple[int, float]:
    """A finer or wider grid where posteriors are narrower than the nodes or reach their end."""
    persons = fit.state.found.persons
    nodes = fit.nodes
    at_end = (np.abs(nodes) >= limit - 1e-9).any(axis=1)
    if limit == LIMIT and persons[:, at_end].sum() > MASS_AT_END * persons.sum():
        limit = WIDER
    step = float(np.diff(np.unique(nodes[:, 0])).min())
    narrow = NARROW[nodes.shape[1]]
    if refine == 1 and narrowest(fit) < narrow * step:
        refine = 2
    return refine, limit


def narrowest(fit: Calibration) -> float:
    """A low quantile of the persons' posterior sds: few persons cannot call for a finer grid."""
    if fit.responses.n_answers > SCORES_UP_TO:
        return np.inf
    error = fit.scores.standard_error
    return float(np.quantile(error, 0.01)) if len(error) else np.inf


def _sufficient(responses: Responses, model: Model) -> bool:
    return (
        responses.matrix is not None
        and model.q.shape[1] == 1
        and responses.n_answers >= SUFFICIENT_FROM
        and set(model.models) <= SUFFICIENT_MODELS
        and int(np.diff(model.offset).max()) == 2
    )


def expected_scores(fit: Calibration) -> Scores:
    log_p = fit.model.log_probabilities(fit.state.x, fit.nodes)
    log_w = fit.state.population.log_weights(fit.nodes)

    def work(part: slice) -> tuple[FloatArray, FloatArray]:
        p = posteriors(fit.data, part, log_p, log_w)[0]
        mean = p @ fit.nodes
        return mean, np.sqrt(np.maximum(p @ fit.nodes**2 - mean**2, 0.0))

    found = list(in_order(work, fit.data.blocks(len(fit.nodes)), fit.threads))
    theta = np.concatenate([mean for mean, _ in found])
    error = np.concatenate([sd for _, sd in found])
    if fit.data.pattern is not None:
        theta, error = theta[fit.data.pattern], error[fit.data.pattern]
    return Scores(theta[:, 0], error[:, 0]) if theta.shape[1] == 1 else Scores(theta, error)


def _population_estimates(fit: Calibration) -> dict[Hashable, PopulationEstimate]:
    population: Population = fit.state.population
    n = len(fit.model.start)
    variance = np.diag(fit.covariance)[n:]
    with np.errstate(invalid="ignore"):
        error = np.sqrt(variance)
    errors = population.with_vector(error)
    if population.histogram is not None:  # whose moments have no errors
        errors = replace(
            errors, mean=np.full_like(errors.mean, np.nan), log_sd=np.full_like(errors.log_sd, np.nan)
        )
    for values, free in (
        (errors.mean, population.mean_free),
        (errors.log_sd, population.sd_free),
        (errors.z, population.z_free),
    ):
        values[~free] = np.nan
    result = {}
    d = population.n_concepts
    upper = np.triu_indices(d, 1)
    for g, label in enumerate(fit.responses.groups):
        sd = np.exp(population.log_sd[g])
        sd_error = sd * errors.log_sd[g]
        correlation_error = np.full((d, d), np.nan)
        correlation_error[upper] = errors.z[g] * (1 - np.tanh(population.z[g]) ** 2)
        correlation_error.T[upper] = correlation_error[upper]
        one = d == 1
        result[label] = PopulationEstimate(
            float(population.mean[g, 0]) if one else population.mean[g],
            float(sd[0]) if one else sd,
            population.correlation(g),
            float(errors.mean[g, 0]) if one else errors.mean[g],
            float(sd_error[0]) if one else sd_error,
            correlation_error,
            None if population.histogram is None else np.exp(population.histogram[g]),
        )
    return result
