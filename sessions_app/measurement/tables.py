"""A calibration's questions as a table: parameters old and new, standard errors, fit and DIF."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sessions_app.measurement.differences import looked_at, of_item
from sessions_app.models import Calibration
from sessions_app.reporting.spreadsheets import csv_lines

NUMBERS = ("discrimination", "difficulty", "guessing", "upper_asymptote")
COLUMNS = (
    *("id", "answers", "model"),
    *(f"{when}_{name}" for name in NUMBERS for when in ("old", "new")),
    *(f"{when}se_{name}" for name in NUMBERS for when in ("old_", "")),
    *("old_thresholds", "new_thresholds", "se_steps", "category_slopes", "category_intercepts"),
    *("fit_z", "fit_p", "fit_flagged"),
    *("anchor_z", "anchor_shift", "state", "new_state", "not_proposed"),
)


# Of each column of groups, and of each of its groups but the reference.
DIF = ("chi2", "df", "p", "flagged")
DIF_OF_GROUP = ("effect", "delta", "delta_se", "ets_class")


def parameter_lines(calibration: Calibration) -> Iterator[str]:
    """As CSV, a line at a time; lists are separated by `|`. DIF comes last, by column: `dif_sex_p`."""
    result = calibration.result or {"items": [], "dif": []}
    compared = {
        each["column"]: [group["group"] for group in each["groups"][1:]]
        for each in looked_at(result)
        if not each["why_not"]
    }
    header = [*COLUMNS]
    for column, groups in compared.items():
        header += [f"dif_{column}_{name}" for name in DIF]
        header += [f"dif_{column}_{group}_{name}" for group in groups for name in DIF_OF_GROUP]
    rows = ([*_row(item), *_differences(of_item(result, item), compared)] for item in result["items"])
    return csv_lines(header, rows)


def _differences(
    found: Mapping[str, Mapping[str, Any]], compared: Mapping[str, Sequence[str]]
) -> Iterator[Any]:
    """The cells of one question; empty where it has too few answers."""
    for column, groups in compared.items():
        item = found.get(column, {})
        yield from (item.get(name) for name in ("chi2", "df", "p_all", "flagged"))
        for group in groups:
            of = item.get("groups", {}).get(group, {})
            yield from (of.get(name) for name in ("effect", "delta", "delta_error", "ets_class"))


def _row(item: Mapping[str, Any]) -> list[Any]:
    old, new, errors = item["old"], item["new"] or {}, item["errors"]
    fit = item["fit"] or {}
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
        item["anchor_z"],
        item.get("anchor_shift"),  # results of earlier versions have none
        item["state"],
        item["new_state"],
        item["why_not"],
    ]


def _listed(values: list[Any]) -> str:
    return "|".join("" if value is None else repr(value) for value in values)
