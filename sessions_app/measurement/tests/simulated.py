"""Simulated answers of a pool's questions, as files."""

from collections.abc import Sequence

import numpy as np

from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision


def true_parameters(items: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and difficulties, (items,) each."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.8, 1.8, items), rng.normal(0, 1, items)


def answers_of(
    persons: int, items: int, seed: int = 6, moved: Sequence[int] = (), mean: float = 0.0
) -> np.ndarray:
    """(persons, items) of 0 and 1 under a 2PL; the second half of the persons finds `moved` harder."""
    rng = np.random.default_rng(seed)
    a, b = true_parameters(items)
    theta = rng.normal(mean, 1, persons)
    harder = np.zeros((persons, items))
    harder[persons // 2 :, list(moved)] = 1.0
    p = 1 / (1 + np.exp(-a * (theta[:, None] - b - harder)))
    return np.asarray(rng.random((persons, items)) < p).astype(int)


def matrix_file(pool: QuestionPool, x: np.ndarray, name: str = "answers.csv") -> Upload:
    """With a column of two groups."""
    assert pool.current_revision_id is not None
    ids = load_revision(pool.current_revision_id).external_ids[: x.shape[1]]
    lines = [",".join(["person", "group", *ids])]
    for number, row in enumerate(x):
        group = "A" if number < len(x) // 2 else "B"
        lines.append(",".join([f"p{number}", group, *("" if v < 0 else str(v) for v in row)]))
    return Upload(name, "\n".join(lines).encode())
