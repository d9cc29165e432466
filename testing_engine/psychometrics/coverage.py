"""How well a pool measures: information along ability, what a test of some length can reach, and gaps.

Along a concept means: ability θ in this concept, 0 in the others. Along all of them: the same θ in every
concept, and the information is about this common θ. Information is the answers' alone, without a prior.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray, Logistic

GRID: FloatArray = np.linspace(-4, 4, 81)
GRID.setflags(write=False)
TEST_LENGTH = 20
TARGET_ERROR = 0.4
SEARCHED = 2.5  # gaps are looked for where 98.8 % of N(0, 1) are
NEAR = 0.5  # logits
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Coverage:
    """Of D concepts along a grid of G abilities. `length` questions are the best at each ability."""

    grid: FloatArray  # (G,)
    whole: FloatArray  # (D, G) information of the whole pool about each concept
    best: FloatArray  # (D, G) and of its `length` best questions
    together: FloatArray  # (G,) information of the whole pool about a θ common to all concepts
    together_best: FloatArray  # (G,)
    questions: IntArray  # (D,) how many measure each concept
    length: int

    @property
    def shares(self) -> FloatArray:
        """(D,) of the information that the pool has on average over N(0, 1), the share on each concept."""
        weights = np.exp(-(self.grid**2) / 2)
        averages: FloatArray = self.whole @ weights / weights.sum()
        return np.asarray(averages / averages.sum())


@dataclass(frozen=True)
class Gap:
    """From `low` to `high`, even the best questions leave a standard error above the target; the largest is
    `worst` at `worst_at`, infinite where nothing is measured. `near`: questions whose difficulty is within
    `NEAR` of `worst_at`.
    """

    concept: int
    low: float
    high: float
    worst: float
    worst_at: float
    near: int


def coverage(bank: ItemBank, length: int = TEST_LENGTH, grid: FloatArray = GRID) -> Coverage:
    """With I_i information about t and a_id slopes: Σ_i a_id² I_i about concept d, Σ_i (Σ_d a_id)² I_i about
    a common θ (Reckase 2009, ch. 5, there for unit directions)."""
    concepts = bank.n_dimensions
    whole, best = np.zeros((2, concepts, len(grid)))
    for concept in range(concepts):
        points = np.zeros((len(grid), concepts))
        points[:, concept] = grid
        whole[concept], best[concept] = _totals(bank, bank.slopes[:, concept], points, length)
    along_all = np.repeat(grid[:, None], concepts, axis=1)
    together, together_best = _totals(bank, bank.slopes.sum(axis=1), along_all, length)
    questions = np.count_nonzero(bank.slopes > 0, axis=0)
    return Coverage(grid, whole, best, together, together_best, questions, length)


def _totals(
    bank: ItemBank, slopes: FloatArray, points: FloatArray, length: int
) -> tuple[FloatArray, FloatArray]:
    """(G,) information of all questions and of the `length` best."""
    items = np.flatnonzero(slopes > 0)
    if not items.size:
        return np.zeros(len(points)), np.zeros(len(points))
    information = bank.information(points, items) * slopes[items, None] ** 2
    whole = information.sum(axis=0)
    if len(items) <= length:
        return whole, whole
    return whole, np.partition(information, len(items) - length, axis=0)[-length:].sum(axis=0)


def standard_errors(information: FloatArray) -> FloatArray:
    """1/√I, infinite where there is none."""
    with np.errstate(divide="ignore"):
        errors: FloatArray = 1 / np.sqrt(information)
    return errors


def gaps(bank: ItemBank, covered: Coverage, target: float = TARGET_ERROR) -> list[Gap]:
    """Stretches of ability within ±`SEARCHED` where the best questions miss the target, by concept."""
    inside = np.abs(covered.grid) <= SEARCHED + ROUNDING
    grid = covered.grid[inside]
    difficulty = difficulties(bank)
    found = []
    for concept, best in enumerate(covered.best):
        errors = standard_errors(best[inside])
        own = difficulty[bank.slopes[:, concept] > 0]
        for stretch in _runs(errors > target + ROUNDING):
            worst = stretch[np.argmax(errors[stretch])]
            near = int(np.count_nonzero(np.abs(own - grid[worst]) <= NEAR + ROUNDING))
            ends = float(grid[stretch[0]]), float(grid[stretch[-1]])
            found.append(Gap(concept, *ends, float(errors[worst]), float(grid[worst]), near))
    return found


def difficulties(bank: ItemBank) -> FloatArray:
    """(N,) where each question measures best on its own scale (ability in the direction of its slopes).

    1PL to 4PL: MDIFF. The other models: the peak of their information on [−6, 6] in steps of 0.05, because
    thresholds and category slopes have no single difficulty.
    """
    return bank.derived(("difficulties", "peak"), lambda: _difficulties(bank))


def _difficulties(bank: ItemBank) -> FloatArray:
    result = bank.difficulty.copy()
    own_scale = np.linspace(-6, 6, 241)
    for family, rows, own in bank.by_family():
        if not isinstance(family, Logistic):
            t = bank.steepness[own, None] * own_scale + bank.intercepts[own, None]
            result[own] = own_scale[np.argmax(family.take(rows).information(t), axis=1)]
    return result


def _runs(flags: np.ndarray) -> list[IntArray]:
    """Indices of each unbroken stretch of True."""
    where = np.flatnonzero(flags)
    return [run for run in np.split(where, np.flatnonzero(np.diff(where) > 1) + 1) if run.size]
