"""A table of answers is filled as questions are answered, and nobody sees the difference."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given

from testing_engine.psychometrics.ability.quadrature import AnswerTable, Quadrature
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.tests.pools import SEEDS, random_answers, random_pool

GRID = Quadrature(-8, 8, 161)


def one_by_one(bank: ItemBank) -> FloatArray:
    """(N, K, G), each question's numbers by themselves."""
    nodes = GRID.nodes[:, None]
    return np.stack([bank.log_probabilities(nodes, np.array([item]))[:, 0] for item in range(bank.n_items)])


@given(SEEDS)
def test_a_table_filled_late_has_the_bits_of_a_whole_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    late, whole = AnswerTable(bank, GRID), one_by_one(bank)
    assert (whole == np.moveaxis(bank.log_probabilities(GRID.nodes[:, None]), 1, 0)).all()
    for count in (0, 1, 4, 9):
        items, scores = random_answers(rng, bank, count)
        expected = np.zeros(GRID.points)
        for item, score in zip(items, scores, strict=True):
            expected += whole[item, score]
        assert (late.log_likelihood(items, scores) == expected).all()


def test_only_questions_that_were_given_are_computed() -> None:
    rng = np.random.default_rng(1)
    table = AnswerTable(random_pool(rng, 9), GRID)
    table.log_likelihood([3, 5, 3], [0, 1, 0])
    assert list(table.row_of) == [3, 5]


def test_threads_enter_questions_once_and_read_whole_rows() -> None:
    """Tables grow while others read them."""
    bank = random_pool(np.random.default_rng(2), 400, models=("3PL",))
    table, whole = AnswerTable(bank, GRID), one_by_one(bank)

    def read(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        for _ in range(40):
            items, scores = rng.permutation(400)[:12].tolist(), rng.integers(0, 2, 12).tolist()
            if not (table.log_likelihood(items, scores) == whole[items, scores].sum(axis=0)).all():
                return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(16)))
    assert sorted(table.row_of.values()) == list(range(0, 2 * len(table.row_of), 2))
