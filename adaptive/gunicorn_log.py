"""gunicorn's own lines in the service's format, and without addresses: they hold student ids."""

import logging.config
import os
import sys
from typing import Any

from gunicorn.glogging import Logger

from adaptive.logs import logging_config


class ServiceLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Named in docker/gunicorn.conf.py. gunicorn's first process never reads Django's settings."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        environment = os.environ.get("ADAPTIVE_ENVIRONMENT", "production")
        logging.config.dictConfig(logging_config(environment, os.environ.get("LOG_LEVEL", "INFO")))
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(max(self.loglevel, logging.INFO))  # its DEBUG lines hold addresses

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """A request that is no HTTP is told by what was wrong, not by what it said."""
        if msg.startswith("Invalid request from"):
            kind = sys.exc_info()[0]
            msg, args = "Invalid request: %s", (kind.__name__ if kind else "unknown",)
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """ "Error handling request %s %s" ends before the address."""
        if msg.startswith("Error handling request"):
            msg, args = "Error handling request", ()
        super().exception(msg, *args, **kwargs)

    def access(self, *_: Any) -> None:
        """Never: `adaptive.request_log` has a line for each request, with its route and not its address."""
