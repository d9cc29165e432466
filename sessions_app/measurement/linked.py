"""New parameters onto the pool's scale: θ = A θ_new + B by the questions that have parameters already."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sessions_app.measurement.collecting import NothingToCalibrate
from sessions_app.measurement.parameters import estimate_of, known_number
from testing_engine.calibration import Calibration, ItemEstimate, link
from testing_engine.calibration.anchor_shifts import AnchorShift, anchor_shifts
from testing_engine.calibration.linking import Link, LinkErrors
from testing_engine.calibration.linking_errors import FROM_ANCHORS
from testing_engine.calibration.parameters import natural_parameters
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import say

FEWEST = 2
ERRORS_UP_TO = 200  # anchors; the delta method solves the link anew for each of their parameters
SLOPE_OF_ONE = ("Rasch", "PCM", "RSM")


@dataclass(frozen=True, eq=False)
class OnScale:
    """`slope` A, `shift` B. `anchor_shifts`: how far each anchor moved; `set_aside`: which too far."""

    slope: float = 1.0
    shift: float = 0.0
    slope_error: float = np.nan
    shift_error: float = np.nan
    method: str = ""
    anchors: int = 0
    set_aside: tuple[str, ...] = ()
    anchor_shifts: Mapping[Hashable, AnchorShift] = field(default_factory=dict)
    errors_from: str = ""

    def moved(self, item: ItemEstimate) -> ItemEstimate:
        if (self.slope, self.shift) == (1.0, 0.0):
            return item
        errors = LinkErrors(self.slope_error, self.shift_error)
        whole = Link(self.slope, self.shift, errors, np.full((2, 2), np.nan), self.method, (), {})
        return whole.transform({0: item})[0]

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "A": known_number(self.slope),
            "B": known_number(self.shift),
            "A_error": known_number(self.slope_error),
            "B_error": known_number(self.shift_error),
            "errors_from": self.errors_from,
            "anchors": self.anchors,
            "set_aside": list(self.set_aside),
        }


def unlinked() -> OnScale:
    """The scale is the calibration's own: that of its anchors, or of its first group."""
    return OnScale()


def linked(fit: Calibration, old: Sequence[ItemParameters], concepts: Sequence[int]) -> OnScale:
    """By Haebara over all questions that can be compared, without those that moved.

    Where models promise slopes of 1, only the place of zero is free. Raises `NothingToCalibrate` where there
    is nothing to link to.
    """
    known = _comparable(fit, old, concepts)
    places = [float(each.b.mean()) for each in known.values()]
    if len(known) < FEWEST or np.ptp(places) == 0:
        raise NothingToCalibrate(
            say(
                "There is nothing to link to: fewer than two of the answered questions have parameters that "
                "tell them apart. Ask for a scale of its own."
            )
        )
    if any(model in SLOPE_OF_ONE for model in fit.model.models):
        return _shifted(fit, known)
    found = link(known, fit.parameters, items=list(known), errors=False)
    shifts, aside = found.shifts, set(found.moved)
    stable = [item for item in known if item not in aside]
    if len(stable) < max(FEWEST, len(known) // 2):
        aside, stable = set(), list(known)
    covariance = _known_exactly(known, stable) if len(stable) <= ERRORS_UP_TO else None
    found = link(known, fit.parameters, items=stable, old_covariance=covariance)
    return OnScale(
        found.A,
        found.B,
        found.standard_errors.A,
        found.standard_errors.B,
        found.method,
        len(found.items),
        tuple(sorted(str(item) for item in aside)),
        shifts,
        found.errors_from,
    )


def _comparable(
    fit: Calibration, old: Sequence[ItemParameters], concepts: Sequence[int]
) -> dict[Hashable, ItemEstimate]:
    known = {}
    for item, parameters in zip(fit.responses.items, old, strict=True):
        if parameters.state == NOT_CALIBRATED:  # its numbers are placeholders
            continue
        new = fit.parameters[item]
        before = estimate_of(parameters, new.model, concepts)
        if before is None or before.n_categories != new.n_categories:
            continue
        if np.isfinite(new.a).all() and np.isfinite(new.d).all() and new.a[0] > 0:
            known[item] = before
    return known


def _shifted(fit: Calibration, known: Mapping[Hashable, ItemEstimate]) -> OnScale:
    differences = {
        item: float(before.b.mean() - fit.parameters[item].b.mean()) for item, before in known.items()
    }
    shifts = anchor_shifts(differences, [float(before.a[0]) for before in known.values()])
    stable = [item for item in known if not shifts[item].is_moved]
    shift = np.array([differences[item] for item in stable])
    return OnScale(
        shift=float(shift.mean()),
        shift_error=float(shift.std(ddof=1) / np.sqrt(len(shift))) if len(shift) > 1 else np.nan,
        method="mean of b",
        anchors=len(stable),
        set_aside=tuple(sorted(str(item) for item in known if item not in stable)),
        anchor_shifts=shifts,
        errors_from=FROM_ANCHORS if len(shift) > 1 else "",
    )


def _known_exactly(known: Mapping[Hashable, ItemEstimate], items: Sequence[Hashable]) -> Any:
    """The pool's parameters as they stand are what is linked to: they have no error of their own here."""
    size = sum(len(natural_parameters(known[item], [0])) for item in items)
    return np.zeros((size, size))
