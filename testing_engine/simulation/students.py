"""Simulated students: a true ability, a seed for the rules' draws, and one random number per answer, or an
answer that is known already."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray

SESSION_SEEDS, ANSWERS = 0, 1  # streams of one simulation's seed


@dataclass(frozen=True, eq=False)
class Students:
    """S of them. The answer at a position depends on that position's number and on the question, not on the
    order
    in which a program looks at students. With `recorded` it is the one that is there, and what a student has
    no answer to is closed to them."""

    thetas: FloatArray  # (S, D)
    seeds: tuple[int, ...]  # what `next_step` gets
    uniforms: FloatArray  # (S, L), one per position
    recorded: IntArray | None = None  # (S, N) categories, −1 where there is no answer

    @classmethod
    def drawn(cls, thetas: npt.ArrayLike, dimensions: int, longest: int, seed: int) -> Self:
        """From true abilities (S,) or (S, D)."""
        abilities = np.array(thetas, dtype=float).reshape(-1, dimensions)
        abilities.setflags(write=False)
        seeds = np.random.default_rng((seed, SESSION_SEEDS)).integers(2**63, size=len(abilities))
        uniforms = np.random.default_rng((seed, ANSWERS)).random((len(abilities), longest))
        return cls(abilities, tuple(seeds.tolist()), uniforms)

    def among(self, part: slice) -> "Students":
        """Some of them, with the seeds and numbers that they have among all."""
        recorded = None if self.recorded is None else self.recorded[part]
        return Students(self.thetas[part], self.seeds[part], self.uniforms[part], recorded)

    @property
    def closed(self) -> BoolArray | None:
        """(S, N) what has no answer; None where every question may be asked of everybody."""
        if self.recorded is None or (self.recorded >= 0).all():
            return None
        return np.asarray(self.recorded < 0)

    def blocks(self, size: int) -> Iterator["Students"]:
        """At most `size` at a time, in order."""
        for start in range(0, max(len(self.thetas), 1), size):
            yield self.among(slice(start, start + size))

    def answers(self, bank: ItemBank, students: IntArray, items: IntArray, position: int) -> IntArray:
        """(n,) the category that each of these students gives to a question of their own (n,)."""
        if self.recorded is not None:
            return self.recorded[students, items]
        t = (bank.slopes[items] * self.thetas[students]).sum(axis=1) + bank.intercepts[items]
        uniforms = self.uniforms[students, position]
        scores = np.zeros(len(items), dtype=np.intp)
        for family, rows, own in bank.by_family(items):
            reached = np.cumsum(family.take(rows).curves(t[own]).p, axis=0)[:-1]
            scores[own] = (uniforms[own] >= reached).sum(axis=0)
        return np.minimum(scores, bank.n_categories[items] - 1)  # where rounding leaves the sum of P below 1
