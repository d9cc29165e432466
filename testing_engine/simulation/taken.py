"""What happened: the tests that students took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.ability.posterior import Answers
from testing_engine.psychometrics.items.response import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Taken:
    """S tests of at most L questions, filled in while they run."""

    items: IntArray  # (S, L), −1 after the end
    scores: IntArray  # (S, L), −1 after the end
    stops: npt.NDArray[np.object_]  # (S,) names of the rules that ended them
    estimates: FloatArray  # (S, D)
    standard_errors: FloatArray  # (S, D)
    overall_errors: FloatArray  # (S,) of the mean of all dimensions
    before: FloatArray  # (S, L, D) the estimates that questions were chosen at
    unrecorded: IntArray  # (S,) questions that the rules wanted and that had no recorded answer, each once

    @classmethod
    def blank(cls, students: int, longest: int, dimensions: int) -> Self:
        items, scores = (np.full((students, longest), -1, dtype=np.intp) for _ in range(2))
        estimates, errors = (np.full((students, dimensions), np.nan) for _ in range(2))
        overall = np.full(students, np.nan)
        before = np.full((students, longest, dimensions), np.nan)
        stops = np.full(students, "", dtype=object)
        unrecorded = np.zeros(students, dtype=np.intp)
        return cls(items, scores, stops, estimates, errors, overall, before, unrecorded)

    @classmethod
    def joined(cls, parts: Sequence["Taken"]) -> Self:
        """One after the other."""
        return cls(
            *(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True))
        )

    def answers(self, student: int) -> Answers:
        given = self.items[student] >= 0
        return Answers(self.items[student, given], self.scores[student, given])

    def freeze(self) -> None:
        for array in vars(self).values():
            array.setflags(write=False)
