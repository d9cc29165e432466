"""Students as people look for them: by the beginning of any word of an id or a name."""

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, QuerySet

from sessions_app.models import Student
from sessions_app.models.students import Words

MOST = 1000  # students whose rows are looked for
_BETWEEN = re.compile(r"[\x00-\x20!-/:-@\[-`{-\x7f]+")


def students_called(words: str, among: QuerySet[Student] | None = None) -> QuerySet[Student]:
    """Those of whom each of the words begins a word of the id or the name: "S-00 lov" finds Ada Lovelace."""
    asked = [word for word in _BETWEEN.split(words) if word]
    students = Student.objects.all() if among is None else among
    if not asked:
        return students.none()
    query = SearchQuery(" & ".join(f"'{word}':*" for word in asked), config="simple", search_type="raw")
    return students.alias(words=Words(F("external_id"), F("name"))).filter(words=query)


def ids_of_students_called(words: str) -> tuple[list[int], bool]:
    """Keys of at most `MOST` of them, and whether there are more."""
    found = list(students_called(words).values_list("pk", flat=True)[: MOST + 1])
    return found[:MOST], len(found) > MOST
