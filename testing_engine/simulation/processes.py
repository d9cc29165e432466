"""A simulation's students on several processors of one machine: the same tests, whoever computes them.

Every process has the pool and the rules, and takes parts of the students until none is left. What a student
draws comes from the simulation's seed and the student's place among all, so that the number of processes, and
of students in a part, changes nothing.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context

import numpy as np

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.students import Students
from testing_engine.simulation.taken import Taken
from testing_engine.simulation.taking import take_tests

PARTS = 8  # for each process, so that none waits long for another's last part


@dataclass(frozen=True, eq=False)
class Work:
    """What every process gets once."""

    bank: ItemBank
    rules: CatRules
    prior: NormalPrior | None
    students: Students


_WORK: list[Work] = []  # of this process, which has no other


def take_tests_in(processes: int, work: Work, tell: Callable[[float], None]) -> Taken:
    """Every student's whole test, questions in the numbers of the whole pool."""
    count = len(work.students.thetas)
    edges = np.unique(np.linspace(0, count, processes * PARTS + 1).astype(int)).tolist()
    # Started anew rather than forked: threads of this process would not survive that.
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (work,)) as pool:
        waiting = [pool.submit(_part, low, high) for low, high in pairwise(edges)]
        try:
            for done, _ in enumerate(as_completed(waiting), 1):
                tell(done / len(waiting))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        taken = Taken.joined([part.result() for part in waiting])
    taken.freeze()
    return taken


def _begin(work: Work) -> None:
    """HiGHS has lines that no option of SciPy silences; nobody reads the output of such a process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _WORK[:] = [work]


def _part(low: int, high: int) -> Taken:
    (work,) = _WORK
    students = work.students.among(slice(low, high))
    return take_tests(counting(work.bank), work.rules, work.prior, students)
