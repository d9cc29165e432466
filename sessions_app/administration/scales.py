"""Put a pool on another scale, and with it what its tests found of students."""

from dataclasses import dataclass

from django.db import connection, transaction

from testing_engine.models import QuestionPool, Scale

# What tests of this pool found, where nothing newer stands on the new scale; the older of two goes.
_MOVE = """
WITH of_pool AS (
  SELECT known.id, known.student_id, known.concept_name,
         CASE session.status WHEN 'active' THEN session.last_activity ELSE known.updated_at END AS updated_at
  FROM student_proficiencies AS known
  JOIN test_sessions AS session ON session.id = known.session_id
  JOIN pool_revisions AS revision ON revision.id = session.revision_id
  WHERE revision.pool_id = %(pool)s AND known.scale_id = %(before)s
), there AS (
  SELECT own.id AS own_id, other.id AS other_id,
         COALESCE(running.last_activity, other.updated_at) > own.updated_at AS is_newer
  FROM of_pool AS own JOIN student_proficiencies AS other
    ON other.student_id = own.student_id AND other.concept_name = own.concept_name
    AND other.scale_id = %(after)s
  LEFT JOIN test_sessions AS running ON running.id = other.session_id AND running.status = 'active'
), dropped AS (
  DELETE FROM student_proficiencies
  WHERE id IN (SELECT CASE WHEN is_newer THEN own_id ELSE other_id END FROM there)
)
SELECT id FROM of_pool WHERE id NOT IN (SELECT own_id FROM there WHERE is_newer)
"""


@dataclass(frozen=True)
class Moved:
    """How many estimates stand on the new scale now that stood on the old one."""

    estimates: int


def put_on_scale(pool: QuestionPool, scale: Scale) -> Moved:
    """The pool's tests from now on, and what its earlier ones found, belong to this scale. Safe to repeat.

    Of two estimates of one concept the newer stays. Tests that run go on with what they began with.
    """
    with transaction.atomic():
        before = QuestionPool.objects.select_for_update().get(pk=pool.pk).scale_id
        QuestionPool.objects.filter(pk=pool.pk).update(scale=scale)
        pool.scale = scale
        if before == scale.pk:
            return Moved(0)
        with connection.cursor() as cursor:
            # Two statements, because a unique constraint looks at once: first room is made, then they move.
            cursor.execute(_MOVE, {"pool": pool.pk, "before": before, "after": scale.pk})
            ids = [pk for (pk,) in cursor.fetchall()]
            cursor.execute(
                "UPDATE student_proficiencies SET scale_id = %s WHERE id = ANY(%s)", [scale.pk, ids]
            )
    return Moved(len(ids))
