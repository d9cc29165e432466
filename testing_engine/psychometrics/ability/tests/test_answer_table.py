"""A table of answers is filled as questions are answered, and nobody sees the difference."""

import numpy as np
from hypothesis import given

from testing_engine.psychometrics.ability.quadrature import AnswerTable, Quadrature
from testing_engine.psychometrics.tests.pools import SEEDS, random_answers, random_pool

GRID = Quadrature(-8, 8, 161)


@given(SEEDS)
def test_a_table_filled_late_has_the_bits_of_a_whole_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    late, early = AnswerTable(bank, GRID), AnswerTable(bank, GRID)
    whole = early.whole
    assert whole is not None
    assert (whole == np.moveaxis(bank.log_probabilities(GRID.nodes[:, None]), 1, 0)).all()
    for count in (0, 1, 4, 9):
        items, scores = (np.array(each, dtype=np.intp) for each in random_answers(rng, bank, count))
        assert (late.log_likelihood(items, scores) == early.log_likelihood(items, scores)).all()


def test_only_answered_questions_are_computed() -> None:
    table = AnswerTable(random_pool(np.random.default_rng(1)), GRID)
    table.log_likelihood(np.array([3, 5]), np.array([0, 1]))
    assert np.flatnonzero(table.is_entered).tolist() == [3, 5]
