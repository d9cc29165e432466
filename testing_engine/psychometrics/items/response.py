"""Response families: the probability of each answer as a function of one number t per question.

Every model here is compensatory, so a question sees ability only through
    t = scaling · (slopes · θ − ‖slopes‖ · difficulty)
and three families cover all nine models (σ is the logistic function):

    logistic   1PL–4PL           P(1) = c + (u − c) σ(t)
    graded     GRM               P(X ≥ k) = σ(t + d_k), d decreasing              Samejima (1969)
    nominal    NRM, (G)PCM, RSM  P(X = k) ∝ exp(s_k t + c_k)                      Bock (1972), Muraki (1992)

Derivatives in t are kept as ratios to P (r1 = P'/P, r2 = P''/P, r3 = P'''/P): finite even where P underflows.
Shapes: t is (n,) or (n, G); results put the category first, (K, n) or (K, n, G), because sums over the
few categories are then fast. Categories that a question does not have get P = 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

# Products of two σ(−350) are still normal numbers, so no ratio below becomes 0/0 and nothing overflows.
LARGEST_LOGIT = 350.0
WRONG_AND_RIGHT = np.array([-1.0, 1.0])[:, None, None]  # σ of t with these signs

# t -> log P of the given answers and its first two derivatives in t, each (n,) or (n, G)
AnswerCurves = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
# t -> log P of the given answers alone, for those who integrate and need no derivative
AnswerLogs = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Curves:
    """P and its derivatives in t, as ratios to P; each (K, n) or (K, n, G)."""

    p: FloatArray
    r1: FloatArray
    r2: FloatArray
    r3: FloatArray

    def information(self) -> FloatArray:
        """Expected information about t, Σ_k P_k r1²; (n,) or (n, G)."""
        return _total(self.p * self.r1**2)

    def information_slope(self) -> FloatArray:
        """Derivative in t of the expected information."""
        return _total(self.p * self.r1 * (2 * self.r2 - self.r1**2))

    def information_curvature(self) -> FloatArray:
        """Second derivative in t of the expected information."""
        r1, r2, r3 = self.r1, self.r2, self.r3
        return _total(self.p * (2 * r2**2 + 2 * r1 * r3 - 5 * r1**2 * r2 + 2 * r1**4))

    def warm(self) -> FloatArray:
        """J = Σ_k P' P'' / P, the numerator of Warm's (1989) bias correction."""
        return _total(self.p * self.r1 * self.r2)

    def warm_slope(self) -> FloatArray:
        """Derivative in t of J."""
        return _total(self.p * (self.r2**2 + self.r1 * self.r3 - self.r1**2 * self.r2))

    def observed(self) -> FloatArray:
        """−d² log P_k / dt² for every category; (K, n) or (K, n, G)."""
        observed: FloatArray = self.r1**2 - self.r2
        return observed


class Family(Protocol):
    """The questions of one family, n of them."""

    def take(self, rows: IntArray) -> Self: ...

    def curves(self, t: FloatArray) -> Curves: ...

    def information(self, t: FloatArray) -> FloatArray: ...

    def information_within(self, t: FloatArray) -> FloatArray:
        """The same bits where no |t| is above `LARGEST_LOGIT`; t may be written over."""
        ...

    def log_probabilities(self, t: FloatArray) -> FloatArray: ...

    def answer_logs(self, rows: IntArray, t: FloatArray) -> FloatArray:
        """(K, m, G) what `log_probabilities` says of some questions (m,) at their t (m, G), bit for bit."""
        ...

    def answered(self, scores: IntArray) -> AnswerCurves:
        """Prepare the log-likelihood of one answer per question."""
        ...

    def answered_logs(self, scores: IntArray) -> AnswerLogs:
        """The same without derivatives, in less than half of the time."""
        ...

    def is_log_concave(self, scores: IntArray) -> BoolArray:
        """(n,) whether log P of each answer is concave in t, so that it adds no peak of its own."""
        ...

    def ends(self, scores: IntArray) -> tuple[BoolArray, BoolArray]:
        """(n,) twice: whether log P of each answer rises without end as t falls, and as t grows."""
        ...

    def growth(self, t: FloatArray) -> FloatArray:
        """(n,) b with I(t + δ) ≤ I(t) exp(b |δ|) for every δ; `ranking` bounds information by it."""
        ...

    @property
    def ceiling(self) -> FloatArray:
        """(n,) that information about t exceeds nowhere."""
        ...

    @property
    def spread(self) -> FloatArray:
        """(n,) r such that P is analytic and not 0 where |Im t| < π/r; the step of quadrature follows it."""
        ...


@dataclass(frozen=True)
class Logistic:
    """P(1) = c + (u − c) σ(t): Lord (1980), Barton & Lord (1981)."""

    guessing: FloatArray  # c, (n,)
    upper: FloatArray  # u, (n,)

    def take(self, rows: IntArray) -> Self:
        return type(self)(self.guessing[rows], self.upper[rows])

    def curves(self, t: FloatArray) -> Curves:
        t = _limited(t)
        low, high = _align(self.guessing, t), _align(self.upper, t)
        rise, fall = expit(t), expit(-t)
        p = np.stack([(1 - high) + (high - low) * fall, low + (high - low) * rise])
        r1 = np.stack([-(high - low) * rise * fall / p[0], (high - low) * rise * fall / p[1]])
        return Curves(p, r1, r1 * (fall - rise), r1 * (1 - 6 * rise * fall))

    def information(self, t: FloatArray) -> FloatArray:
        return self.information_within(_limited(t))

    def information_within(self, t: FloatArray) -> FloatArray:
        # P'²/(PQ) with P = (c + u·odds)/(1 + odds) and Q = ((1 − c) + (1 − u)·odds)/(1 + odds)
        odds = np.exp(t, out=t)
        if self.is_plain:  # what follows, without products that change no bit
            span = odds + 1
            np.divide(odds, span, out=span)
            span *= span
            span /= odds
            return span
        constants = self._constants if t.ndim == 1 else tuple(_align(each, t) for each in self._constants)
        low, high, width, wrong, slips = constants
        span = width * odds
        if self._no_slips:
            both = odds + low
            both *= wrong
            odds += 1.0
            span /= odds
        else:
            both = high * odds + low
            span /= odds + 1
            odds *= slips
            odds += wrong
            both *= odds
        span *= span
        span /= both
        return span

    @cached_property
    def is_plain(self) -> bool:
        """Whether nobody guesses and nobody slips."""
        return self._no_slips and bool((self.guessing == 0).all())

    @cached_property
    def _no_slips(self) -> bool:
        return bool((self.upper == 1).all())

    @cached_property
    def _constants(self) -> tuple[FloatArray, ...]:
        """c, u, u − c, 1 − c and 1 − u, each (n,)."""
        low, high = self.guessing, self.upper
        return low, high, high - low, 1 - low, 1 - high

    def log_probabilities(self, t: FloatArray) -> FloatArray:
        t = _limited(t)
        low, high = _align(self.guessing, t), _align(self.upper, t)
        span = high - low
        p = np.empty((2, *t.shape))
        np.multiply(span, expit(-t), out=p[0])
        p[0] += 1 - high
        np.multiply(span, expit(t), out=p[1])
        p[1] += low
        return np.log(p, out=p)

    def answer_logs(self, rows: IntArray, t: FloatArray) -> FloatArray:
        p = WRONG_AND_RIGHT * t
        np.maximum(p, -LARGEST_LOGIT, out=p)
        expit(p, p)
        if not self.is_plain:
            p *= self._constants[2].take(rows)[:, None]
            p += self._floors.take(rows, 1)[:, :, None]
        return np.log(p, p)

    @cached_property
    def _floors(self) -> FloatArray:
        """(2, n) that a wrong and a right answer's probability does not fall below."""
        return np.stack([self._constants[4], self.guessing])

    def answered(self, scores: IntArray) -> AnswerCurves:
        # A wrong answer is a right answer to the mirrored question: c' = 1 − u, t' = −t.
        right = scores == 1
        sign = np.where(right, 1.0, -1.0)
        floor = np.where(right, self.guessing, 1 - self.upper)
        span = self.upper - self.guessing

        def curves(t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            signs, low = _align(sign, t), _align(floor, t)
            mirrored = _limited(signs * t)
            rise = expit(mirrored)
            fall = expit(-mirrored)
            known = _align(span, t) * rise
            p = low + known
            first = known * fall / p
            return np.log(p), signs * first, first * (fall - rise - first)

        return curves

    def answered_logs(self, scores: IntArray) -> AnswerLogs:
        right = scores == 1
        sign = np.where(right, 1.0, -1.0)
        floor = np.where(right, self.guessing, 1 - self.upper)
        span = self.upper - self.guessing
        is_plain = self.is_plain

        def logs(t: FloatArray) -> FloatArray:
            p = _align(sign, t) * t
            np.maximum(p, -LARGEST_LOGIT, out=p)
            expit(p, out=p)
            if not is_plain:
                p *= _align(span, t)
                p += _align(floor, t)
            return np.log(p, out=p)

        return logs

    def is_log_concave(self, scores: IntArray) -> BoolArray:
        return np.asarray(np.where(scores == 1, self.guessing, 1 - self.upper) == 0)

    def ends(self, scores: IntArray) -> tuple[BoolArray, BoolArray]:
        return scores == 0, scores == 1

    def growth(self, t: FloatArray) -> FloatArray:
        # With w1 = (u−c)σ(t)/P and w0 = (u−c)σ(−t)/Q, both within [0, 1],
        #   (log I)' = σ(−t)(2 − w1) − σ(t)(2 − w0)
        #   (log I)'' = −σ(t)σ(−t)(4 − w1 − w0) − σ(−t)² w1(1 − w1) − σ(t)² w0(1 − w0) ≤ 0:
        # log I is concave, so that its tangent bounds it. In odds e: σ(t) = e/(1 + e),
        # w1 = (u−c)e/(c + u·e), w0 = (u−c)/((1−c) + (1−u)e).
        odds = np.exp(_limited(t))
        if self.is_plain:  # w1 = σ(t) and w0 = σ(−t)
            plain: FloatArray = np.abs(1 - odds) / (1 + odds)
            return plain
        span = self.upper - self.guessing
        right = 2 - span * odds / (self.guessing + self.upper * odds)
        wrong = 2 - span / ((1 - self.guessing) + (1 - self.upper) * odds)
        slope: FloatArray = np.abs(right - odds * wrong) / (1 + odds)
        return slope

    @property
    def ceiling(self) -> FloatArray:
        # A question with c and u is one with c/u and 1 whose right answers are lost with probability 1 − u,
        # and,
        # mirrored, one with (1 − u)/(1 − c) and 1 whose wrong answers are lost with probability c. Losing
        # answers unseen leaves at most that share of the information.
        lost = self.upper * _most_with_guessing(self.guessing / self.upper)
        mirrored = (1 - self.guessing) * _most_with_guessing((1 - self.upper) / (1 - self.guessing))
        return np.asarray(np.minimum(lost, mirrored))

    @property
    def spread(self) -> FloatArray:
        return np.ones(len(self.guessing))


@dataclass(frozen=True)
class Graded:
    """P(X ≥ k) = σ(t + d_k).

    With z_k = t + d_k, P(X = k) = σ(z_k) σ(−z_{k+1}) (1 − exp(z_{k+1} − z_k)):
    a product, free of cancellation.
    """

    boundaries: FloatArray  # d, (n, K − 1), decreasing, −inf where a question has fewer categories

    def take(self, rows: IntArray) -> Self:
        return type(self)(self.boundaries[rows])

    def curves(self, t: FloatArray) -> Curves:
        reach, pass_by, stay, leave = self._passed(t)
        p = reach * stay * _align(self.edges[2], t[None])
        r1 = leave - pass_by
        second = -(reach * leave + pass_by * stay)
        third = -(reach * leave * (leave - reach) + pass_by * stay * (stay - pass_by))
        return Curves(p, r1, second + r1**2, third + 3 * r1 * second + r1**3)

    def information(self, t: FloatArray) -> FloatArray:
        reach, pass_by, stay, leave = self._passed(t)
        p = reach * stay
        p *= _align(self.edges[2], t[None])
        moved = leave - pass_by
        moved *= moved
        p *= moved
        return _total(p)

    information_within = information

    def log_probabilities(self, t: FloatArray) -> FloatArray:
        upper, lower, log_gap = self._log_edges
        return log_expit(_shifted(upper, t)) + log_expit(-_shifted(lower, t)) + _align(log_gap, t[None])

    def answer_logs(self, rows: IntArray, t: FloatArray) -> FloatArray:
        upper, lower, log_gap = (edge.take(rows, 1)[:, :, None] for edge in self._log_edges)
        log_p = t + upper
        log_expit(log_p, log_p)
        beyond = t + lower
        log_p += log_expit(np.negative(beyond, beyond), beyond)
        log_p += log_gap
        return log_p

    def answered(self, scores: IntArray) -> AnswerCurves:
        upper, lower, gap = (edge[scores, np.arange(len(scores))] for edge in self.edges)
        constant = np.log(gap)

        def curves(t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            above, below = t + _align(upper, t), t + _align(lower, t)
            leave, pass_by = expit(-above), expit(below)
            log_p = log_expit(above) + log_expit(-below) + _align(constant, t)
            return log_p, leave - pass_by, -(leave * expit(above) + pass_by * expit(-below))

        return curves

    def answered_logs(self, scores: IntArray) -> AnswerLogs:
        upper, lower, gap = (edge[scores, np.arange(len(scores))] for edge in self.edges)
        constant = np.log(gap)

        def logs(t: FloatArray) -> FloatArray:
            reached = log_expit(t + _align(upper, t))
            return reached + log_expit(-(t + _align(lower, t))) + _align(constant, t)

        return logs

    def is_log_concave(self, scores: IntArray) -> BoolArray:
        return np.ones(len(scores), dtype=bool)

    def ends(self, scores: IntArray) -> tuple[BoolArray, BoolArray]:
        return scores == 0, scores == np.isfinite(self.boundaries).sum(axis=1)

    def growth(self, t: FloatArray) -> FloatArray:
        # With l = log P: |l'| ≤ 1 and l'' ≤ 0, so |I'| = |E(2 l' l'' + l'³)| ≤ 2 E|l''| + E l'² = 3 I.
        return np.full(t.shape, 3.0)

    @property
    def spread(self) -> FloatArray:
        return np.ones(len(self.boundaries))

    @property
    def ceiling(self) -> FloatArray:
        # The answer says which interval a logistic variable fell into, whose own information is 1/3.
        return np.full(len(self.boundaries), 1 / 3)

    @cached_property
    def edges(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Offsets of the boundary below and above each category, and 1 − exp(their distance); each (K, n)."""
        ends = np.full((1, len(self.boundaries)), np.inf)
        edges = np.concatenate([ends, self.boundaries.T, -ends])
        upper, lower = edges[:-1], edges[1:]
        absent = np.isneginf(upper)
        gap = -np.expm1(np.where(absent, 0.0, lower) - np.where(absent, 0.0, upper))
        return upper, lower, gap

    @cached_property
    def _log_edges(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same with the logarithm of the last."""
        upper, lower, gap = self.edges
        with np.errstate(divide="ignore"):
            return upper, lower, np.log(gap)

    def _passed(self, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """(K, n) or (K, n, G) each: σ of t beyond the boundary below and above each category, then σ of minus
        the same, above first. A boundary is both, so each is taken once; the outermost are certain."""
        beyond = t + _align(self.boundaries.T, t[None])
        rise, fall = (np.empty((len(beyond) + 2, *t.shape)) for _ in range(2))
        rise[0], rise[-1], fall[0], fall[-1] = 1.0, 0.0, 0.0, 1.0
        expit(beyond, out=rise[1:-1])
        expit(np.negative(beyond, out=beyond), out=fall[1:-1])
        return rise[:-1], rise[1:], fall[1:], fall[:-1]


@dataclass(frozen=True)
class Nominal:
    """P(X = k) ∝ exp(s_k t + c_k)."""

    slopes: FloatArray  # s, (n, K)
    intercepts: FloatArray  # c, (n, K), −inf where a question has fewer categories

    def take(self, rows: IntArray) -> Self:
        return type(self)(self.slopes[rows], self.intercepts[rows])

    def curves(self, t: FloatArray) -> Curves:
        p = np.exp(self.log_probabilities(t))
        slopes = _align(self.slopes.T, t[None])
        r1 = slopes - _total(p * slopes)
        variance, skew = _total(p * r1**2), _total(p * r1**3)
        return Curves(p, r1, r1**2 - variance, r1**3 - 3 * r1 * variance - skew)

    def information(self, t: FloatArray) -> FloatArray:
        # As `log_probabilities`, then exp, but in two arrays: of some hundred questions, making them counts.
        slopes, intercepts = (_align(each, t[None]) for each in self._columns)
        p = slopes * t
        p += intercepts
        p -= np.maximum.reduce(p)
        r1 = np.exp(p)
        p -= np.log(np.add.reduce(r1))
        np.exp(p, p)
        np.multiply(p, slopes, r1)
        np.subtract(slopes, np.add.reduce(r1), r1)
        r1 *= r1
        r1 *= p
        return _total(r1)

    information_within = information

    def log_probabilities(self, t: FloatArray) -> FloatArray:
        slopes, intercepts = (_align(each, t[None]) for each in self._columns)
        logits = slopes * t
        logits += intercepts
        logits -= np.maximum.reduce(logits)
        logits -= np.log(_total(np.exp(logits)))
        return logits

    @cached_property
    def _columns(self) -> tuple[FloatArray, FloatArray]:
        """(K, n) slopes and intercepts, each category's together in memory."""
        return np.ascontiguousarray(self.slopes.T), np.ascontiguousarray(self.intercepts.T)

    def answer_logs(self, rows: IntArray, t: FloatArray) -> FloatArray:
        slopes, intercepts = (each.take(rows, 1)[:, :, None] for each in self._columns)
        logits = slopes * t
        logits += intercepts
        logits -= np.maximum.reduce(logits)
        logits -= np.log(np.add.reduce(np.exp(logits)))
        return logits

    def answered(self, scores: IntArray) -> AnswerCurves:
        chosen = self.slopes[np.arange(len(scores)), scores]

        def curves(t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
            log_p = self.log_probabilities(t)
            p, slopes = np.exp(log_p), _align(self.slopes.T, t[None])
            mean = _total(p * slopes)
            return (
                log_p[scores, np.arange(len(scores))],
                _align(chosen, t) - mean,
                -_total(p * (slopes - mean) ** 2),
            )

        return curves

    def answered_logs(self, scores: IntArray) -> AnswerLogs:
        rows = np.arange(len(scores))
        slopes, intercepts = self.slopes - self.slopes[rows, scores, None], self.intercepts.T
        intercepts = intercepts - self.intercepts[rows, scores]

        def logs(t: FloatArray) -> FloatArray:
            """−log Σ_k exp((s_k − s) t + c_k − c), where the answer's own term is 1."""
            logits = _align(slopes.T, t[None]) * t + _align(intercepts, t[None])
            top = logits.max(axis=0)
            log_p: FloatArray = -(top + np.log(_total(np.exp(logits - top))))
            return log_p

        return logs

    def is_log_concave(self, scores: IntArray) -> BoolArray:
        return np.ones(len(scores), dtype=bool)

    def ends(self, scores: IntArray) -> tuple[BoolArray, BoolArray]:
        chosen = self.slopes[np.arange(len(scores)), scores]
        present = np.isfinite(self.intercepts)
        lowest = np.where(present, self.slopes, np.inf).min(axis=1)
        highest = np.where(present, self.slopes, -np.inf).max(axis=1)
        return chosen == lowest, chosen == highest

    def growth(self, t: FloatArray) -> FloatArray:
        # I is the variance of the category slopes, I' their third central moment: at most range × variance.
        return np.broadcast_to(_align(self.spread, t), t.shape)

    @property
    def ceiling(self) -> FloatArray:
        # The variance of numbers within a range (Popoviciu 1935).
        return self.spread**2 / 4

    @cached_property
    def spread(self) -> FloatArray:
        slopes, intercepts = self._columns
        present = np.isfinite(intercepts)
        highest = np.maximum.reduce(np.where(present, slopes, -np.inf))
        lowest = np.minimum.reduce(np.where(present, slopes, np.inf))
        return np.asarray(highest - lowest)


def _most_with_guessing(guessing: FloatArray) -> FloatArray:
    """The largest information about t of a 3PL question: Lord (1980, p. 152), and never above (1 − c)/4."""
    few = np.minimum(guessing, 0.9)  # beyond, his formula is a small difference of large numbers
    root = 1 + 8 * few
    root *= np.sqrt(root)  # to the power of 1.5, in a tenth of the time
    most = (1 - 20 * few - 8 * few**2 + root) / (8 * (1 - few) ** 2)
    return np.asarray(np.minimum(most, (1 - guessing) / 4))


def _total(values: FloatArray) -> FloatArray:
    return np.asarray(np.add.reduce(values))


def _align(parameter: FloatArray, t: FloatArray) -> FloatArray:
    """Give a per-question parameter the trailing axis of t, if t has one."""
    return parameter if parameter.ndim == t.ndim else parameter[..., None]


def _shifted(offsets: FloatArray, t: FloatArray) -> FloatArray:
    return t + _align(offsets, t[None])


def _limited(t: FloatArray) -> FloatArray:
    limited: FloatArray = np.maximum(t, -LARGEST_LOGIT)
    return np.minimum(limited, LARGEST_LOGIT, out=limited)
