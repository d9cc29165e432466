"""What numbers of a simulation belong to: they are the same to the last bit under the same of these."""

import platform

import numba
import numpy as np
import scipy

VERSION = "4"  # raised when a change of this package or of the engine changes a number


def engine_version() -> str:
    libraries = f"NumPy {np.__version__}, SciPy {scipy.__version__}, Numba {numba.__version__}"
    return f"simulation {VERSION}, {libraries}, {platform.machine()}"
