"""What a pool lets a test reach: how many questions it can ask, and how exact its results can get."""

from dataclasses import dataclass

import numpy as np

from sessions_app.sitting import lengths
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.coverage import coverage
from testing_engine.psychometrics.items.parts import counting, in_use
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision

# Where most students are: two of three, on a scale whose reference population is N(0, 1).
MIDDLE = np.linspace(-1.0, 1.0, 5)


@dataclass(frozen=True)
class Outlook:
    """Of the newest revision. `askable`: questions that a test with an ability can ask; `all_questions`: one
    without. `concepts`: how many results each such test has."""

    askable: int
    all_questions: int
    concepts: int

    @property
    def has_parameters(self) -> bool:
        return self.askable > 0


def outlook_of(pool: QuestionPool) -> Outlook:
    assert pool.current_revision_id is not None
    bank = load_revision(pool.current_revision_id).bank
    return Outlook(counting(bank).n_items, in_use(bank).n_items, bank.n_dimensions)


def askable_by(pool: QuestionPool, rules: CatRules) -> int:
    """Questions of the newest revision that a test by these rules can ask."""
    assert pool.current_revision_id is not None
    return lengths.askable(rules, load_revision(pool.current_revision_id).bank)


def best_error(pool: QuestionPool, questions: int) -> float | None:
    """The smallest standard error (logits) that a test of so many questions can end with, for the student
    in the `MIDDLE` whom the pool suits best; None without parameters.

    Of the concept that is measured worst, every question chosen for it alone; with what is taken to be known
    before, N(0, 1): 1/√(1 + I), I the information of its best questions (van der Linden & Pashley 2010).
    """
    assert pool.current_revision_id is not None
    bank = counting(load_revision(pool.current_revision_id).bank).bank
    if bank is None:
        return None
    best = coverage(bank, questions, MIDDLE).best
    return float(np.max(np.min(1 / np.sqrt(1 + best), axis=1)))


def questions_to_reach(pool: QuestionPool, error: float, most: int) -> int | None:
    """The fewest questions with which `best_error` gets there; None where `most` are too few."""
    assert pool.current_revision_id is not None
    bank = counting(load_revision(pool.current_revision_id).bank).bank
    if bank is None or most < 1 or (best_error(pool, most) or 1.0) > error:
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if (best_error(pool, middle) or 1.0) <= error:
            high = middle
        else:
            low = middle + 1
    return low
