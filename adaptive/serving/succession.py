"""Who serves while gunicorn replaces its workers (HUP): the old ones, until the new ones can.

gunicorn tells the old workers to stop when it has forked the new ones, which then load the service for a
second or more: nobody would take what arrives meanwhile. So an old worker that is told to stop asks first.
Master and workers share one page of memory, in which each writes a place of its own: there are no locks.
"""

import mmap
import struct

PLACES = 510  # workers of two reloads at once; a worker's place is its age, which gunicorn counts up
_NUMBER = struct.Struct("Q")
_NEWEST_OLD, _WANTED, _READY = 0, 1, 2  # what stands where


class Succession:
    """One for a master and all that it forks, so made before the first fork."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, (_READY + PLACES) * _NUMBER.size)

    def begin(self, newest_old: int, wanted: int) -> None:
        """The master: workers up to this age are to be replaced by so many younger ones."""
        self._write(_WANTED, wanted)
        self._write(_NEWEST_OLD, newest_old)

    def note_ready(self, age: int) -> None:
        """A worker: it takes requests from now on."""
        self._write(_READY + age % PLACES, age)

    def follows(self, age: int) -> bool:
        """Whether older workers serve until this one does."""
        return 0 < self._read(_NEWEST_OLD) < age

    def may_stop(self, age: int) -> bool:
        """Whether those who follow this worker take requests; at once where nobody is to follow."""
        newest_old = self._read(_NEWEST_OLD)
        if age > newest_old:
            return True
        ready = sum(self._read(_READY + place) > newest_old for place in range(PLACES))
        return ready >= self._read(_WANTED)

    def _write(self, place: int, number: int) -> None:
        _NUMBER.pack_into(self._page, place * _NUMBER.size, number)

    def _read(self, place: int) -> int:
        number: int
        (number,) = _NUMBER.unpack_from(self._page, place * _NUMBER.size)
        return number


succession = Succession()
