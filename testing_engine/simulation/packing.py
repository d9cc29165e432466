"""Tests that were taken, as bytes: what a worker of a larger simulation hands to whoever puts it together."""

import io

import numpy as np

from testing_engine.psychometrics.items.response import IntArray
from testing_engine.simulation.result import Criterion
from testing_engine.simulation.taken import Taken

_ARRAYS = ("items", "scores", "stops", "estimates", "standard_errors", "overall_errors", "unrecorded")
_CRITERION = "criterion "


def packed(taken: Taken, criterion: Criterion | None = None) -> bytes:
    """All but the estimates that questions were chosen at; floats to the last bit."""
    file = io.BytesIO()
    arrays = {name: getattr(taken, name) for name in _ARRAYS}
    arrays["items"] = arrays["items"].astype(np.int32)
    arrays["scores"] = arrays["scores"].astype(np.int16)
    arrays["stops"] = arrays["stops"].astype(str)
    if criterion is not None:
        arrays |= {_CRITERION + name: array for name, array in vars(criterion).items()}
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpacked(content: bytes) -> Taken:
    """`before` is nan: it was not kept."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _ARRAYS if name in stored}
    arrays.setdefault("unrecorded", np.zeros(len(arrays["items"]), dtype=np.intp))  # of an older version
    arrays["items"] = arrays["items"].astype(np.intp)
    arrays["scores"] = arrays["scores"].astype(np.intp)
    arrays["stops"] = arrays["stops"].astype(object)
    before = np.full((*arrays["items"].shape, arrays["estimates"].shape[1]), np.nan)
    return Taken(**arrays, before=before)


def unpacked_criterion(content: bytes) -> Criterion | None:
    """None: the tests have none."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        names = [name.removeprefix(_CRITERION) for name in stored if name.startswith(_CRITERION)]
        return Criterion(**{name: stored[_CRITERION + name] for name in names}) if names else None


def packed_answers(answers: IntArray) -> bytes:
    """Recorded categories (S, N), −1 where there is none."""
    file = io.BytesIO()
    np.savez_compressed(file, answers=answers.astype(np.int16))
    return file.getvalue()


def unpacked_answers(content: bytes) -> IntArray:
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return np.asarray(stored["answers"], dtype=np.intp)
