"""What requests cost beside time: the write-ahead log of PostgreSQL, its commits, and the way to Redis."""

import re
import subprocess
from dataclasses import astuple, dataclass
from pathlib import Path

_LINE = re.compile(r"^(?P<kind>\S+)\s+(?P<records>\d+) \(.*?\)\s+(?P<bytes>\d+) \(.*?\)\s+(?P<pages>\d+) \(")


@dataclass(frozen=True)
class Written:
    """Sums; PostgreSQL's own background work is among them."""

    wal_records: float = 0
    wal_bytes: float = 0  # without whole pages, which a checkpoint brings
    page_bytes: float = 0
    commits: float = 0  # those that wrote
    redis_commands: float = 0
    redis_bytes: float = 0  # both ways

    def __add__(self, other: "Written") -> "Written":
        return Written(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def each(self, count: int) -> "Written":
        """For one of so many requests."""
        return Written(*(total / count for total in astuple(self)))


class Meter:
    """Counts from when it is made."""

    def __init__(self, folder: Path) -> None:
        (lock,) = folder.glob("**/postmaster.pid")
        self._log = lock.parent / "pg_wal"
        self._program = Path(Path(f"/proc/{lock.read_text().split()[0]}/exe").resolve()).with_name(
            "pg_waldump"
        )
        self._redis = _redis()
        self._begun = _position()

    def read(self) -> Written:
        """What has been written and sent since."""
        asked, moved = (now - before for now, before in zip(_redis(), self._redis, strict=True))
        end = _position()
        if end == self._begun:
            return Written(redis_commands=asked, redis_bytes=moved)
        command = [str(self._program), "--stats=record", "-p", str(self._log), "-s", self._begun, "-e", end]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines = [found for line in told.splitlines() if (found := _LINE.match(line))]
        kinds = [line for line in lines if "/" in line["kind"]]
        return Written(
            wal_records=sum(int(line["records"]) for line in kinds),
            wal_bytes=sum(int(line["bytes"]) for line in kinds),
            page_bytes=sum(int(line["pages"]) for line in kinds),
            commits=sum(int(line["records"]) for line in kinds if line["kind"] == "Transaction/COMMIT"),
            redis_commands=asked,
            redis_bytes=moved,
        )


def _position() -> str:
    """The end of the log, on disk."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_flush_lsn()")
        (position,) = cursor.fetchone()
    return str(position)


def _redis() -> tuple[float, float]:
    """Commands and bytes so far; to ask is among them."""
    from django_redis import get_redis_connection

    told = get_redis_connection("default").info("stats")
    moved = told["total_net_input_bytes"] + told["total_net_output_bytes"]
    return float(told["total_commands_processed"]), float(moved)
