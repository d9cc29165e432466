"""`python -m testing_engine.compile_kernels`: what steps and simulations would compile when they first run.

So a test run, an image or a new installation has it before anybody waits for it.
"""

import numpy as np

from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.strategies import Proportional
from testing_engine.simulation.simulate import simulate

RULES = CatRules(max_questions=2)
ALL_VALUES = CatRules(max_questions=2, strategy=Proportional())


def compile_kernels() -> None:
    """A step and a simulation of the smallest pool of two concepts, and a step where there is one."""
    bank = ItemBank.from_arrays(np.eye(2))
    for answered in range(3):
        next_step(TestSoFar(bank, RULES, None, 0, range(answered), [1] * answered))
    next_step(TestSoFar(bank, ALL_VALUES, None, 0))
    simulate(bank, RULES, np.zeros((2, 2)), 0)
    one = ItemBank.from_arrays(np.ones((2, 1)))
    next_step(TestSoFar(one, RULES, None, 0, [0], [1]))


if __name__ == "__main__":
    compile_kernels()
