"""What a calibration's page shows of it: its items in pages, with their curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.measurement.curves import CurvePair, curve_pairs
from sessions_app.measurement.proposals import proposed_parameters
from sessions_app.measurement.running import parameters_in
from sessions_app.models import Calibration
from testing_engine.revisions import load_revision

ITEMS_A_PAGE = 12


@dataclass(frozen=True)
class ItemPage:
    """Some items of a result, from `first` on. `following`: where the next ones begin; None: nowhere."""

    items: Sequence[dict[str, Any]]
    curves: Sequence[CurvePair]
    first: int
    following: int | None


def item_page(calibration: Calibration, first: int = 0) -> ItemPage:
    """Items of a calibration that is done, in the pool's order."""
    assert calibration.result is not None
    every = calibration.result["items"]
    items = every[first : first + ITEMS_A_PAGE]
    revision = load_revision(calibration.revision_id)
    parameters = parameters_in(revision)
    new = proposed_parameters({"items": items}, parameters, revision)
    names = [item["id"] for item in items]
    old = {name: parameters[revision.positions[name]] for name in names}
    following = first + ITEMS_A_PAGE if first + ITEMS_A_PAGE < len(every) else None
    return ItemPage(items, curve_pairs(calibration.result, old, new, names), first, following)
