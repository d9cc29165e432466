"""Louis information over persons' own points."""

from typing import TYPE_CHECKING

import numpy as np

from testing_engine.calibration.information import Information
from testing_engine.calibration.points import Chunk, PersonPoints
from testing_engine.calibration.population import Population
from testing_engine.calibration.priors import Priors, density
from testing_engine.calibration.responses import FloatArray, IntArray

if TYPE_CHECKING:
    from testing_engine.calibration.fit import State


def point_information(points: PersonPoints, state: "State", priors: Priors) -> Information:
    """The complete-data part is the expected one, which for 2PL and partial credit models is the observed
    one.
    """
    model, x, population = points.model, state.x, state.population
    m, n = len(x), len(x) + population.n_free
    found = points.expect(x, population)
    complete, gradient, prior_part = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    for block, g, h in zip(model.blocks, found.gradient, found.information, strict=True):
        natural = block.natural(x)
        prior = density(priors, block, natural)
        p = natural.shape[1]
        full = h.copy()
        full[:, range(p), range(p)] += prior.curvature
        maps = np.concatenate([block.own_map, block.shared_map], axis=1)
        for row in range(len(natural)):
            at = np.concatenate([block.own_index[row], block.shared_index]).astype(np.int64)
            gradient[at] += (g[row] + prior.gradient[row]) @ maps
            complete[np.ix_(at, at)] += maps.T @ full[row] @ maps
            prior_part[block.own_index[row]] = prior.curvature[row] @ block.own_map**2
    if population.n_free:
        gradient[m:], complete[m:, m:] = _population_part(population, found.mean, found.second, found.persons)
    lost = np.zeros((n + 1) * (n + 1))
    for chunk in points.chunks:
        _add_covariances(points, chunk, x, population, n, m, lost)
    observed = complete - lost.reshape(n + 1, n + 1)[:n, :n]
    return Information(gradient, (observed + observed.T) / 2, complete, prior_part, state.found, 0)


def _population_part(
    population: Population, mean: FloatArray, second: FloatArray, persons: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient and minus Hessian of Σ_i E log N(θ_i), by central differences."""
    x = population.vector()

    def value(vector: FloatArray) -> float:
        at = population.with_vector(vector)
        total = 0.0
        for group in range(at.n_groups):
            covariance = at.covariance(group)
            mu = at.mean[group]
            spread = second[group] - np.outer(mean[group], mu) - np.outer(mu, mean[group]) + np.outer(mu, mu)
            total -= (
                0.5
                * persons[group]
                * (np.linalg.slogdet(covariance)[1] + np.trace(np.linalg.solve(covariance, spread)))
            )
        return float(total)

    h = 1e-4
    steps = np.eye(len(x)) * h
    gradient = np.array([(value(x + s) - value(x - s)) / (2 * h) for s in steps])
    hessian = np.array(
        [
            [
                (value(x + s + t) - value(x + s - t) - value(x - s + t) + value(x - s - t)) / (4 * h * h)
                for t in steps
            ]
            for s in steps
        ]
    )
    return gradient, -(hessian + hessian.T) / 2


def _add_covariances(
    points: PersonPoints,
    chunk: Chunk,
    x: FloatArray,
    population: Population,
    n: int,
    m: int,
    lost: FloatArray,
) -> None:
    """Adds Σ_i Cov_i(s_i) to `lost`, an (n + 1)² table laid flat whose last row and column take padding."""
    naturals = [block.natural(x) for block in points.model.blocks]
    theta, w, _, found = points.weighted(chunk, naturals, population)
    columns: list[tuple[IntArray, IntArray, FloatArray]] = []  # person, position, score (answers, S)
    for part, (derivative, _) in zip(chunk.parts, found, strict=True):
        block = part.block
        slopes = [derivative[0] * theta[:, :, c][part.person] for c in block.concepts]
        natural = np.stack([*slopes, *derivative[1:]], axis=1)
        maps = np.concatenate([block.own_map, block.shared_map], axis=1)
        mine = np.einsum("aps,po->aos", natural, maps)
        at = np.concatenate(
            [block.own_index[part.row], np.tile(block.shared_index, (len(part.row), 1))], axis=1
        )
        columns += [(part.person, at[:, o], mine[:, o]) for o in range(maps.shape[1])]
    scores = _population_scores(population, chunk.group, theta)
    everyone = np.arange(len(theta))
    columns += [(everyone, np.full(len(theta), m + number), scores[number]) for number in range(n - m)]
    person = np.concatenate([each[0] for each in columns])
    position = np.concatenate([each[1] for each in columns]).astype(np.int64)
    values = np.concatenate([each[2] for each in columns])
    order = np.argsort(person, kind="stable")
    person, position, values = person[order], position[order], values[order]
    count = np.bincount(person, minlength=len(theta))
    slot = np.arange(len(person)) - np.repeat(np.cumsum(count) - count, count)
    width = int(count.max(initial=0))
    s = np.zeros((len(theta), width, w.shape[1]))
    s[person, slot] = values
    at_slot = np.full((len(theta), width), n)
    at_slot[person, slot] = position
    s -= np.einsum("nps,ns->np", s, w)[:, :, None]
    s *= np.sqrt(w)[:, None]
    covariance = s @ s.transpose(0, 2, 1)
    flat = at_slot[:, :, None] * (n + 1) + at_slot[:, None, :]
    lost += np.bincount(flat.ravel(), covariance.ravel(), minlength=len(lost))


def _population_scores(population: Population, group: IntArray, theta: FloatArray) -> FloatArray:
    """d log N(θ) / d(free numbers) at the points, (free, n, S)."""
    x = population.vector()
    h = 1e-5
    result = np.empty((len(x), *theta.shape[:2]))

    def log_density(vector: FloatArray) -> FloatArray:
        at = population.with_vector(vector)
        log = np.empty(theta.shape[:2])
        for g in range(at.n_groups):
            mine = group == g
            covariance = at.covariance(g)
            centred = theta[mine] - at.mean[g]
            inner = np.einsum("nsd,de,nse->ns", centred, np.linalg.inv(covariance), centred, optimize=True)
            log[mine] = -0.5 * (inner + np.linalg.slogdet(covariance)[1])
        return log

    for number in range(len(x)):
        step = np.zeros(len(x))
        step[number] = h
        result[number] = (log_density(x + step) - log_density(x - step)) / (2 * h)
    return result
