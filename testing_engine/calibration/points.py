"""Integration over three and more concepts: each person's own quasi-random points around the person's mode.

A person's points are μ_i + L_i z with L_i Lᵀ_i the inverse of the curvature at the mode (Laplace) and z Sobol
points, shifted by a random vector of the person (so that errors of persons average out) and mirrored.
Importance weights make sums over them integrals over the posterior.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri

from testing_engine.calibration.blocks import Block
from testing_engine.calibration.expectation import in_order
from testing_engine.calibration.families import two_parameter
from testing_engine.calibration.model import Model
from testing_engine.calibration.population import Population
from testing_engine.calibration.responses import FloatArray, IntArray, Responses

PERSONS_A_CHUNK = 256
WIDER = 1.2  # than Laplace's normal: weights stay small in the tails, and errors become a quarter
LONGEST_MODE_STEP = 2.0
LARGEST_LOGIT = 600.0


@dataclass(frozen=True, eq=False)
class Part:
    """One block's answers among a chunk of persons."""

    block: Block
    at: IntArray  # which of the chunk's answers, (answers,)
    row: IntArray  # of the item in the block
    person: IntArray  # in the chunk
    category: IntArray
    to_person: sp.csr_matrix  # (persons, answers)
    to_item: sp.csr_matrix  # (items of the block, answers)


@dataclass(frozen=True, eq=False)
class Chunk:
    persons: slice
    group: IntArray
    parts: list[Part]


@dataclass(eq=False)
class PointExpectation:
    log_likelihood: float
    gradient: list[FloatArray]  # a block: (items, p)
    information: list[FloatArray]  # a block: (items, p, p)
    mean: FloatArray  # (G, D)
    second: FloatArray  # (G, D, D)
    persons: FloatArray  # (G,)


def chunks(responses: Responses, model: Model) -> list[Chunk]:
    place = np.full((responses.n_items, 2), -1)
    for number, block in enumerate(model.blocks):
        place[block.items, 0], place[block.items, 1] = number, np.arange(len(block.items))
    result = []
    for first in range(0, responses.n_persons, PERSONS_A_CHUNK):
        persons = slice(first, min(first + PERSONS_A_CHUNK, responses.n_persons))
        answers = slice(responses.start[persons.start], responses.start[persons.stop])
        item, category = responses.item[answers], responses.category[answers]
        person = responses.person[answers] - first
        parts = []
        for number, block in enumerate(model.blocks):
            mine = place[item, 0] == number
            if mine.any():
                row, who = place[item[mine], 1], person[mine].astype(np.int64)
                n = len(row)
                one = np.ones(n)
                parts.append(
                    Part(
                        block,
                        np.flatnonzero(mine),
                        row,
                        who,
                        category[mine].astype(np.int64),
                        sp.csr_matrix((one, (who, np.arange(n))), shape=(persons.stop - first, n)),
                        sp.csr_matrix((one, (row, np.arange(n))), shape=(len(block.items), n)),
                    )
                )
        result.append(Chunk(persons, responses.group[persons], parts))
    return result


def _precision(population: Population) -> FloatArray:
    return np.stack([np.asarray(np.linalg.inv(population.covariance(g))) for g in range(population.n_groups)])


def standard_points(n_persons: int, n_concepts: int, n_points: int, seed: int) -> FloatArray:
    """(N, S, D) standard normal points."""
    from scipy.stats import qmc  # slow to import, and needed here alone

    half = n_points // 2
    base = qmc.Sobol(n_concepts, scramble=False).random(half) + 0.5 / n_points
    shift = np.random.default_rng(seed).random((n_persons, 1, n_concepts))
    z = ndtri(np.clip((base + shift) % 1, 1e-6, 1 - 1e-6))
    return np.concatenate([z, -z], axis=1)


Observed = tuple[FloatArray, list[FloatArray], list[FloatArray]]


def observed(block: Block, z: FloatArray, rest: FloatArray, category: IntArray) -> Observed:
    """Of the answers given, at z (answers, S): log P; its derivatives in z and in the others; the expected
    information of these, upper triangle row by row. All (answers, S)."""
    if block.family is two_parameter:
        t = z + rest
        t *= np.where(category > 0, 1.0, -1.0)[:, None]
        np.maximum(t, -LARGEST_LOGIT, out=t)
        p = np.exp(-t)
        p += 1
        np.reciprocal(p, out=p)
        miss = 1 - p
        w = p * miss
        miss *= np.where(category > 0, 1.0, -1.0)[:, None]
        return np.log(p), [miss, miss], [w, w, w]
    log_all, dz, others = block.family(z, rest, block.k)
    every = [dz, *others.transpose(1, 0, 2, 3)]
    at = np.arange(len(category))
    p = np.exp(log_all)
    information = [
        np.einsum("aks,aks,aks->as", p, every[i], every[j])
        for i in range(len(every))
        for j in range(i, len(every))
    ]
    return log_all[at, category], [each[at, category] for each in every], information


class PersonPoints:
    """Answers, points and modes of all persons."""

    def __init__(self, responses: Responses, model: Model, n_points: int, seed: int, threads: int) -> None:
        self.model, self.threads = model, threads
        self.chunks = chunks(responses, model)
        self.n_concepts = model.q.shape[1]
        self.z = standard_points(responses.n_persons, self.n_concepts, n_points, seed)
        self.mode = np.zeros((responses.n_persons, self.n_concepts))

    def modes(self, x: FloatArray, population: Population, steps: int) -> None:
        """Newton (scoring) steps towards the posterior modes."""
        naturals = [block.natural(x) for block in self.model.blocks]
        precision = _precision(population)

        def work(chunk: Chunk) -> tuple[slice, FloatArray]:
            mode = self.mode[chunk.persons]
            for _ in range(steps):
                gradient, curvature = self._curvature(chunk, mode, naturals, population, precision)
                step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
                mode = mode + np.clip(step, -LONGEST_MODE_STEP, LONGEST_MODE_STEP)
            return chunk.persons, mode

        for persons, mode in in_order(work, self.chunks, self.threads):
            self.mode[persons] = mode

    def _curvature(
        self,
        chunk: Chunk,
        theta: FloatArray,
        naturals: list[FloatArray],
        population: Population,
        precision: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        prior = precision[chunk.group]
        gradient = -np.einsum("nde,ne->nd", prior, theta - population.mean[chunk.group])
        curvature = prior.copy()
        for part in chunk.parts:
            a, rest = self._split(part, naturals)
            z = np.einsum("ac,ac->a", a, theta[part.person][:, part.block.concepts])[:, None]
            _, derivative, information = observed(part.block, z, rest, part.category)
            c = part.block.concepts
            gradient[:, c] += part.to_person @ (derivative[0] * a)
            square = information[0] * (a[:, :, None] * a[:, None, :]).reshape(len(a), -1)
            curvature[:, c[:, None], c[None, :]] += (part.to_person @ square).reshape(-1, len(c), len(c))
        return gradient, curvature

    def _split(self, part: Part, naturals: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        number = next(i for i, block in enumerate(self.model.blocks) if block is part.block)
        natural = naturals[number][part.row]
        return natural[:, : part.block.n_slopes], natural[:, part.block.n_slopes :]

    def weighted(
        self, chunk: Chunk, naturals: list[FloatArray], population: Population
    ) -> tuple[FloatArray, FloatArray, FloatArray, list[tuple[list[FloatArray], list[FloatArray]]]]:
        """Points (n, S, D), weights (n, S), log-likelihoods (n,), and the parts' derivatives and
        information.
        """
        precision = _precision(population)
        log_det = np.array(
            [np.linalg.slogdet(population.covariance(g))[1] for g in range(population.n_groups)]
        )
        mode, z = self.mode[chunk.persons], self.z[chunk.persons]
        _, curvature = self._curvature(chunk, mode, naturals, population, precision)
        factor = WIDER * np.linalg.cholesky(np.linalg.inv(curvature))
        theta = mode[:, None] + z @ factor.transpose(0, 2, 1)
        centred = theta - population.mean[chunk.group][:, None]
        log_w = -0.5 * np.einsum("nsd,nsd->ns", centred @ precision[chunk.group], centred)
        log_w += 0.5 * (z**2).sum(axis=2)
        log_w += (np.log(np.einsum("ndd->nd", factor)).sum(axis=1) - 0.5 * log_det[chunk.group])[:, None]
        found = []
        for part in chunk.parts:
            a, rest = self._split(part, naturals)
            own = theta[:, :, part.block.concepts]
            t = (
                a * own[part.person, :, 0]
                if a.shape[1] == 1
                else np.einsum("ac,asc->as", a, own[part.person])
            )
            log_p, derivative, information = observed(part.block, t, rest, part.category)
            log_w += part.to_person @ log_p
            found.append((derivative, information))
        largest = log_w.max(axis=1, keepdims=True)
        w = np.exp(log_w - largest)
        total = w.sum(axis=1, keepdims=True)
        log = largest[:, 0] + np.log(total[:, 0] / w.shape[1])
        return theta, w / total, log, found

    def expect(self, x: FloatArray, population: Population) -> PointExpectation:
        naturals = [block.natural(x) for block in self.model.blocks]
        n_groups, d = population.n_groups, self.n_concepts

        def work(chunk: Chunk) -> PointExpectation:
            theta, w, log, found = self.weighted(chunk, naturals, population)
            gradient = [np.zeros_like(natural) for natural in naturals]
            information = [np.zeros((*natural.shape, natural.shape[1])) for natural in naturals]
            for part, (derivative, expected) in zip(chunk.parts, found, strict=True):
                if not part.block.free.any():
                    continue  # nothing of it is estimated
                number = next(i for i, block in enumerate(self.model.blocks) if block is part.block)
                g, h = _answer_sums(part, theta, w, derivative, expected)
                p = g.shape[1]
                gradient[number] = part.to_item @ g
                information[number] = (part.to_item @ h.reshape(len(h), -1)).reshape(-1, p, p)
            weighted = w[:, :, None] * theta
            mean, second = np.zeros((n_groups, d)), np.zeros((n_groups, d, d))
            for group in range(n_groups):
                mine = chunk.group == group
                mean[group] = weighted[mine].sum(axis=(0, 1))
                second[group] = np.einsum("nsd,nse->de", weighted[mine], theta[mine])
            persons = np.bincount(chunk.group, minlength=n_groups).astype(float)
            return PointExpectation(float(log.sum()), gradient, information, mean, second, persons)

        total: PointExpectation | None = None
        for found in in_order(work, self.chunks, self.threads):
            if total is None:
                total = found
                continue
            total.log_likelihood += found.log_likelihood
            for number in range(len(naturals)):
                total.gradient[number] += found.gradient[number]
                total.information[number] += found.information[number]
            total.mean += found.mean
            total.second += found.second
            total.persons += found.persons
        assert total is not None
        n = np.maximum(total.persons, 1.0)
        total.mean /= n[:, None]
        total.second /= n[:, None, None]
        return total


def _answer_sums(
    part: Part, theta: FloatArray, w: FloatArray, derivative: list[FloatArray], information: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """E of each answer's score (answers, p) and of its expected information (answers, p, p)."""
    c = part.block.concepts
    mine = w[part.person]
    n_slopes, width = len(c), len(derivative)
    g = np.empty((len(mine), n_slopes + width - 1))
    h = np.empty((len(mine), g.shape[1], g.shape[1]))
    own = [theta[:, :, concept][part.person] for concept in c]
    dz = mine * derivative[0]
    for i in range(n_slopes):
        g[:, i] = _sum(dz, own[i])
    for r in range(1, width):
        g[:, n_slopes + r - 1] = (
            dz.sum(axis=1) if derivative[r] is derivative[0] else _sum(mine, derivative[r])
        )
    zz = mine * information[0]
    for i in range(n_slopes):
        zi = zz * own[i]
        for j in range(i, n_slopes):
            h[:, i, j] = h[:, j, i] = _sum(zi, own[j])
    pairs = [(i, j) for i in range(width) for j in range(i, width)]
    for number, (i, j) in enumerate(pairs[1:], 1):
        same = information[number] is information[0]
        at_j = n_slopes + j - 1
        if i == 0:
            zr = zz if same else mine * information[number]
            for slope in range(n_slopes):
                h[:, slope, at_j] = h[:, at_j, slope] = _sum(zr, own[slope])
        else:
            at_i = n_slopes + i - 1
            value = zz.sum(axis=1) if same else _sum(mine, information[number])
            h[:, at_i, at_j] = h[:, at_j, at_i] = value
    return g, h


def _sum(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("as,as->a", x, y))
