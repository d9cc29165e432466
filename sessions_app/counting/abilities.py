"""How many students have which ability, by scale and concept: as their newest test that is over found it.

While a student's first test runs they count nowhere; while a later one runs they count as before. A trigger
of `student_proficiencies` notes each that comes, goes, or passes from one place to another, in the
transaction that does it, whoever does: the end of a test, an import, a pool that is put on another scale, an
erased student. `fold` adds the notes (`ability_changes`) to `ability_counts`; until then they are added where
somebody asks. An answer gets no work, for none but the last of a test changes a stored ability.
"""

import time
from collections.abc import Iterable

from django.db import connection

EDGES = tuple(
    place / 2 for place in range(-7, 8)
)  # θ at which the next place begins; `ability_place` says so
PLACES = len(EDGES) + 1
KEY = "scale_id, concept_name, place"

_READ = """
SELECT concept_name, place, sum(n)::bigint
FROM (
  SELECT concept_name, place, n FROM ability_counts
  WHERE scale_id = %(scale)s AND concept_name = ANY(%(names)s)
  UNION ALL
  SELECT concept_name, place, n FROM ability_changes
  WHERE scale_id = %(scale)s AND concept_name = ANY(%(names)s)
) AS counted
GROUP BY 1, 2
"""
# Whoever folds too takes other notes. In the order of the key, so that no two wait for each other.
_FOLD = """
WITH noted AS (
  DELETE FROM ability_changes
  WHERE id = ANY (ARRAY(SELECT id FROM ability_changes LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
  RETURNING scale_id, concept_name, place, n
), added AS (
  INSERT INTO ability_counts AS counted (scale_id, concept_name, place, n)
  SELECT scale_id, concept_name, place, sum(n) FROM noted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (scale_id, concept_name, place) DO UPDATE SET n = counted.n + excluded.n
)
SELECT count(*) FROM noted
"""
# What should be, less what is. One statement, so one snapshot.
DIFFERENCES = """
SELECT scale_id, concept_name, place, sum(n)::bigint AS n
FROM (
  SELECT scale_id, concept_name, ability_place(theta) AS place, count(*) AS n FROM student_proficiencies
  WHERE theta IS NOT NULL GROUP BY 1, 2, 3
  UNION ALL
  SELECT scale_id, concept_name, place, -n FROM ability_counts
  UNION ALL
  SELECT scale_id, concept_name, place, -n FROM ability_changes
) AS each
GROUP BY 1, 2, 3 HAVING sum(n) <> 0
ORDER BY 1, 2, 3
"""
# A note as any other: what changes meanwhile is noted beside it, so nothing has to wait.
_PUT_RIGHT = f"INSERT INTO ability_changes ({KEY}, n) {DIFFERENCES}"


def of_scale(scale_id: int, concept_names: Iterable[str]) -> dict[str, list[int]]:
    """For each concept, students at each of the `PLACES` between the `EDGES`."""
    counts = {name: [0] * PLACES for name in concept_names}
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"scale": scale_id, "names": list(counts)})
        for name, place, number in cursor.fetchall():
            counts[name][place] = number
    return counts


def fold(until: float, batch: int) -> int:
    """Notes into counts, so many in a transaction, until then (`time.monotonic`); returns how many notes."""
    folded = 0
    while counted := _fold_batch(batch):
        folded += counted
        if time.monotonic() > until:
            break
    return folded


def _fold_batch(batch: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"batch": batch})
        return int(cursor.fetchone()[0])


def put_right() -> None:
    """Note what the counts are wrong by."""
    with connection.cursor() as cursor:
        cursor.execute(_PUT_RIGHT)


def differences() -> list[tuple[int, str, int, int]]:
    """Scale, concept, place, and how many students are missing there, where the counts are wrong. Only
    reads."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        return list(cursor.fetchall())
