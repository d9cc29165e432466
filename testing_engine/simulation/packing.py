"""Tests that were taken, as bytes: what a worker of a larger simulation hands to whoever puts it together."""

import io

import numpy as np

from testing_engine.simulation.taken import Taken

_ARRAYS = ("items", "scores", "stops", "estimates", "standard_errors", "overall_errors")


def packed(taken: Taken) -> bytes:
    """All but the estimates that questions were chosen at; floats to the last bit."""
    file = io.BytesIO()
    arrays = {name: getattr(taken, name) for name in _ARRAYS}
    arrays["items"] = arrays["items"].astype(np.int32)
    arrays["scores"] = arrays["scores"].astype(np.int16)
    arrays["stops"] = arrays["stops"].astype(str)
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpacked(content: bytes) -> Taken:
    """`before` is nan: it was not kept."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
    arrays["items"] = arrays["items"].astype(np.intp)
    arrays["scores"] = arrays["scores"].astype(np.intp)
    arrays["stops"] = arrays["stops"].astype(object)
    before = np.full((*arrays["items"].shape, arrays["estimates"].shape[1]), np.nan)
    return Taken(**arrays, before=before)
