"""Signatures after the Standard Webhooks specification 1.0 (symmetric, `v1`)."""

import hashlib
import hmac
from base64 import b64decode, b64encode

PREFIX = "whsec_"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Of `id.timestamp.body`, as the header `webhook-signature` carries it."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
