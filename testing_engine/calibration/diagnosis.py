"""The rules by which a calibration tells what is broken: each function looks at one thing and yields
findings.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtri

from testing_engine.calibration.findings import ERROR, INFO, WARNING, Finding
from testing_engine.calibration.fit import off_the_nodes
from testing_engine.calibration.item_rules import (
    answers_too_few,
    odd_asymptotes,
    odd_slopes,
    pairs_alike,
    without_estimate,
)
from testing_engine.calibration.responses import IntArray
from testing_engine.calibration.sentences import BRIDGE, NO_MAXIMUM

if TYPE_CHECKING:
    from testing_engine.calibration.calibration import Calibration

FEW_PERSONS = 100
FEW_ITEMS = 4
SMALL_GROUP = 10  # persons with answers
SINGULAR = 1e-6
EXTREME_Z = 3.0
ONE_CONCEPT = 0.95


def diagnose(fit: "Calibration") -> list[Finding]:
    rules = (
        _convergence,
        _identification,
        _connection,
        without_estimate,
        answers_too_few,
        odd_slopes,
        odd_asymptotes,
        pairs_alike,
        _grid,
        _ends_of_populations,
        _small_groups,
        _population,
        _extremes,
        _trait,
        _sample,
        _concepts,
    )
    order = {ERROR: 0, WARNING: 1, INFO: 2}
    return sorted((finding for rule in rules for finding in rule(fit)), key=lambda each: order[each.severity])


def _convergence(fit: "Calibration") -> Iterator[Finding]:
    state = fit.state
    if not fit.model.blocks or any(True for _ in _ends_of_populations(fit)):
        return  # what is wrong is told by its own name
    if not fit.converged and state.largest_step < NO_MAXIMUM:
        yield Finding(
            "not_converged",
            None,
            ERROR,
            {"largest_step": state.largest_step, "e_steps": state.e_steps},
        )
    elif not fit.converged:
        numbers = {
            "decrement": state.decrement,
            "largest_step": state.largest_step,
            "e_steps": state.e_steps,
        }
        yield Finding(
            "not_converged",
            None,
            ERROR,
            numbers,
        )


def _identification(fit: "Calibration") -> Iterator[Finding]:
    if not fit.n_parameters:
        return
    observed = fit.information.observed
    scale = np.sqrt(np.maximum(np.diag(observed), 1e-300))
    is_known = bool(np.isfinite(observed).all())
    smallest = float(np.linalg.eigvalsh(observed / np.outer(scale, scale))[0]) if is_known else np.nan
    if not np.isfinite(smallest) or smallest <= SINGULAR or (np.diag(observed) <= 0).any():
        yield Finding(
            "not_identified",
            None,
            ERROR,
            {"smallest_eigenvalue": smallest},
        )


def _connection(fit: "Calibration") -> Iterator[Finding]:
    responses = fit.responses
    parts, label = responses.components()
    known_population = not isinstance(fit.settings["population"], str)
    held = {int(label[j]) for j in fit.fixed_items}
    loose = [part for part in range(parts) if part not in held]
    if parts > 1 and len(loose) + bool(held) > 1 and not known_population:
        sizes = [int((label == part).sum()) for part in range(parts)]
        yield Finding(
            "disconnected",
            None,
            ERROR,
            {"parts": parts, "items": sizes},
        )
    elif parts == 1:
        yield from _bridges(fit)


def _bridges(fit: "Calibration") -> Iterator[Finding]:
    responses = fit.responses
    if responses.matrix is not None or fit.fixed_items:
        return
    often = np.flatnonzero(responses.answers_per_item >= 2 * BRIDGE)
    if not 1 < len(often) <= 2000:
        return
    links = sp.csr_matrix(
        (np.ones(responses.n_answers, np.int32), responses.item, responses.start),
        shape=(responses.n_persons, responses.n_items),
    )[:, often]
    shared = sp.csr_matrix(links.T @ links)
    parts, label = connected_components(shared >= BRIDGE, directed=False)
    sizes = np.bincount(label)
    if parts > 1 and np.sort(sizes)[-2] > 1:
        yield Finding(
            "weak_link",
            None,
            WARNING,
            {"items": sizes.tolist()},
        )


def _grid(fit: "Calibration") -> Iterator[Finding]:
    refined = fit.settings.get("refined", 1)
    limit = fit.settings.get("limit", 6.0)
    if refined > 1 or limit > 6.0:
        yield Finding(
            "grid",
            None,
            INFO,
            {"nodes": fit.settings["nodes"], "limit": limit},
        )


def _ends_of_populations(fit: "Calibration") -> Iterator[Finding]:
    population = fit.state.population
    flat, off = population.without_spread(), off_the_nodes(population, fit.nodes)
    persons = _persons_of_groups(fit)
    for g, concept in np.argwhere(np.logical_or(flat, off)).tolist():
        numbers = {
            "group": fit.responses.groups[g],
            "concept": concept,
            "mean": float(population.mean[g, concept]),
            "sd": float(np.exp(population.log_sd[g, concept])),
            "persons": persons[g],
        }
        if flat[g, concept]:
            yield Finding("population_without_spread", None, ERROR, numbers)
        if off[g, concept]:
            yield Finding("population_at_end", None, ERROR, numbers)


def _small_groups(fit: "Calibration") -> Iterator[Finding]:
    """Of groups that have a mean or sd of their own, or that hold the scale of others."""
    population = fit.state.population
    is_free = np.asarray((population.mean_free | population.sd_free).any(axis=1))
    for g, persons in enumerate(_persons_of_groups(fit)):
        holds_scale = g == 0 and is_free[1:].any()
        if persons < SMALL_GROUP and (is_free[g] or holds_scale):
            numbers = {"group": fit.responses.groups[g], "persons": persons}
            yield Finding("small_group", None, WARNING, numbers)


def _persons_of_groups(fit: "Calibration") -> list[int]:
    """Those who answered anything."""
    answered = np.diff(fit.responses.start) > 0
    n = np.bincount(fit.responses.group[answered], minlength=len(fit.responses.groups))
    return [int(each) for each in n]


def _population(fit: "Calibration") -> Iterator[Finding]:
    if fit.several_points or fit.state.population.histogram is not None:
        return
    for g, group in enumerate(fit.responses.groups):
        persons = fit.state.found.persons[g]
        if persons.sum() < FEW_PERSONS:
            continue
        share = persons / persons.sum()
        for concept in range(fit.nodes.shape[1]):
            t = fit.nodes[:, concept] - share @ fit.nodes[:, concept]
            sd = np.sqrt(share @ t**2)
            skew, kurtosis = float(share @ t**3 / sd**3), float(share @ t**4 / sd**4 - 3)
            if abs(skew) > 0.5 or kurtosis > 1.5:
                yield Finding(
                    "population_shape",
                    None,
                    WARNING,
                    {"group": group, "concept": concept, "skewness": skew, "kurtosis": kurtosis},
                )


def _extremes(fit: "Calibration") -> Iterator[Finding]:
    """Persons with only highest or only lowest answers, against their expected number under the fitted
    model.
    """
    if fit.several_points:
        return
    offset = fit.model.offset
    item_of_row = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    both = [_extreme(fit, target[item_of_row]) for target in (offset[1:] - 1, offset[:-1])]
    observed, expected, variance = np.sum(both, axis=0)
    z = (observed - expected) / np.sqrt(max(variance, 0.25))
    if z > EXTREME_Z:
        yield Finding(
            "extreme_scores",
            None,
            WARNING,
            {
                "observed": observed,
                "expected": expected,
                "z": float(z),
                "highest": both[0][0],
                "lowest": both[1][0],
            },
        )


def _extreme(fit: "Calibration", target: IntArray) -> tuple[float, float, float]:
    """Persons of 5 and more answers whose rows are all their items' `target` rows: seen, expected,
    variance.
    """
    data = fit.data
    log_p = fit.model.log_probabilities(fit.state.x, fit.nodes)
    w = np.exp(fit.state.population.log_weights(fit.nodes))
    observed = expected = variance = 0.0
    for part in data.blocks(len(fit.nodes)):
        y = data.matrix(part)
        n = np.diff(y.indptr)
        extreme = sp.csr_matrix((y.data, target[y.indices], y.indptr), shape=y.shape)
        chance = (np.exp(extreme @ log_p) * w[data.group[part]]).sum(axis=1)
        weight = np.where(n >= 5, 1.0 if data.weight is None else data.weight[part], 0.0)
        hits = np.bincount(np.repeat(np.arange(len(n)), n), y.indices == extreme.indices, minlength=len(n))
        observed += float(weight[hits == n].sum())
        expected += float((weight * chance).sum())
        variance += float((weight * chance * (1 - chance)).sum())
    return observed, expected, variance


def _trait(fit: "Calibration") -> Iterator[Finding]:
    if fit.fixed_items or len(fit.responses.groups) > 1:
        return
    alone = 0.0
    for j, count in enumerate(fit.responses.counts):
        if not fit.left_out[j]:
            seen = count[count > 0].astype(float)
            alone += float((seen * np.log(seen / seen.sum())).sum())
    free = sum(int(block.free[: block.n_slopes].sum()) * len(block.items) for block in fit.model.blocks)
    gain = 2 * (fit.log_likelihood - alone)
    if gain < chdtri(max(free, 1), 1e-4):
        yield Finding(
            "no_common_trait",
            None,
            ERROR,
            {"gain": float(gain), "slopes": free},
        )


def _sample(fit: "Calibration") -> Iterator[Finding]:
    answers = np.diff(fit.responses.start)
    persons = int((answers > 0).sum())
    silent = int((answers == 0).sum())
    items = int((~fit.left_out).sum())
    if silent:
        yield Finding(
            "persons_without_answers",
            None,
            INFO,
            {"persons": silent},
        )
    if persons < FEW_PERSONS or items < FEW_ITEMS:
        yield Finding(
            "small_sample",
            None,
            WARNING,
            {"persons": persons, "items": items},
        )


def _concepts(fit: "Calibration") -> Iterator[Finding]:
    d = fit.model.q.shape[1]
    if d == 1:
        return
    per_concept = fit.model.q[~fit.left_out].sum(axis=0)
    for concept in np.flatnonzero(per_concept < 3):
        yield Finding(
            "few_items_a_concept",
            None,
            WARNING,
            {"concept": int(concept), "items": int(per_concept[concept])},
        )
    for group in range(fit.state.population.n_groups):
        correlation = fit.state.population.correlation(group)
        for i, j in zip(*np.triu_indices(d, 1), strict=True):
            r = float(correlation[i, j])
            if abs(r) > ONE_CONCEPT:
                yield Finding(
                    "concepts_alike",
                    None,
                    WARNING,
                    {"concepts": (int(i), int(j)), "correlation": r},
                )
