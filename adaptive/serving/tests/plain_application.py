"""What the tests of the worker serve: it says what came, and can be large or for ever."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adaptive.serving.bodies import with_known_length


def _answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    match environ["PATH_INFO"]:
        case "/large":
            return [b"x" * 3_000_000]
        case "/endless":
            return (b"x" * 65536 for _ in range(10**6))
        case "/wait":
            Path(os.environ["BEGAN"]).touch()
            while not Path(os.environ["GO_ON"]).exists():
                time.sleep(0.01)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return [f"{environ.get('CONTENT_LENGTH')} {len(body)} ".encode() + body[:100]]


application = with_known_length(_answer)
