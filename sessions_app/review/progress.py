"""How far a verification has come, in a file beside the database: so that one that was cut off goes on.

Not in the database, which is what is being verified. The first line says which run it is and what it consists
of, each other line what one portion held, in order. A line that was cut off with its run counts as not there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from sessions_app.review.portions import Found, Portion


class AnotherRun(ValueError):
    """The file holds the progress of something else."""


class Run(msgspec.Struct, frozen=True):
    """What must be the same for a run to go on."""

    database: str
    witness: str  # SHA-256 of the file; empty: none
    skips: bool
    notes: bool


class _Beginning(msgspec.Struct):
    run: Run
    portions: list[Portion]


_FOUND = msgspec.json.Decoder(Found)


class Progress:
    """`portions` of the run, and how many of them are `done`."""

    def __init__(self, path: Path, run: Run, portions: list[Portion]) -> None:
        """Goes on with what the file holds, or begins it with these portions. Raises `AnotherRun`."""
        self.path, self.portions, self.done = path, portions, 0
        if not path.exists() or not self._go_on(run):
            with path.open("wb") as file:
                _write(file, msgspec.json.encode(_Beginning(run, portions)))

    def _go_on(self, run: Run) -> bool:
        """False where not even the first line is whole."""
        with self.path.open("r+b") as file:
            first = file.readline()
            if not first.endswith(b"\n"):
                return False
            try:
                beginning = msgspec.json.decode(first, type=_Beginning)
            except msgspec.MsgspecError as error:
                raise AnotherRun("it is no progress of a verification") from error
            for name in Run.__struct_fields__:
                before, now = getattr(beginning.run, name), getattr(run, name)
                if before != now:
                    raise AnotherRun(f"it is of a run with {name} {before!r}, and this one has {now!r}")
            self.portions, whole = beginning.portions, len(first)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.done, whole = self.done + 1, whole + len(line)
            file.truncate(whole)
        return True

    def found(self) -> Iterator[Found]:
        """In the portions that are done, in order."""
        with self.path.open("rb") as file:
            file.readline()
            for _ in range(self.done):
                yield _FOUND.decode(file.readline())

    def recorded(self, founds: Iterator[Found]) -> Iterator[Found]:
        """The same, each written down first."""
        with self.path.open("ab") as file:
            for found in founds:
                _write(file, msgspec.json.encode(found))
                yield found


def _write(file: BinaryIO, line: bytes) -> None:
    file.write(line + b"\n")
    file.flush()
