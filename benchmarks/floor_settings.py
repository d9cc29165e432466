"""The service's settings, with the floor's address beside its own, and its log as production writes it."""

from adaptive.logs import logging_config
from adaptive.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.floor"
LOGGING = logging_config("production", "INFO")
RATE_LIMIT_SESSION_PER_MINUTE = RATE_LIMIT_STUDENT_PER_MINUTE = 10**9
RATE_LIMIT_CLIENT_PER_MINUTE = RATE_LIMIT_STUDENT_STARTS_PER_MINUTE = 10**9
