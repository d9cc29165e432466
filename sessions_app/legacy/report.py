"""What an import did, table by table, row by row where a row was not simply taken."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TABLES = ("students", "questions", "test_sessions", "test_responses", "student_proficiencies")


@dataclass
class TableReport:
    """`refused` and `noted` (taken, but not as it stood): row id and why."""

    is_exported: bool
    taken: int = 0
    there: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, row: str, reason: str) -> None:
        self.refused.append((_printable(row), _printable(reason)))

    def note(self, row: str, message: str) -> None:
        self.noted.append((_printable(row), _printable(message)))


class Report:
    def __init__(self, exported: set[str]) -> None:
        self.tables = {name: TableReport(name in exported) for name in TABLES}

    def __getitem__(self, table: str) -> TableReport:
        return self.tables[table]

    @property
    def refused(self) -> int:
        return sum(len(table.refused) for table in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        return {
            name: {
                "exported": table.is_exported,
                "taken": table.taken,
                "already_there": table.there,
                "refused": [{"id": row, "reason": reason} for row, reason in table.refused],
                "noted": [{"id": row, "note": message} for row, message in table.noted],
            }
            for name, table in self.tables.items()
        }

    def lines(self, shown: int) -> Iterator[str]:
        """For a terminal; of a table's refused and noted rows the first `shown`."""
        yield f"{'':24}{'taken':>10}{'already there':>16}{'refused':>10}{'noted':>8}"
        for name, table in self.tables.items():
            counts = f"{table.taken:>10}{table.there:>16}{len(table.refused):>10}{len(table.noted):>8}"
            missing = "" if table.is_exported else f"   (there is no {name}.json)"
            yield f"{name:24}{counts}{missing}"
        for title, rows_of in (("Refused", "refused"), ("Noted", "noted")):
            for name, table in self.tables.items():
                rows = getattr(table, rows_of)
                if rows:
                    yield f"{title}, {name}:"
                    yield from (f"  {row}: {why}" for row, why in rows[:shown])
                if len(rows) > shown:
                    yield f"  … and {len(rows) - shown} more; --report FILE writes them all."


def _printable(text: str) -> str:
    """Ids come from outside: nothing in them may steer a terminal or break an encoding."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
