"""What a night found, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from desk.sentences import translated
from testing_engine.monitoring import ALARM, STILL
from testing_engine.monitoring.sentences import not_looked_at, percent, told


@dataclass(frozen=True)
class Said:
    """A finding: what it is, what to do, and where. `question`: the key of the one it is about, while the
    pool has it; `calibrate`: the query of a calibration of the questions that it names.
    """

    is_alarm: bool
    is_new: bool
    since: date
    what: str
    do: str
    where: str
    question: int | None
    calibrate: str


def in_words(found: Mapping[str, Any], keys: Mapping[str, int], since: date | None = None) -> Said:
    """Of a finding as it is stored. `since`: when the answers begin that it rests on."""
    named = [found["item"]] if found["item"] else found["numbers"].get("questions", [])
    asked = {"question": named, "since": since.isoformat() if since and found["item"] else []}
    said = told(found["kind"], found["item"], found["numbers"])
    return Said(
        found["severity"] == ALARM,
        found.get("change") != STILL,
        date.fromisoformat(found["since"]),
        translated(said.what),
        translated(said.do),
        said.where,
        keys.get(found["item"] or ""),
        urlencode(asked, doseq=True),
    )


def numbers_in_words(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of the pool as a whole, a row each, and what was not looked at."""
    rows = [(_("Tests"), str(numbers["tests"])), (_("Answers"), str(numbers["answers"]))]
    if numbers["fresh_tests"] != numbers["tests"]:
        rows.append((_("Tests that began without earlier results"), str(numbers["fresh_tests"])))
    if archived := numbers.get("tests_in_archives"):  # nights of before do not tell
        rows.append((_("Tests left out: archives have their answers"), str(archived)))
    if numbers["population"] is not None:
        rows += _population_rows(numbers["population"], numbers["assumed"])
    if (persons := numbers["persons"]) and persons["looked_at"]:
        rows.append(
            (_("Tests that do not fit (expected: 5 %)"), _share(persons["misfitting"], persons["looked_at"]))
        )
    if (use := numbers["use"])["tests"]:
        rows.append((_("Largest exposure rate"), percent(max(numbers["questions"]["rate"]))))
        if use["overlap"] is not None:
            rows.append(
                (_("Overlap: share of a test that another student had, too"), percent(use["overlap"]))
            )
    if (effort := numbers["effort"])["tests"]:
        rows.append((_("Tests with many rapid answers"), _share(effort["careless"], effort["tests"])))
    missing = [translated(not_looked_at(reason)) for reason in numbers["not_looked_at"]]
    return {"rows": rows, "missing": missing, "is_checked": numbers["population"] is not None}


def _population_rows(found: Mapping[str, Any], assumed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Mean and standard deviation; of several concepts of each, and how abilities correlate."""
    titles = {"mean": _("Mean of the students (assumed)"), "sd": _("Their standard deviation (assumed)")}
    if "concepts" not in found:
        return [
            (title, _beside(found[name], found[f"{name}_error"], assumed[name]))
            for name, title in titles.items()
        ]
    rows = [
        (
            f"{concept}: {title}",
            _beside(found[name][place], found[f"{name}_error"][place], assumed[name][place]),
        )
        for place, concept in enumerate(found["concepts"])
        for name, title in titles.items()
    ]
    pairs = combinations(enumerate(found["concepts"]), 2)
    told = [f"{one} – {other}: {found['correlation'][i][j]:.2f}" for (i, one), (j, other) in pairs]
    return [*rows, (_("Correlations of abilities"), " · ".join(told))]


def rows_of_questions(numbers: Mapping[str, Any], keys: Mapping[str, int]) -> list[dict[str, Any]]:
    """A row a question, the largest shift first, as numbers are written."""
    columns = numbers["questions"]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    rows.sort(key=lambda row: -abs(row["z"] or 0.0))
    return [
        {
            "id": row["id"],
            "key": keys.get(row["id"]),
            "answers": row["answers"],
            "shift": _number(row["shift"], "+.2f"),
            "p": _number(row["p"], ".3f"),
            "shape_p": _number(row["shape_p"], ".3f"),
            "rate": "" if row["rate"] is None else percent(row["rate"]),
            "seconds": _number(row["median_seconds"], ".0f"),
            "rapid": "" if row["rapid_share"] is None else percent(row["rapid_share"]),
        }
        for row in rows
    ]


def _beside(found: float, error: float | None, assumed: float) -> str:
    told_error = "" if error is None else f" ± {1.96 * error:.2f}"
    return f"{found:.2f}{told_error} ({assumed:.2f})"


def _share(count: int, of: int) -> str:
    return f"{percent(count / of)} ({count} / {of})"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
