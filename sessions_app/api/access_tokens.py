"""OAuth 2 client credentials (RFC 6749, 4.4): an API client's name and token for a short-lived access token.

For systems that speak nothing else. An access token names, signed, the token that it was got with: what that
may, it may, and when that is revoked, it is.
"""

import base64
import binascii
from urllib.parse import unquote_plus

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from knox.crypto import hash_token
from knox.models import AuthToken

_SALT = "sessions_app.access_token"
GRANT = "client_credentials"
LONGEST = 512  # characters of a name or secret


class InvalidAccessToken(Exception):
    """It was not made here, was changed, or is too old."""


def make_access_token(digest: str) -> str:
    return signing.TimestampSigner(salt=_SALT).sign(digest)


def digest_in(access_token: str) -> str:
    """The digest of the token that it was got with; raises `InvalidAccessToken`."""
    try:
        return signing.TimestampSigner(salt=_SALT).unsign(access_token, settings.ACCESS_TOKEN_MAX_AGE)
    except signing.BadSignature as error:
        raise InvalidAccessToken from error


@method_decorator(csrf_exempt, name="dispatch")
class AccessTokenView(View):
    """POST a form: `grant_type`, and `client_id` and `client_secret` there or as basic authentication."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> JsonResponse:
        if request.POST.get("grant_type") != GRANT:
            return _refused(400, "unsupported_grant_type", f"grant_type must be {GRANT}")
        try:
            name, secret = _credentials(request)
        except ValueError as error:
            return _refused(400, "invalid_request", str(error))
        digest = hash_token(secret)
        now = timezone.now()
        tokens = AuthToken.objects.filter(digest=digest, user__username=name, user__is_active=True)
        if not any(token.expiry is None or token.expiry > now for token in tokens):
            return _refused(401, "invalid_client", "no client of that name has this token as its secret")
        told = {
            "access_token": make_access_token(digest),
            "token_type": "Bearer",
            "expires_in": settings.ACCESS_TOKEN_MAX_AGE,
        }
        if scope := request.POST.get("scope"):
            told["scope"] = scope[:LONGEST]  # the client's permissions say what it may, whatever it asks for
        return JsonResponse(told, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def _credentials(request: HttpRequest) -> tuple[str, str]:
    """Name and secret; raises `ValueError`. In the header they are form-encoded (RFC 6749, 2.3.1)."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError("the Authorization header is no basic authentication") from error
        if not colon:
            raise ValueError("the Authorization header names no secret")
        name, secret = unquote_plus(name), unquote_plus(secret)
    else:
        name, secret = request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    if not (0 < len(name) <= LONGEST and 0 < len(secret) <= LONGEST):
        raise ValueError("client_id and client_secret are missing")
    return name, secret


def _refused(status: int, error: str, description: str) -> JsonResponse:
    headers = {"WWW-Authenticate": "Basic"} if status == 401 else {}
    return JsonResponse({"error": error, "error_description": description}, status=status, headers=headers)
