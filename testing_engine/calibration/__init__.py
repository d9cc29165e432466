"""Calibration: item parameters, populations and their errors from answers. Pure NumPy and SciPy."""

from testing_engine.calibration.calibration import Calibration, Scores, calibrate
from testing_engine.calibration.classical import ClassicalDif, classical_dif, ets_class
from testing_engine.calibration.findings import Finding
from testing_engine.calibration.fixed_form_fit import mean_squares, s_x2
from testing_engine.calibration.group_dif import GroupDif, GroupDifs, dif, dif_among
from testing_engine.calibration.linking import Link, link
from testing_engine.calibration.linking_concepts import ConceptLinks, link_concepts
from testing_engine.calibration.parameters import ItemEstimate, ParameterTable
from testing_engine.calibration.persons import CusumFit, PersonFit, cusum_fit, prequential_fit
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.residuals import residual_correlations
from testing_engine.calibration.responses import Responses
from testing_engine.calibration.score_tests import ScoreTest, ScoreTests, drift, item_fit
from testing_engine.calibration.standardised_fit import standardised_fit
from testing_engine.calibration.watching import Iteration, Watch

__all__ = [
    "Calibration",
    "ClassicalDif",
    "ConceptLinks",
    "CusumFit",
    "Finding",
    "GroupDif",
    "GroupDifs",
    "ItemEstimate",
    "Iteration",
    "Link",
    "ParameterTable",
    "PersonFit",
    "PopulationEstimate",
    "Responses",
    "ScoreTest",
    "ScoreTests",
    "Scores",
    "Watch",
    "calibrate",
    "classical_dif",
    "cusum_fit",
    "dif",
    "dif_among",
    "drift",
    "ets_class",
    "item_fit",
    "link",
    "link_concepts",
    "mean_squares",
    "prequential_fit",
    "residual_correlations",
    "s_x2",
    "standardised_fit",
]
