"""The service's settings, with the floor's address beside its own."""

from adaptive.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.floor"
