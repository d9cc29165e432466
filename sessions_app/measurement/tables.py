"""A calibration's questions as a table: parameters old and new, standard errors, fit and DIF."""

from collections.abc import Iterator, Mapping
from typing import Any

from sessions_app.models import Calibration
from sessions_app.reporting.spreadsheets import csv_lines

NUMBERS = ("discrimination", "difficulty", "guessing", "upper_asymptote")
COLUMNS = (
    *("id", "answers", "model"),
    *(f"{when}_{name}" for name in NUMBERS for when in ("old", "new")),
    *(f"{when}se_{name}" for name in NUMBERS for when in ("old_", "")),
    *("old_thresholds", "new_thresholds", "se_steps", "category_slopes", "category_intercepts"),
    *("fit_z", "fit_p", "fit_flagged", "dif_z", "dif_p", "dif_flagged", "ets_class"),
    *("anchor_z", "anchor_shift", "state", "new_state", "not_proposed"),
)


def parameter_lines(calibration: Calibration) -> Iterator[str]:
    """As CSV, a line at a time; lists are separated by `|`."""
    items = [] if calibration.result is None else calibration.result["items"]
    return csv_lines(COLUMNS, (_row(item) for item in items))


def _row(item: Mapping[str, Any]) -> list[Any]:
    old, new, errors = item["old"], item["new"] or {}, item["errors"]
    fit, dif = item["fit"] or {}, item["dif"] or {}
    return [
        item["id"],
        item["answers"],
        new.get("model", old["model"]),
        *(each.get(name) for name in NUMBERS for each in (old, new)),
        *(each.get(name) for name in NUMBERS for each in (item["old_errors"] or {}, errors)),
        _listed(old["thresholds"]),
        _listed(new.get("thresholds", [])),
        _listed(errors["steps"]),
        _listed(new.get("category_slopes", [])),
        _listed(new.get("category_intercepts", [])),
        *(fit.get(name) for name in ("z", "p_all", "flagged")),
        *(dif.get(name) for name in ("z", "p_all", "flagged")),
        (item["classical_dif"] or {}).get("ets_class"),
        item["anchor_z"],
        item.get("anchor_shift"),  # results of earlier versions have none
        item["state"],
        item["new_state"],
        item["why_not"],
    ]


def _listed(values: list[Any]) -> str:
    return "|".join("" if value is None else repr(value) for value in values)
