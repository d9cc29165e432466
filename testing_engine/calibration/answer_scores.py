"""Scores of single answers: E_i[f(θ) ∂ log P(x_ij) / ∂z] under the posterior of the person who gave each.

By Fisher's identity the derivative of a marginal log-likelihood is the posterior mean of the complete one's
(Louis 1982), whatever the number of concepts. The directions f of an item that measures m concepts are 1, a
shift, and θ_c, the slope of each of its concepts c; for another shape also u² and u³ of the composite that it
measures, u = a · θ / ‖a‖ (Reckase 1985), which of one concept is θ.

The posteriors are those of the fit: on its grid for one and two concepts, on persons' own points for more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from testing_engine.calibration.calibration import Calibration
from testing_engine.calibration.expectation import in_order, posteriors
from testing_engine.calibration.points import Chunk, chunks
from testing_engine.calibration.predictions import Integers
from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray, Responses
from testing_engine.calibration.several import SeveralCalibration

LARGEST_LOG = 300.0
FLOATS_A_SLICE = 2_000_000


@dataclass(frozen=True, eq=False)
class ScoredAnswers:
    """Of some answers, `at` (n,) in the responses: `scores` (n, M) and their covariance over what might have
    been answered, (n, M, M), nan where nobody asked for it. Directions that an item does not have are 0.
    """

    at: IntArray
    scores: FloatArray
    covariance: FloatArray


def scored_answers(
    fit: Calibration, responses: Responses, aside: BoolArray, *, shape: bool = False, predictive: bool = False
) -> Iterator[ScoredAnswers]:
    """All answers, some persons at a time.

    `fit` holds posteriors without the items `aside`; their answers are scored under the posterior that knows
    them too, and have covariance Σ_k p_k s_k s_kᵀ over what might have been answered; so do all with
    `predictive`. (With squares and cubes of θ, products of the scores themselves alarm too often in small
    samples.)
    """
    if isinstance(fit, SeveralCalibration):
        yield from _on_points(fit, responses, aside, shape, predictive)
    else:
        yield from _on_grid(fit, responses, aside, shape, predictive)


def own_directions(fit: Calibration) -> IntArray:
    """(J,) how many of an item's directions, the first ones, are its shift and slopes."""
    return np.asarray(1 + fit.model.q.sum(axis=1))


def answer_scores(fit: Calibration, responses: Responses) -> FloatArray:
    """(answers, M) of all answers, in their order."""
    parts = list(scored_answers(fit, responses, np.zeros(responses.n_items, dtype=bool)))
    scores = np.zeros((responses.n_answers, parts[0].scores.shape[1]))
    for part in parts:
        scores[part.at] = part.scores
    return scores


class _Curves(Protocol):
    """An item's or some answers' P and ∂ log P / ∂z at the nodes; w (n, S) are weights of the persons."""

    def likelihood(self, category: Integers) -> FloatArray:
        """(n, S)"""

    def given(self, w: FloatArray, category: Integers) -> FloatArray:
        """(n, M) scores of the answers."""

    def possible(self, w: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, K) the chance of each answer, and (n, K, M) its score times it."""


@dataclass(frozen=True, eq=False)
class _Shared:
    """Of one item, at nodes that all persons share: (K, Q), (K, Q), (M, Q)."""

    chance: FloatArray
    slope: FloatArray
    directions: FloatArray

    def likelihood(self, category: Integers) -> FloatArray:
        return self.chance[category]

    def given(self, w: FloatArray, category: Integers) -> FloatArray:
        return (w * self.slope[category]) @ self.directions.T

    def possible(self, w: FloatArray) -> tuple[FloatArray, FloatArray]:
        weighted = self.chance * self.slope
        return w @ self.chance.T, np.stack([w @ (weighted * f).T for f in self.directions], axis=2)


@dataclass(frozen=True, eq=False)
class _Own:
    """Of each answer at its person's points: (n, K, S), (n, K, S), (n, M, S)."""

    chance: FloatArray
    slope: FloatArray
    directions: FloatArray

    def likelihood(self, category: Integers) -> FloatArray:
        return self.chance[np.arange(len(category)), category]

    def given(self, w: FloatArray, category: Integers) -> FloatArray:
        mine = w * self.slope[np.arange(len(category)), category]
        return np.asarray(np.einsum("ns,nms->nm", mine, self.directions))

    def possible(self, w: FloatArray) -> tuple[FloatArray, FloatArray]:
        weighted = w[:, None] * self.chance
        total = weighted.sum(axis=2)
        return total, (weighted * self.slope) @ self.directions.transpose(0, 2, 1)


def _scored(
    curves: _Curves, w: FloatArray, category: Integers, aside: bool, predictive: bool
) -> tuple[FloatArray, FloatArray | None]:
    if not (aside or predictive):
        return curves.given(w, category), None
    if not aside:  # the posterior without this answer
        w = w / np.maximum(curves.likelihood(category), np.exp(-LARGEST_LOG))
        w /= w.sum(axis=1, keepdims=True)
    total, s = curves.possible(w)
    s = s / np.maximum(total, 1e-300)[:, :, None]
    covariance = (s * total[:, :, None]).transpose(0, 2, 1) @ s
    return s[np.arange(len(category)), category], covariance


def _directions(theta: FloatArray, slopes: FloatArray, shape: bool) -> FloatArray:
    """(…, M, S) at `theta` (…, S, m) of an item's concepts; `slopes` (…, m)."""
    own = np.swapaxes(theta, -1, -2)
    rows = [np.ones_like(own[..., :1, :]), own]
    if shape:
        length = np.linalg.norm(slopes, axis=-1, keepdims=True)
        weights = np.divide(slopes, length, out=np.zeros_like(slopes), where=length > 0)
        u = np.einsum("...sm,...m->...s", theta, weights)[..., None, :]
        rows += [u**2, u**3]
    return np.concatenate(rows, axis=-2)


def _width(fit: Calibration, shape: bool) -> int:
    return int(own_directions(fit).max(initial=2)) + (2 if shape else 0)


def _empty(at: IntArray, width: int) -> ScoredAnswers:
    return ScoredAnswers(at, np.zeros((len(at), width)), np.full((len(at), width, width), np.nan))


def _store(
    into: ScoredAnswers, places: IntArray | BoolArray, scores: FloatArray, covariance: FloatArray | None
) -> None:
    m = scores.shape[1]
    into.scores[places, :m] = scores
    if covariance is not None:
        padded = np.zeros((len(scores), *into.covariance.shape[1:]))
        padded[:, :m, :m] = covariance
        into.covariance[places] = padded


def _on_grid(
    fit: Calibration, responses: Responses, aside: BoolArray, shape: bool, predictive: bool
) -> Iterator[ScoredAnswers]:
    model, width = fit.model, _width(fit, shape)
    log_p = model.log_probabilities(fit.state.x, fit.nodes)
    log_w = fit.state.population.log_weights(fit.nodes)
    curves = _curves_of_items(fit, np.exp(log_p), shape)
    pattern = fit.data.pattern

    def work(part: slice) -> ScoredAnswers:
        p = posteriors(fit.data, part, log_p, log_w)[0]
        if pattern is None:
            at = np.arange(responses.start[part.start], responses.start[part.stop])
        else:
            inside = (pattern >= part.start) & (pattern < part.stop)
            at = np.flatnonzero(inside[responses.person])
        person, item, category = responses.person[at], responses.item[at], responses.category[at]
        who = (person if pattern is None else pattern[person]) - part.start
        found = _empty(at, width)
        order = np.argsort(item, kind="stable")
        edges = np.flatnonzero(np.diff(item[order], prepend=-1, append=-1))
        for first, last in pairwise(edges):
            here = order[first:last]
            j = int(item[here[0]])
            if j in curves:
                scored = _scored(curves[j], p[who[here]], category[here], bool(aside[j]), predictive)
                _store(found, here, *scored)
        return found

    yield from in_order(work, fit.data.blocks(len(fit.nodes)), fit.threads)


def _curves_of_items(fit: Calibration, chance: FloatArray, shape: bool) -> dict[int, _Shared]:
    curves = {}
    for block in fit.model.blocks:
        natural = block.natural(fit.state.x)
        a, rest = natural[:, : block.n_slopes], natural[:, block.n_slopes :]
        slope = block.family(block.predictor(natural, fit.nodes), rest, block.k)[1]
        for row, j in enumerate(block.items):
            directions = _directions(fit.nodes[:, block.concepts], a[row], shape)
            curves[int(j)] = _Shared(chance[block.rows[row]], slope[row], directions)
    return curves


def _on_points(
    fit: SeveralCalibration, responses: Responses, aside: BoolArray, shape: bool, predictive: bool
) -> Iterator[ScoredAnswers]:
    assert fit.points is not None
    points, width = fit.points, _width(fit, shape)
    naturals = {id(block): block.natural(fit.state.x) for block in fit.model.blocks}
    listed = list(naturals.values())

    def work(both: tuple[Chunk, Chunk]) -> ScoredAnswers:
        known, every = both
        theta, w, _, _ = points.weighted(known, listed, fit.state.population)
        answers = slice(responses.start[every.persons.start], responses.start[every.persons.stop])
        found = _empty(np.arange(answers.start, answers.stop), width)
        for part in every.parts:
            block, natural = part.block, naturals[id(part.block)]
            is_aside = aside[block.items[part.row]]
            size = max(1, FLOATS_A_SLICE // (w.shape[1] * max(block.k, width)))
            for beside in (False, True):
                those = np.flatnonzero(is_aside == beside)
                for first in range(0, len(those), size):
                    some = those[first : first + size]
                    mine = natural[part.row[some]]
                    a, rest = mine[:, : block.n_slopes], mine[:, block.n_slopes :]
                    own = theta[part.person[some]][:, :, block.concepts]
                    log_p, slope, _ = block.family(np.einsum("nsm,nm->ns", own, a), rest, block.k)
                    curves = _Own(np.exp(log_p), slope, _directions(own, a, shape))
                    scored = _scored(curves, w[part.person[some]], part.category[some], beside, predictive)
                    _store(found, part.at[some], *scored)
        return found

    pairs = zip(points.chunks, chunks(responses, fit.model), strict=True)
    yield from in_order(work, pairs, fit.threads)


def sums_by_item(responses: Responses, scored: Iterator[ScoredAnswers]) -> tuple[FloatArray, FloatArray]:
    """Sums (J, M) and variances (J, M, M): products of the scores, or predictive where there are such."""
    j = responses.n_items
    sums: FloatArray | None = None
    variance = np.zeros((j, 0))
    for part in scored:
        n, m = part.scores.shape
        if sums is None:
            sums, variance = np.zeros((j, m)), np.zeros((j, m * m))
        square = np.where(
            np.isnan(part.covariance), part.scores[:, :, None] * part.scores[:, None, :], part.covariance
        )
        onto = sp.csr_matrix((np.ones(n), (responses.item[part.at], np.arange(n))), shape=(j, n))
        sums = sums + np.asarray(onto @ part.scores)
        variance = variance + np.asarray(onto @ square.reshape(n, -1))
    assert sums is not None
    return sums, variance.reshape(j, sums.shape[1], sums.shape[1])
