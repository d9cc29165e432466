"""A pool's answers as a table, persons × questions."""

from uuid import UUID

import msgspec

from sessions_app.measurement import matrix
from sessions_app.waiting.made import CONTENT_TYPES, Asking, Made, Progress, line_by_line
from testing_engine.pools import read_pool


class Wanted(msgspec.Struct, frozen=True):
    """Of this pool, as `matrix.Wanted` has it. `name`: of the file, without what follows the dot."""

    name: str
    pool: UUID
    wanted: matrix.Wanted


def make(asked: Wanted, asking: Asking, progress: Progress) -> Made:
    """Of the delivered tests that were over when it was asked for. Raises what `matrix_lines` does."""
    pool = read_pool(asked.pool)
    lines = matrix.matrix_lines(pool, asked.wanted, asking.at)
    told = matrix.said_of_archives(matrix.left_to_archives(pool, asked.wanted, asking.at))
    return Made(f"{asked.name}.csv", CONTENT_TYPES["csv"], line_by_line(lines), told or None)
