"""Blocks of columns: question sets of which a test has nothing, or between `least` and `most` questions.

With a price on every other row of a program, what is best for one block can be read from its columns in
order: the sums of its first k. So can what any other decision about one of its columns would lose, which is
what lets a program leave most of its columns out.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Blocks:
    """S of them, with M columns at most. A further column of each, 0 or 1, says whether it is used."""

    members: IntArray  # (S, M) columns, −1 where a block has fewer
    used: IntArray  # (S,) the columns that say so
    least: IntArray  # (S,) columns that are 1 in a block that is used
    most: IntArray  # (S,)
    forced: BoolArray  # (S,) used in any case

    @classmethod
    def of(cls, groups: tuple[IntArray, ...], first: int, least: int, most: int | None) -> Self:
        """One per group; the columns that say whether they are used begin at `first`."""
        sizes = np.array([len(group) for group in groups], dtype=np.intp)
        members = np.full((len(groups), int(sizes.max(initial=0))), -1, dtype=np.intp)
        for row, group in zip(members, groups, strict=True):
            row[: len(group)] = group
        upper = sizes if most is None else np.minimum(most, sizes)
        return cls(
            members,
            first + np.arange(len(groups)),
            np.minimum(least, sizes),
            upper,
            np.zeros(len(groups), dtype=bool),
        )

    def after(self, given: IntArray) -> "Blocks":
        """What is left to decide where the columns `given` are 1 already: their blocks are used."""
        if not len(self.used):
            return self
        taken = np.isin(self.members, given).sum(axis=1)
        return Blocks(
            self.members,
            self.used,
            np.maximum(self.least - taken, 0),
            self.most - taken,
            self.forced | (taken > 0),
        )

    def block_of(self, columns: int) -> IntArray:
        """(columns,) the block of each column, −1 for none; its own for the one that says it is used."""
        block = np.full(columns, -1, dtype=np.intp)
        row, place = np.nonzero(self.members >= 0)
        block[self.members[row, place]] = row
        block[self.used] = np.arange(len(self.used))
        return block


@dataclass(frozen=True, eq=False)
class Losses:
    """What a decision about one column costs, at these prices, beyond the best decision about its block."""

    one: FloatArray  # (U,) the column is 1
    zero: FloatArray  # (U,)
    gain: FloatArray  # (S,) of using each block, where it is used in the best way; −inf where it cannot be


def losses(blocks: Blocks, reduced: FloatArray, free: BoolArray) -> Losses:
    """From reduced values (U,) of all columns. Only `free` ones (U,) may be 1, the others are 0 or done."""
    one, zero = np.maximum(-reduced, 0.0), np.maximum(reduced, 0.0)
    if not len(blocks.used):
        return Losses(one, zero, np.zeros(0))
    present = (blocks.members >= 0) & free[blocks.members]
    values = np.where(present, reduced[blocks.members], -np.inf)
    order = np.argsort(-values, axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)  # (S, M + 1)
    k = np.arange(sums.shape[1])
    allowed = (k >= blocks.least[:, None]) & (k <= blocks.most[:, None])
    whole = np.where(allowed, sums, -np.inf)
    own = np.where(blocks.forced, 0.0, reduced[blocks.used])
    gain = whole.max(axis=1) + own
    nothing = np.where(blocks.forced, -np.inf, 0.0)
    best = np.maximum(gain, nothing)
    up_to = np.maximum.accumulate(whole, axis=1)[:, :-1]  # (S, M): the best k of at most t
    beyond = _from_the_right(whole)[:, 1:]  # the best k above t
    before = np.where(allowed, np.roll(sums, 1, axis=1), -np.inf)  # k columns, the last still to be named
    before[:, 0] = -np.inf
    after = np.where(allowed, np.roll(sums, -1, axis=1), -np.inf)  # k columns after one was taken out
    after[:, -1] = -np.inf
    shown = np.where(np.isfinite(values), values, 0.0)
    having = np.maximum(beyond, np.maximum.accumulate(before, axis=1)[:, :-1] + shown) + own[:, None]
    lacking = np.maximum(up_to, _from_the_right(after)[:, 1:] - shown) + own[:, None]
    places = np.take_along_axis(blocks.members, order, axis=1)
    there = np.isfinite(values)
    rows = np.nonzero(there)[0]
    with np.errstate(invalid="ignore"):  # −inf − −inf, of a block that cannot be used
        one[places[there]] = np.nan_to_num(best[rows] - having[there], nan=np.inf, posinf=np.inf)
        without = np.maximum(lacking, nothing[:, None])
        zero[places[there]] = np.nan_to_num(best[rows] - without[there], nan=0.0, posinf=np.inf)
        one[blocks.used] = np.nan_to_num(best - gain, nan=np.inf, posinf=np.inf)
        zero[blocks.used] = np.nan_to_num(best - nothing, nan=np.inf, posinf=np.inf)
    return Losses(one, zero, gain)


def _from_the_right(values: FloatArray) -> FloatArray:
    """(S, K) the largest from each place on."""
    return np.asarray(np.maximum.accumulate(values[:, ::-1], axis=1)[:, ::-1])
