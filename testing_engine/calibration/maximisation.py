"""The M-step: one or more Fisher-scoring steps of all items, and parameter expansion.

Items are independent given the expected counts but for shared parameters (1PL's slope, RSM's steps), which
are eliminated by a Schur complement. A step that would lower an item's part of the objective is halved.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.blocks import Block
from testing_engine.calibration.expectation import Expectation
from testing_engine.calibration.model import Model
from testing_engine.calibration.population import LEAST_SD, Population
from testing_engine.calibration.priors import Priors, density
from testing_engine.calibration.responses import FloatArray

HALVINGS = 8
LONGEST_STEP = 1.5
RIDGE = 1e-6
PRIOR_ROUNDS = 3


@dataclass(eq=False)
class Step:
    """One block at x: its objective per item, gradient and information in natural parameters."""

    block: Block
    natural: FloatArray
    value: FloatArray  # (n,)
    gradient: FloatArray  # (n, p)
    information: FloatArray  # (n, p, p)


def item_steps(
    model: Model, x: FloatArray, counts: FloatArray, theta: FloatArray, priors: Priors
) -> list[Step]:
    steps = []
    for block in model.blocks:
        natural = block.natural(x)
        r = counts[block.rows]
        log_p, slopes = block.curves(natural, theta)
        n, p, k, q = slopes.shape
        flat = slopes.reshape(n, p, k * q)
        prior = density(priors, block, natural)
        gradient = (flat @ r.reshape(n, k * q, 1))[:, :, 0] + prior.gradient
        weight = np.exp(log_p) * r.sum(axis=1, keepdims=True)
        information = (flat * weight.reshape(n, 1, k * q)) @ flat.transpose(0, 2, 1)
        information[:, range(p), range(p)] += np.maximum(prior.curvature, 0.0)
        value = np.einsum("nkq,nkq->n", r, log_p) + prior.value
        steps.append(Step(block, natural, value, gradient, information))
    return steps


def penalty(model: Model, x: FloatArray, priors: Priors) -> float:
    """Log prior density at x."""
    if not priors:
        return 0.0
    return float(sum(density(priors, block, block.natural(x)).value.sum() for block in model.blocks))


def maximise(
    model: Model,
    x: FloatArray,
    found: Expectation,
    theta: FloatArray,
    priors: Priors,
    repeats: int,
    metric: list[FloatArray] | None = None,
) -> FloatArray:
    """x after `repeats` Fisher-scoring steps; `metric` is filled with the blocks' information."""
    for _ in range(repeats):
        steps = item_steps(model, x, found.counts, theta, priors)
        if metric is not None:
            metric[:] = [step.block.own_map.T @ step.information @ step.block.own_map for step in steps]
        x = _halved(model, x, steps, directions(model, steps), found.counts, theta, priors)
    return x


def directions(model: Model, steps: list[Step]) -> FloatArray:
    """The scoring step in x."""
    size = len(model.start)
    direction = np.zeros(size)
    shared = model.shared
    place = {int(at): number for number, at in enumerate(shared)}
    s_gradient, s_information = np.zeros(len(shared)), np.zeros((len(shared), len(shared)))
    parts = []
    for step in steps:
        a, b = step.block.own_map, step.block.shared_map
        own_g = step.gradient @ a
        own_i = a.T @ step.information @ a
        own_i[:, range(a.shape[1]), range(a.shape[1])] += RIDGE
        solved = np.linalg.solve(own_i, own_g[:, :, None])[:, :, 0] if a.shape[1] else own_g
        cross = None
        if b.shape[1]:
            at = [place[int(i)] for i in step.block.shared_index]
            mixed = a.T @ step.information @ b  # (n, own, shared)
            cross = np.linalg.solve(own_i, mixed) if a.shape[1] else mixed
            s_gradient[at] += (step.gradient @ b).sum(axis=0) - np.einsum("nos,no->s", mixed, solved)
            s_information[np.ix_(at, at)] += (b.T @ step.information @ b).sum(axis=0) - np.einsum(
                "nos,not->st", mixed, cross
            )
        parts.append((step.block, solved, cross))
    if len(shared):
        s_information[range(len(shared)), range(len(shared))] += RIDGE
        direction[shared] = np.linalg.solve(s_information, s_gradient)
    for block, solved, cross in parts:
        if cross is not None:
            solved = solved - cross @ direction[block.shared_index]
        direction[block.own_index] = solved
    return direction


def _halved(
    model: Model,
    x: FloatArray,
    steps: list[Step],
    direction: FloatArray,
    counts: FloatArray,
    theta: FloatArray,
    priors: Priors,
) -> FloatArray:
    """Each item takes the longest of 1, ½, ¼ … of its step that does not lower it; shared ones move
    together.
    """
    direction = _limited(model, steps, direction)
    scale = np.ones(len(x))
    for halving in range(HALVINGS + 1):
        new = x + scale * direction
        worse_shared, any_worse = False, False
        change = 0.0
        for step in steps:
            block = step.block
            natural = block.natural(new)
            r = counts[block.rows]
            good = block.valid(natural)
            with np.errstate(all="ignore"):
                value = np.einsum("nkq,nkq->n", r, block.log_probabilities(natural, theta))
                value += density(priors, block, natural).value
            better = good & ~(value < step.value - 1e-9 * np.abs(step.value))
            better &= np.isfinite(value)
            if block.shared_map.shape[1]:
                change += float(np.where(good, value - step.value, -np.inf).sum())
                continue
            if not better.all():
                any_worse = True
                factor = 0.0 if halving == HALVINGS - 1 else 0.5
                worse = block.own_index[~better]
                scale[worse] *= factor
        if len(model.shared) and not change >= -1e-6:
            worse_shared = True
            factor = 0.0 if halving == HALVINGS - 1 else 0.5
            scale[model.shared] *= factor
            for step in steps:
                if step.block.shared_map.shape[1]:
                    scale[step.block.own_index] *= factor
        if not (any_worse or worse_shared):
            return new
    return x + scale * direction


def _limited(model: Model, steps: list[Step], direction: FloatArray) -> FloatArray:
    """No item moves further than `LONGEST_STEP`."""
    direction = direction.copy()
    for step in steps:
        own = direction[step.block.own_index]
        if own.size:
            longest = np.abs(own).max(axis=1, keepdims=True)
            direction[step.block.own_index] = own * np.minimum(1, LONGEST_STEP / np.maximum(longest, 1e-12))
    if len(model.shared):
        longest_shared = np.abs(direction[model.shared]).max()
        direction[model.shared] *= min(1.0, LONGEST_STEP / max(longest_shared, 1e-12))
    return direction


def shortened(model: Model, x: FloatArray, steps: list[Step], direction: FloatArray) -> FloatArray:
    """x after the step, halved for items that it would lead out of their model."""
    direction = _limited(model, steps, direction)
    for _ in range(HALVINGS):
        new = x + direction
        bad = [~step.block.valid(step.block.natural(new)) for step in steps]
        if not any(each.any() for each in bad):
            return new
        for step, each in zip(steps, bad, strict=True):
            direction[step.block.own_index[each]] /= 2
            if step.block.shared_map.shape[1] and each.any():
                direction[model.shared] /= 2
    return x


def moments(persons: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means (G, D) and covariances (G, D, D) of expected persons (G, Q) at nodes (Q, D)."""
    share = persons / np.maximum(persons.sum(axis=1, keepdims=True), 1e-300)
    mean = share @ theta
    square = np.einsum("gq,qd,qe->gde", share, theta, theta)
    return mean, square - np.einsum("gd,ge->gde", mean, mean)


def expand(
    model: Model,
    x: FloatArray,
    population: Population,
    mean: FloatArray,
    covariance: FloatArray,
    priors: Priors,
    n_persons: FloatArray,
) -> tuple[FloatArray, Population]:
    """Populations take the posterior moments; what is not free of the first group goes into the items.

    This is the expansion of Liu, Rubin and Wu (1998): location and scale, in which EM is slow, move at once.
    The items' priors have a say in it, so that the fixed point is the maximum of likelihood × prior.
    `n_persons` is (G,).
    """
    new = population.with_vector(population.vector())
    n_groups, d = mean.shape
    shift, scale = np.zeros(d), np.ones(d)
    holder = _holders(model, population)
    for c, group in enumerate(holder):
        if group >= 0 and not population.sd_free[group, c]:
            scale[c] = np.sqrt(max(covariance[group, c, c], LEAST_SD**2)) / np.exp(
                population.log_sd[group, c]
            )
    for c, group in enumerate(holder):
        if group >= 0:
            shift[c] = mean[group, c] - scale[c] * population.mean[group, c]
    if priors:
        _lean_on_priors(model, x, priors, holder, population, n_persons, shift, scale)
    for group in range(n_groups):
        fixed_mean, fixed_sd = ~population.mean_free[group], ~population.sd_free[group]
        centred = (mean[group] - shift) / scale
        spread = covariance[group] / np.outer(scale, scale)
        offset = np.where(fixed_mean, population.mean[group], centred)
        new.set_covariance(group, spread + np.outer(centred - offset, centred - offset))
        new.mean[group] = offset
        new.log_sd[group] = np.where(fixed_sd, population.log_sd[group], new.log_sd[group])
    return model.moved(x, shift, scale), new


def _holders(model: Model, population: Population) -> list[int]:
    """Per concept the one group whose mean defines the scale; −1 where items or several groups do."""
    result = []
    for c in range(population.n_concepts):
        groups = np.flatnonzero(~population.mean_free[:, c])
        several_sd = (~population.sd_free[:, c]).sum() > 1
        result.append(
            int(groups[0]) if len(groups) == 1 and not several_sd and not model.anchored_mean[c] else -1
        )
    return result


def _lean_on_priors(
    model: Model,
    x: FloatArray,
    priors: Priors,
    holder: list[int],
    population: Population,
    n_persons: FloatArray,
    shift: FloatArray,
    scale: FloatArray,
) -> None:
    """Maximises the persons' normal likelihood + prior over shift and log scale, by substitution from the
    moments.
    """
    h = 1e-4
    moment_shift, moment_scale = shift.copy(), scale.copy()
    held = [c for c, group in enumerate(holder) if group >= 0]

    def prior(by: FloatArray, times: FloatArray) -> float:
        return penalty(model, model.moved(x, by, times), priors)

    for _ in range(PRIOR_ROUNDS):
        for c in held:
            group = holder[c]
            unit = np.zeros(len(shift))
            unit[c] = h
            n = max(float(n_persons[group]), 1.0)
            to_shift = (prior(shift + unit, scale) - prior(shift - unit, scale)) / (2 * h)
            if np.isfinite(to_shift):
                variance = np.exp(2 * population.log_sd[group, c])
                shift[c] = moment_shift[c] + np.clip(to_shift * variance / n, -0.1, 0.1)
            if population.sd_free[group, c]:
                continue
            to_scale = (prior(shift, scale * np.exp(unit)) - prior(shift, scale * np.exp(-unit))) / (2 * h)
            if np.isfinite(to_scale):
                scale[c] = moment_scale[c] / np.sqrt(1 - np.clip(to_scale / n, -0.2, 0.2))
