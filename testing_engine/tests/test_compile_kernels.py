"""What is compiled beforehand is all that steps and simulations call, and is read where nothing can be
written.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testing_engine.compile_kernels import compile_kernels
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.kernels import determinants, posteriors, propagation
from testing_engine.psychometrics.kernels.compiling import KernelCache, compiled
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.pools import random_answers, random_pool
from testing_engine.simulation.simulate import simulate

PACKAGE = Path(propagation.__file__).parent
KERNELS: tuple[Any, ...] = (
    propagation.settle,
    propagation.settle_each,
    determinants.determinants,
    determinants.leading_determinants,
    determinants.best_of_each,
    posteriors.answer_logs,
    posteriors.looked_at,
)
RULES: tuple[dict[str, object], ...] = (
    {},
    {"prior": {"name": "standard", "correlation": 0.3}},
    {"strategy": {"name": "randomesque", "count": 3}},
    {"strategy": {"name": "proportional"}},
    {"stop": [{"name": "precision", "standard_error": 0.5}]},
)


def compiled_for() -> list[int]:
    """For how many combinations of its arguments' types each kernel was."""
    return [len(kernel.signatures) for kernel in KERNELS]


def test_nothing_is_compiled_that_was_not_beforehand() -> None:
    """Each further combination of arguments' types would take a student's seconds."""
    compile_kernels()
    before, rng = compiled_for(), np.random.default_rng(3)
    assert all(before)
    for dimensions in (1, 3):
        bank = random_pool(rng, 27, dimensions)
        items, scores = random_answers(rng, bank, 4)
        for more in RULES:
            rules = CatRules.from_json({"max_questions": 9, **more})
            for prior in (None, NormalPrior.equally_correlated(dimensions, 0.2)):
                for count in range(4):
                    next_step(TestSoFar(bank, rules, prior, 0, items[:count], scores[:count]))
                simulate(bank, rules, np.zeros((3, dimensions)), 1, prior)
    assert compiled_for() == before


def test_what_was_kept_is_of_all_sources() -> None:
    """A kernel holds those that it calls, whichever file they are in, and is made anew when one changes."""
    stamps = [KernelCache(kernel.py_func)._impl.locator.get_source_stamp() for kernel in KERNELS]
    digest = hashlib.sha256()
    for file in (*sorted(PACKAGE.glob("*.py")), PACKAGE.parent / "items" / "response.py"):
        digest.update(file.read_bytes())
    assert stamps == [digest.digest()] * len(KERNELS)


def test_what_was_kept_is_read_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an image; and what cannot be kept is no error."""

    def refused(*args: object, **options: object) -> None:
        raise OSError("read-only file system")

    def doubled() -> float:
        @compiled
        def twice(number: float) -> float:
            return 2 * number

        return twice(2.0)

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", refused)
    assert doubled() == 4.0
    compile_kernels()
    kernel: Any = propagation.settle
    kept = KernelCache(kernel.py_func).cache_path
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    assert KernelCache(kernel.py_func).cache_path == kept
    assert doubled() == 4.0  # beside whose source nothing is kept
