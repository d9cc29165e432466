"""What students with some abilities would read on a reporting scale, before anybody is told a result."""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.reporting.report import measured, report_of
from sessions_app.reporting.sentences import sentences_of
from sessions_app.sitting.result_specs import USUAL_CUTS, Kind, Level, ResultSpec
from testing_engine.reporting_scales import ReportingScale

SHOWN = (-1.0, 0.0, 1.0)
ERROR = 0.3  # of θ, as a test that measures well leaves it


@dataclass(frozen=True)
class Read:
    """Of a student with this θ: the score and its standard error, and the sentences of the result."""

    theta: float
    score: float
    standard_error: float
    sentences: tuple[str, ...]


def read_on(scale: ReportingScale, thetas: Sequence[float] = SHOWN, error: float = ERROR) -> tuple[Read, ...]:
    """In the active language. A scale with one cut tells who passed, another one levels."""
    cuts = scale.theta_cuts() or USUAL_CUTS
    levels = tuple(Level(each.name, each.meaning) for each in scale.levels)
    kind = Kind.PASSING if len(cuts) == 1 else Kind.LEVELS
    spec = ResultSpec(str(kind), cuts, levels, reporting=scale)
    return tuple(_read(spec, theta, error) for theta in thetas)


def _read(spec: ResultSpec, theta: float, error: float) -> Read:
    told = sentences_of(report_of(spec, 1, measured(("",), (theta,), (error,), (True,))))
    return Read(theta, spec.score(theta), spec.score_error(theta, error), (told.headline, *told.lines[:-1]))
