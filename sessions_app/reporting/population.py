"""Who takes tests: the abilities of all students, counted by concept."""

from collections.abc import Sequence

from sessions_app.counting import abilities as counts


def abilities(scale_id: int, concept_names: Sequence[str], fewest: int) -> tuple[tuple[int, ...], ...]:
    """For each concept of a scale, students in each of `counting.abilities.PLACES`.

    () for fewer than `fewest` students. One query.
    """
    counted = counts.of_scale(scale_id, concept_names)
    places = (counted[name] for name in concept_names)
    return tuple(tuple(own) if sum(own) >= fewest else () for own in places)
