"""What every reply tells the browser: what a page may load, and who may keep or embed a reply.

Nothing may be loaded, framed or sent anywhere unless the address stands in `POLICIES`. Django's
SecurityMiddleware, django-permissions-policy and django-cors-headers add the other headers (settings.py).
"""

from collections.abc import Callable
from typing import Any

from csp.constants import HEADER, NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE, Nonce
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sessions_app.api.versions import ROOTS

Policy = dict[str, list[str | Nonce]]

NOTHING: Policy = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}
OWN_FILES: Policy = {
    **NOTHING,
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "media-src": [SELF],
    "font-src": [SELF],
    "connect-src": [SELF],
    "manifest-src": [SELF],
    "form-action": [SELF],
}
ADMIN: Policy = {
    **OWN_FILES,
    # Alpine.js evaluates the expressions in unfold's templates, and those set colours and widths inline.
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
# The preview of a question stands in a frame: the same files, in a page of our own.
DESK: Policy = {**OWN_FILES, "frame-src": [SELF]}
DESK_FRAME: Policy = {**OWN_FILES, "frame-ancestors": [SELF], "form-action": [NONE]}
DOCUMENTATION: Policy = {**OWN_FILES, "style-src": [SELF, NONCE]}

# The first part of the address ("": home) → what its pages may do. All other replies are data: NOTHING.
POLICIES: dict[str, Policy] = {
    "": OWN_FILES,
    "take": OWN_FILES,
    "desk/frame": DESK_FRAME,
    "desk": DESK,
    "admin": ADMIN,
    **{f"{root}docs": DOCUMENTATION for root in ROOTS},
    "lti": OWN_FILES,  # a page says itself whose frame it may stand in
}

# Tokens, questions and results: nobody on the way, nor the browser's disk, keeps them.
NEVER_STORED = ("/api/", "/ims/", "/fhir/", "/take/", "/desk/", "/lti/")


def policy_for(path: str) -> Policy:
    """What a page at this address may do."""
    inside = path.strip("/") + "/"
    return next((policy for start, policy in POLICIES.items() if inside.startswith(f"{start}/")), NOTHING)


class PolicyMiddleware(CSPMiddleware):
    """django-csp, with a policy for each part of the service instead of one for all."""

    for_data = build_policy(NOTHING)

    def __call__(self, request: HttpRequest) -> Any:
        if policy_for(request.path) is not NOTHING:
            return super().__call__(request)
        response: Any = self.get_response(request)  # an answer waits for this: the header lies ready
        response.headers.setdefault(HEADER, self.for_data)
        return response

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if parts.config is None and not report_only:
            parts.config = policy_for(request.path)
        return parts


class StorageMiddleware:
    """`Cache-Control` and `Cross-Origin-Resource-Policy`, for which Django has no setting."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.path.startswith(NEVER_STORED):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
