"""Calibration: item parameters, populations and their errors from answers. Pure NumPy and SciPy."""

from testing_engine.calibration.calibration import Calibration, Scores, calibrate
from testing_engine.calibration.findings import Finding
from testing_engine.calibration.linking import Link, link
from testing_engine.calibration.parameters import ItemEstimate, ParameterTable
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.responses import Responses

__all__ = [
    "Calibration",
    "Finding",
    "ItemEstimate",
    "Link",
    "ParameterTable",
    "PopulationEstimate",
    "Responses",
    "Scores",
    "calibrate",
    "link",
]
