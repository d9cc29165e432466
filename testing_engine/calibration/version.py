"""What numbers of a calibration belong to: they are the same to the last bit under the same of these."""

import platform

import numpy as np
import scipy

VERSION = "4"  # raised when a change of this package changes a number or a sentence


def engine_version() -> str:
    return f"calibration {VERSION}, NumPy {np.__version__}, SciPy {scipy.__version__}, {platform.machine()}"
