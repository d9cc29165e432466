"""Thirteen data sets that break calibrators, 500 × 12 unless said otherwise, each with the finding it must
give.
"""

import numpy as np
import numpy.typing as npt

Answers = npt.NDArray[np.int8]
EXPECTED = {
    "all right": ("one_category", 0),
    "one wrong of 500": ("rare_category", 0),
    "an item twice": ("duplicate", 1),
    "wrong key": ("negative_slope", 0),
    "Guttman item": ("steep", 0),
    "3 answers": ("few_answers", 0),
    "no answers": ("no_answers", 0),
    "two halves without a common person": ("disconnected", None),
    "two halves whose persons differ": ("disconnected", None),
    "pure noise": ("no_common_trait", None),
    "60 × 3": ("small_sample", None),
    "8 % all right and 8 % all wrong": ("extreme_scores", None),
    "persons without answers": ("persons_without_answers", None),
}


def broken(seed: int) -> dict[str, Answers]:
    rng = np.random.default_rng(seed)
    n, k = 500, 12
    theta = rng.normal(size=n)
    a, b = rng.uniform(0.8, 1.8, k), rng.normal(size=k)

    def draw(ability: npt.NDArray[np.float64]) -> Answers:
        return (rng.random((n, k)) < 1 / (1 + np.exp(-a * (ability[:, None] - b)))).astype(np.int8)

    x = draw(theta)

    def first(values: npt.ArrayLike) -> Answers:
        changed = x.copy()
        changed[:, 0] = values
        return changed

    one_wrong = first(1)
    one_wrong[0, 0] = 0
    halves, apart = x.copy(), draw(theta + np.where(np.arange(n) < 250, 0, 1))
    for each in (halves, apart):
        each[:250, 6:] = each[250:, :6] = -1
    same = x.copy()
    same[:40], same[40:80] = 1, 0
    silent = x.copy()
    silent[[5, 6]] = -1
    few = x.copy()
    few[3:, 0] = -1
    few[:2, 0] = 0, 1  # of one kind alone they would be another finding's
    twice = x.copy()
    twice[:, 1] = twice[:, 0]
    return {
        "all right": first(1),
        "one wrong of 500": one_wrong,
        "an item twice": twice,
        "wrong key": first(1 - x[:, 0]),
        "Guttman item": first(theta > 0),
        "3 answers": few,
        "no answers": first(-1),
        "two halves without a common person": halves,
        "two halves whose persons differ": apart,
        "pure noise": (rng.random((n, k)) < 0.5).astype(np.int8),
        "60 × 3": x[:60, :3],
        "8 % all right and 8 % all wrong": same,
        "persons without answers": silent,
    }
