"""Which parameters a query may have: those that the OpenAPI document names, at every address.

A misspelt filter would be a wish that nobody hears, and its reply about other rows than were asked for.
"""

from collections.abc import Collection

from rest_framework.request import Request

from sessions_app.api.errors import InvalidBody, pointer_part

CODE = "unknown_parameter"


def check_known(request: Request, known: Collection[str]) -> None:
    """Raises `InvalidBody` that names every other parameter."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        told = f"Is unknown here; there are: {', '.join(sorted(known))}." if known else "There are none here."
        raise InvalidBody([(f"/{pointer_part(name)}", told) for name in unknown], code=CODE)
