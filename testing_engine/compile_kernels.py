"""`python -m testing_engine.compile_kernels`: compiles what a step or a simulation would compile when it first runs,
so that a test run, an image or a new installation has it before anybody waits for it."""

import numpy as np

from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.simulate import simulate

RULES = CatRules(max_questions=2)


def compile_kernels() -> None:
    """A step and a simulation of the smallest pool of two concepts."""
    bank = ItemBank.from_arrays(np.eye(2))
    for answered in range(3):
        next_step(TestSoFar(bank, RULES, None, 0, range(answered), [1] * answered))
    simulate(bank, RULES, np.zeros((2, 2)), 0)


if __name__ == "__main__":
    compile_kernels()
