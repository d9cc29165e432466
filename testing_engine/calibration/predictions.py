"""What a person's answers so far predict of the next one, answer by answer.

Of one and two concepts by the posterior on the fit's grid. Of more the posterior is kept as a normal one with
the moments that each answer gives it (assumed density filtering; Opper 1998, Minka 2001): an answer speaks of
z = a · θ + d alone, so its moments are integrals over one line, by Gauss–Hermite.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from testing_engine.calibration.blocks import Block
from testing_engine.calibration.calibration import Calibration
from testing_engine.calibration.responses import FloatArray, IntArray, Responses

Integers = npt.NDArray[np.signedinteger]
LINE = 21  # nodes of Gauss–Hermite
LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Predicted:
    """Answer number `step` (from 0) of the persons `who` of a block: (n, K) chances, (n,) categories."""

    step: int
    who: IntArray
    chance: FloatArray
    category: Integers


class _Posterior(Protocol):
    """Of a block of persons, who answer one after the other."""

    def predict(self, who: IntArray, item: Integers) -> FloatArray:
        """(n, K) chances, 0 beyond an item's own categories."""

    def learn(self, who: IntArray, item: Integers, category: Integers) -> None:
        """From the answers last predicted."""


class Predictions:
    """Person by person in the order of `fit.responses`."""

    def __init__(self, fit: Calibration) -> None:
        self.fit = fit
        self.responses: Responses = fit.responses.without(fit.left_out)
        self.length = np.diff(self.responses.start)

    def parts(self, size: int) -> list[slice]:
        n = self.responses.n_persons
        return [slice(i, min(i + size, n)) for i in range(0, n, size)]

    def of(self, part: slice) -> Iterator[Predicted]:
        responses = self.responses
        posterior = self._begin(responses.group[part])
        start, n = responses.start[part], self.length[part]
        for step in range(int(n.max(initial=0))):
            who = np.flatnonzero(n > step)
            at = start[who] + step
            item, category = responses.item[at], responses.category[at]
            yield Predicted(step, who, posterior.predict(who, item), category)
            posterior.learn(who, item, category)

    def _begin(self, group: IntArray) -> _Posterior:
        raise NotImplementedError


def predictions_of(fit: Calibration) -> Predictions:
    return _NormalPredictions(fit) if fit.several_points else _GridPredictions(fit)


class _GridPredictions(Predictions):
    def __init__(self, fit: Calibration) -> None:
        super().__init__(fit)
        self.log_p = fit.model.log_probabilities(fit.state.x, fit.nodes)
        self.log_w = fit.state.population.log_weights(fit.nodes)
        self.offset = fit.model.offset
        self.rows, self.real = fit.model.rows_of_items()

    def _begin(self, group: IntArray) -> _Posterior:
        return _OnGrid(self, self.log_w[group].copy())


@dataclass(eq=False)
class _OnGrid:
    of: _GridPredictions
    log: FloatArray  # (n, Q)

    def predict(self, who: IntArray, item: Integers) -> FloatArray:
        p = np.exp(self.log[who] - self.log[who].max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        chance = np.einsum("nq,nkq->nk", p, np.exp(self.of.log_p[self.of.rows[item]]))
        return np.asarray(chance * self.of.real[item])

    def learn(self, who: IntArray, item: Integers, category: Integers) -> None:
        self.log[who] += self.of.log_p[self.of.offset[item] + category]


class _NormalPredictions(Predictions):
    def __init__(self, fit: Calibration) -> None:
        super().__init__(fit)
        model, population = fit.model, fit.state.population
        self.mean = population.mean
        self.covariance = np.stack([population.covariance(g) for g in range(population.n_groups)])
        self.categories = int(np.diff(model.offset).max(initial=2))
        self.slopes = np.zeros(model.q.shape)
        self.blocks: list[tuple[Block, FloatArray]] = []
        self.place = np.zeros((len(model.q), 2), dtype=np.int64)
        for number, block in enumerate(model.blocks):
            natural = block.natural(fit.state.x)
            self.slopes[np.ix_(block.items, block.concepts)] = natural[:, : block.n_slopes]
            self.blocks.append((block, natural[:, block.n_slopes :]))
            self.place[block.items] = np.column_stack(
                [np.full(len(block.items), number), np.arange(len(block.items))]
            )
        node, weight = np.polynomial.hermite_e.hermegauss(LINE)
        self.node, self.weight = node, weight / weight.sum()

    def _begin(self, group: IntArray) -> _Posterior:
        return _Normal(self, self.mean[group].copy(), self.covariance[group].copy())

    def curves(self, item: Integers, z: FloatArray) -> FloatArray:
        """(n, K, Q) at z (n, Q)."""
        found = np.zeros((len(item), self.categories, z.shape[1]))
        place = self.place[item]
        for number in np.unique(place[:, 0]):
            here = np.flatnonzero(place[:, 0] == number)
            block, rest = self.blocks[number]
            found[here, : block.k] = np.exp(block.family(z[here], rest[place[here, 1]], block.k)[0])
        return found


@dataclass(eq=False)
class _Normal:
    of: _NormalPredictions
    mean: FloatArray  # (n, D)
    covariance: FloatArray  # (n, D, D)

    def predict(self, who: IntArray, item: Integers) -> FloatArray:
        a = self.of.slopes[item]
        self.along = np.einsum("nde,ne->nd", self.covariance[who], a)
        self.variance = np.maximum(np.einsum("nd,nd->n", a, self.along), LEAST_VARIANCE)
        middle = np.einsum("nd,nd->n", a, self.mean[who])
        self.line = np.sqrt(self.variance)[:, None] * self.of.node
        self.likelihood = self.of.curves(item, middle[:, None] + self.line)
        return np.asarray(self.likelihood @ self.of.weight)

    def learn(self, who: IntArray, item: Integers, category: Integers) -> None:
        """The mean and variance of z given the answer are those of the whole posterior along a."""
        w = self.of.weight * self.likelihood[np.arange(len(who)), category]
        w /= np.maximum(w.sum(axis=1, keepdims=True), 1e-300)
        moved = (w * self.line).sum(axis=1)
        left = (w * self.line**2).sum(axis=1) - moved**2
        gain = self.along / self.variance[:, None]
        self.mean[who] += gain * moved[:, None]
        lost = self.variance - left
        self.covariance[who] -= lost[:, None, None] * gain[:, :, None] * gain[:, None, :]
