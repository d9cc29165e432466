"""Whoever looks on sees every iteration, and may end it."""

import numpy as np
import pytest

from testing_engine.calibration import Iteration, Responses, calibrate, dif


class Enough(Exception):
    pass


def answers(items: int = 12, persons: int = 300, concepts: int = 1) -> tuple[Responses, np.ndarray]:
    rng = np.random.default_rng(3)
    theta = rng.normal(size=(persons, concepts))
    q = np.eye(concepts)[np.arange(items) % concepts]
    x = (rng.random((persons, items)) < 1 / (1 + np.exp(-theta @ q.T))).astype(int)
    return Responses.from_matrix(x, group=(np.arange(persons) % 2).tolist()), q


@pytest.mark.parametrize("concepts", [1, 3])
def test_every_iteration_is_told_and_changes_nothing(concepts: int) -> None:
    responses, q = answers(concepts=concepts)
    seen: list[Iteration] = []
    watched = calibrate(responses, "2PL", q_matrix=q, watch=seen.append)
    alone = calibrate(responses, "2PL", q_matrix=q)
    assert len(seen) >= watched.state.e_steps - 1
    assert seen[-1].share > seen[0].share
    assert watched.state.x.tobytes() == alone.state.x.tobytes()


@pytest.mark.parametrize("concepts", [1, 3])
def test_what_is_raised_ends_it(concepts: int) -> None:
    responses, q = answers(concepts=concepts)
    seen: list[int] = []

    def watch(iteration: Iteration) -> None:
        seen.append(iteration.number)
        if len(seen) == 2:
            raise Enough

    with pytest.raises(Enough):
        calibrate(responses, "2PL", q_matrix=q, watch=watch)
    assert len(seen) == 2
    if concepts == 1:
        with pytest.raises(Enough):
            dif(responses, "2PL", watch=lambda _: (_ for _ in ()).throw(Enough))
