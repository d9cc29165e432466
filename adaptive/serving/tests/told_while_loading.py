"""gunicorn is told to stop while it loads this, where Python ignores what a handler of signals raises."""

import os
import signal
import time

from adaptive.serving.tests.plain_application import application

__all__ = ["application"]


class _Collected:
    def __del__(self) -> None:
        """What is raised in here is told on stderr and goes nowhere."""
        os.kill(os.getppid(), signal.SIGTERM)
        while True:
            time.sleep(0.01)


_Collected()
