"""What binds a revision to its rows: a keyed hash over its content and over which row stands where.

The content's own hash does not say which row holds which content: two questions whose contents and places
are exchanged give the same. An answer names a row, so the rows belong to what is sealed. AUDIT_KEY is not in
the database.
"""

import hmac
from collections.abc import Iterable

from django.conf import settings

SIZE = 16  # bytes


def seal_of(content_hash: str, question_keys: Iterable[int], key: str | None = None) -> bytes:
    """HMAC-SHA256 over the content's hash and the primary keys in order, its first 16 bytes."""
    sealed = f"{content_hash}:{','.join(map(str, question_keys))}"
    return hmac.digest((settings.AUDIT_KEY if key is None else key).encode(), sealed.encode(), "sha256")[
        :SIZE
    ]


def is_sealed(seal: bytes, content_hash: str, question_keys: Iterable[int]) -> bool:
    """Whether the seal is of these, by whichever key."""
    keys = list(question_keys)
    known = (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)
    return any(hmac.compare_digest(seal, seal_of(content_hash, keys, key)) for key in known)
