"""What binds a revision to its rows: a keyed hash over its content and over which row stands where.

The content's own hash does not say which row holds which content: two questions whose contents and places
are exchanged give the same. An answer names a row, so the rows belong to what is sealed. AUDIT_KEY is not in
the database.
"""

import hmac
import json
from collections.abc import Iterable

from django.conf import settings

SIZE = 16  # bytes


def seal_of(content_hash: str, question_keys: Iterable[int], key: str | None = None) -> bytes:
    """HMAC-SHA256 over the content's hash and the primary keys in order, its first 16 bytes."""
    sealed = f"{content_hash}:{','.join(map(str, question_keys))}"
    return hmac.digest((settings.AUDIT_KEY if key is None else key).encode(), sealed.encode(), "sha256")[
        :SIZE
    ]


def seal_of_source(content_hash: str, table_sha256: str, choices: object, rest: str) -> bytes:
    """The same over where a revision's parameters came from; `rest`: what else is kept of it."""
    return seal_of(_source(content_hash, table_sha256, choices, rest), ())


def is_sealed_source(seal: bytes, content_hash: str, table_sha256: str, choices: object, rest: str) -> bool:
    """Whether the seal is of these, by whichever key."""
    return is_sealed(seal, _source(content_hash, table_sha256, choices, rest), ())


def _source(content_hash: str, table_sha256: str, choices: object, rest: str) -> str:
    told = json.dumps(choices, sort_keys=True, ensure_ascii=False)
    return json.dumps([content_hash, table_sha256, told, rest], ensure_ascii=False)


def is_sealed(seal: bytes, content_hash: str, question_keys: Iterable[int]) -> bool:
    """Whether the seal is of these, by whichever key."""
    keys = list(question_keys)
    known = (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)
    return any(hmac.compare_digest(seal, seal_of(content_hash, keys, key)) for key in known)
