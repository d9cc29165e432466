"""What a web server serves here: the service, on a machine whose clock is wrong by what a file says."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

CLOCK_FILE = "CHAOS_CLOCK"  # the environment says where it lies; in it: seconds
_right = timezone.now


def _wrong() -> datetime:
    return _right() + timedelta(seconds=float(Path(os.environ[CLOCK_FILE]).read_text()))


timezone.now = _wrong

from adaptive.wsgi import application  # noqa: E402  the clock is wrong before anything reads it

__all__ = ["application"]
