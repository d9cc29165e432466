"""Bodies that come in chunks (RFC 9112, 7.1) get the length without which Django reads nothing.

A server that undoes the chunks says so by `wsgi.input_terminated`; from any other such a body is refused.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

LENGTH_REQUIRED = (
    b'{"type": "about:blank", "title": "Length required", "status": 411, "code": "length_required", '
    b'"detail": "Send the body with a Content-Length, not in chunks."}'
)


def with_known_length(application: Application) -> Application:
    """The application, for which every body has a length."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" not in environ:
            return application(environ, start_response)
        if not environ.get("wsgi.input_terminated"):
            headers = [("Content-Type", "application/problem+json"), ("Connection", "close")]
            start_response("411 Length Required", headers)
            return [LENGTH_REQUIRED]
        body = environ["wsgi.input"].read()  # the server has bounded it
        whole = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        del whole["HTTP_TRANSFER_ENCODING"]
        return application(whole, start_response)

    return answer
