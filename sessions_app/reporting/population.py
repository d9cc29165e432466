"""Who takes tests: the stored abilities of all students, counted by concept."""

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, F, FloatField, Func, IntegerField, Value

from sessions_app.models import StudentProficiency


def abilities(
    scale_id: int, concept_names: Sequence[str], edges: Sequence[float], fewest: int
) -> tuple[tuple[int, ...], ...]:
    """For each concept of a scale, students in each bin between two edges; the outer bins hold those beyond.

    () for fewer than `fewest` students. One query.
    """
    array = Value(list(edges[1:-1]), output_field=ArrayField(FloatField()))
    number = Func(F("theta_now"), array, function="width_bucket", output_field=IntegerField())
    rows = StudentProficiency.objects.now()
    rows = rows.filter(scale_id=scale_id, concept_name__in=set(concept_names)).order_by()
    counted: dict[str, list[int]] = {name: [0] * (len(edges) - 1) for name in concept_names}
    for name, bin_number, count in rows.values_list("concept_name", number).annotate(Count("pk")):
        counted[name][bin_number] = count
    counts = (counted[name] for name in concept_names)
    return tuple(tuple(own) if sum(own) >= fewest else () for own in counts)
