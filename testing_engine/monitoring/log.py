"""What was answered: the tests of a pool that are over, as plain arrays."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray, Responses
from testing_engine.psychometrics.items.states import HAVE_PARAMETERS

UNSCORED = -1


@dataclass(frozen=True)
class WatchedQuestion:
    """One question of the pool's newest revision.

    `seconds`: under which its answers are rapid, where that was settled for its pool's tests. `model` and
    `parameters` are as `calibration.calibrate(fixed=…)` takes them; `model` None: it cannot be
    held against its answers. `answers`: all that it ever got with this text and key, in whichever test.
    """

    id: str
    state: str
    model: str | None = None
    parameters: Mapping[str, Any] | None = None
    answers: int = 0
    seconds: float | None = None

    @property
    def counts(self) -> bool:
        """Whether an ability may rest on it."""
        return self.state in HAVE_PARAMETERS

    @property
    def slope(self) -> float:
        """By which a shift on the logit scale becomes one of the difficulty."""
        a = np.linalg.norm((self.parameters or {}).get("a", 1.0))
        return float(a) or 1.0


@dataclass(frozen=True)
class Assumed:
    """The normal population that the tests took their students from: their prior, a number a concept."""

    mean: tuple[float, ...] = (0.0,)
    sd: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, eq=False)
class AnswerLog:
    """Answers of S tests to Q questions, test by test in the order in which they were given.

    `test`, `item`, `category`, `seconds`: (A,); a category of −1 was not scored, a time of nan is not known;
    `is_current` marks answers to the question as it is today, its parameters included. `is_adaptive` (S,):
    the test chose by ability; `is_fresh` (S,): it began without earlier results of its student.
    """

    test: IntArray
    item: IntArray
    category: IntArray
    seconds: FloatArray
    is_current: BoolArray
    is_adaptive: BoolArray
    is_fresh: BoolArray

    @property
    def n_tests(self) -> int:
        return len(self.is_adaptive)

    @property
    def n_answers(self) -> int:
        return len(self.item)

    @property
    def data_hash(self) -> str:
        """SHA-256 of all of it."""
        digest = hashlib.sha256()
        for part in (
            *(self.test, self.item, self.category, self.seconds),
            *(self.is_current, self.is_adaptive, self.is_fresh),
        ):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def responses(self, questions: Sequence[WatchedQuestion], leave_out: BoolArray) -> Responses:
        """For the calibration: scored answers to questions with parameters, of tests that began afresh.

        A test whose questions were chosen by earlier results leaves out what its choice rests on, and would
        look like drift; `leave_out` (A,) marks answers that do not count either.
        """
        testable = np.array([each.counts and each.model is not None for each in questions], dtype=bool)
        kept = (
            testable[self.item]
            & self.is_fresh[self.test]
            & self.is_current
            & (self.category >= 0)
            & ~leave_out
        )
        items, item = np.unique(self.item[kept], return_inverse=True)
        tests, counts = np.unique(self.test[kept], return_counts=True)
        return Responses(
            range(len(tests)),
            tuple(questions[place].id for place in items),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            item.astype(np.int32),
            self.category[kept].astype(np.int32),
            np.zeros(len(tests), dtype=np.int64),
        )
