"""Functions that are compiled to machine code when they are first called.

Where a step works on a few dozen numbers, calling NumPy costs more than the numbers do. A kernel is a plain
function over arrays and numbers that has the formula's own loops; Numba compiles it, in some seconds, and
keeps what it made in `__pycache__` beside the source, for the next process. It is made for any processor of a
kind ("generic"): so an image has it from the machine that built it (`testing_engine.compile_kernels`), and
equal arguments give equal bits whatever more a processor offers.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, InTreeCacheLocator, UserWideCacheLocator

F = TypeVar("F", bound=Callable[..., object])

numba.config.CPU_NAME, numba.config.CPU_FEATURES = "generic", ""


def compiled(function: F) -> F:
    """The function as machine code: one for each combination of its arguments' types, of which whether an
    array may be written to is a part. So a kernel is called with the same kinds of arrays everywhere.
    """
    made = numba.njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # nowhere to keep it
        made._cache = KernelCache(function)
    return cast(F, made)


KERNELS = Path(__file__).parent


@cache
def _sources() -> bytes:
    """A hash of all that kernels are compiled from: one holds those that it calls, from whichever file."""
    files = [*sorted(KERNELS.glob("*.py")), KERNELS.parent / "items" / "response.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()


class _OfAllSources:
    def get_source_stamp(self) -> bytes:
        return _sources()


class BesideTheSource(_OfAllSources, InTreeCacheLocator):  # type: ignore[misc]  # Numba has no types
    """Also where nothing can be written, as in an image: what was kept when it was built is read."""

    def ensure_cache_path(self) -> None:
        if not any(Path(self.get_cache_path()).glob("*.nbi")):
            super().ensure_cache_path()


class OfTheUser(_OfAllSources, UserWideCacheLocator):  # type: ignore[misc]
    """Else in the user's own folder of such things."""


class _Kept(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (BesideTheSource, OfTheUser)


class KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's, but what cannot be kept is not, without an error: it is compiled again by the next process."""

    _impl_class = _Kept

    def save_overload(self, signature: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(signature, data)
