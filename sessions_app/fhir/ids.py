"""What a named test is called as a resource: FHIR's ids are letters, digits, hyphens and points, at most 64.

A name's `_`, which an id may not have, is a point there, which a name cannot have. A name that is too long
gives its beginning and a hash, and only such an id has all 64 signs: so no two names have one id.
"""

import hashlib

from django.db.models import QuerySet

from sessions_app.models import NamedTest

LONGEST = 64
BEGINNING, DIGITS = 31, 32  # of a long name; a point is between them


def id_of(name: str) -> str:
    own = name.replace("_", ".")
    if len(own) < LONGEST:
        return own
    return f"{own[:BEGINNING]}.{hashlib.sha256(name.encode()).hexdigest()[:DIGITS]}"


def called(tests: QuerySet[NamedTest], own: str) -> NamedTest | None:
    """The test of this id, or of this name: canonical addresses end with names."""
    if "\x00" in own:
        return None
    name = own.replace(".", "_")
    found = tests.filter(name=name).first() if own == id_of(name) or own == name else None
    if found is not None or len(own) != LONGEST:
        return found
    alike = tests.filter(name__startswith=name[:BEGINNING])
    return next((test for test in alike if id_of(test.name) == own), None)
