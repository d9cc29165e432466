"""The keys with which this service signs what it sends to platforms, and the key set that they read.

A private key lies in PostgreSQL, encrypted (Fernet: AES-128-CBC with HMAC-SHA256) with a key derived from
`SECRET_KEY` by HKDF: a copy of the database alone signs nothing. Keys of `SECRET_KEY_FALLBACKS` open, too. A
new key stands in the key set for a day before it signs, as platforms keep what they read, and the one before
stays there for a week after.
"""

import base64
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from django.db import connection, transaction
from pylti1p3.registration import Registration

from sessions_app.models import LtiKey

BITS = 2048
READ_BEFORE = timedelta(days=1)
KEPT_AFTER = timedelta(days=7)
USED_FOR = timedelta(days=180)
_LOCK = 0x4C54494B  # an advisory lock: one new key at a time


def key_set(now: datetime) -> dict[str, Any]:
    """The public keys (JWKS). Makes the first key where there is none."""
    signing_key(now)
    keys = LtiKey.objects.filter(retired_at=None)
    return {"keys": [dict(Registration.get_jwk(key.public_pem)) for key in keys]}


def signing_key(now: datetime) -> tuple[str, str]:
    """(public, private) of the key that signs, as PEM. Makes one where there is none that can be opened."""
    return _newest(now) or _first(now)


def _newest(now: datetime) -> tuple[str, str] | None:
    for key in LtiKey.objects.filter(retired_at=None, signs_from__lte=now):
        try:
            return key.public_pem, _sealer().decrypt(key.sealed.encode()).decode()
        except InvalidToken:  # of a SECRET_KEY that is no more
            continue
    return None


def _first(now: datetime) -> tuple[str, str]:
    with transaction.atomic():
        _one_at_a_time()
        found = _newest(now)
        return found if found is not None else _make(now)


def rotate(now: datetime) -> datetime:
    """A new key, which platforms read before it signs. Returns from when on it does."""
    signs_from = now + READ_BEFORE
    with transaction.atomic():
        _one_at_a_time()
        _make(signs_from)
    return signs_from


def keep_fresh(now: datetime) -> None:
    """What the clock asks for: a new key twice a year, and the end of those that sign no more."""
    newest = LtiKey.objects.filter(retired_at=None).first()
    if newest is not None and newest.signs_from < now - USED_FOR:
        rotate(now)
    successor = LtiKey.objects.filter(retired_at=None, signs_from__lt=now - KEPT_AFTER).first()
    if successor is not None:
        LtiKey.objects.filter(retired_at=None, signs_from__lt=successor.signs_from).update(
            retired_at=now, sealed=""
        )


def _make(signs_from: datetime) -> tuple[str, str]:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    LtiKey.objects.create(
        kid=Registration.get_jwk(public)["kid"],
        public_pem=public,
        sealed=_sealer().encrypt(private.encode()).decode(),
        signs_from=signs_from,
    )
    return public, private


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _sealer() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(secret)) for secret in secrets])


def _derived(secret: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sessions_app.lti.keys")
    return base64.urlsafe_b64encode(derivation.derive(secret.encode()))
