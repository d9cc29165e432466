"""Launches that open nothing, and why."""


class LaunchRefused(Exception):
    """`reason`: in English, for whoever set the platform up. Nothing was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
