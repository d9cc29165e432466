"""What numbers of a simulation belong to: they are the same to the last bit under the same of these."""

import platform

import numpy as np
import scipy

VERSION = "3"  # raised when a change of this package or of the engine changes a number


def engine_version() -> str:
    return f"simulation {VERSION}, NumPy {np.__version__}, SciPy {scipy.__version__}, {platform.machine()}"
