"""A simulation's numbers as tables: along ability, by question, by length; a row a design and place."""

from collections.abc import Iterator
from typing import Any

from sessions_app.models import Simulation
from sessions_app.reporting.spreadsheets import csv_lines

ALONG, EXPOSURE, LENGTHS = "along", "exposure", "lengths"
TABLES = (ALONG, EXPOSURE, LENGTHS)
OF_A_BIN = ("low", "high", "students", "bias", "rmse", "mean_standard_error", "coverage", "mean_length")
COLUMNS = {
    ALONG: ("design", "concept", *OF_A_BIN),
    EXPOSURE: ("design", "question", "rate"),
    LENGTHS: ("design", "length", "tests"),
}


def lines(simulation: Simulation, table: str) -> Iterator[str]:
    """As CSV, a line at a time."""
    return csv_lines(COLUMNS[table], _rows(simulation.result, table) if simulation.result else [])


def _rows(result: dict[str, Any], table: str) -> Iterator[list[Any]]:
    for number, design in enumerate(result["designs"], start=1):
        if table == ALONG:
            for concept, bins in zip(result["concepts"], design["along"], strict=True):
                yield from ([number, concept, *(each[name] for name in OF_A_BIN)] for each in bins)
        elif table == EXPOSURE:
            for item, rate in zip(result["items"], design["exposure"]["rates"], strict=True):
                yield [number, item, rate]
        else:
            yield from ([number, int(length), count] for length, count in design["lengths"]["counts"].items())
