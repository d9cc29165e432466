"""An application that says when it begins to load, and is loaded when it is told to go on."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Path(os.environ["BEGAN"]).touch()
while not Path(os.environ["GO_ON"]).exists():
    time.sleep(0.01)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Which process answers."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
