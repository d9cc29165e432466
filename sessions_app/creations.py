"""What a request with an Idempotency-Key makes, it makes once.

The id of what is made says it: its first half stands for the client and the key, its second for the body. So
the row tells a repeated request from another one under the same key, and nothing needs to be kept beside it.
"""

from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet

from sessions_app.refusals import IdempotencyKeyReused

HALF = 8  # bytes
Row = TypeVar("Row", bound=Model)


def creation_id(key: bytes, fingerprint: bytes) -> UUID:
    """`key` and `fingerprint`: digests, of which half an id is taken each."""
    return UUID(bytes=key[:HALF] + fingerprint[:HALF], version=4)


def made_before(rows: QuerySet[Row], column: str, made: UUID) -> Row | None:
    """The row that this very request made; raises `IdempotencyKeyReused` where another one did, with its key.

    Inside a transaction: until it ends, others with the same key wait here.
    """
    assert connection.in_atomic_block
    key = made.bytes[:HALF]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(key, signed=True)])
    of_key = (UUID(bytes=key + b"\x00" * HALF), UUID(bytes=key + b"\xff" * HALF))
    found = rows.filter(**{f"{column}__range": of_key}).first()
    if found is not None and getattr(found, column) != made:
        raise IdempotencyKeyReused
    return found
