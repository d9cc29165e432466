"""Launches that open nothing, and why."""


class LaunchRefused(Exception):
    """`reason`: in English, for whoever set the platform up. `why`: a part of refused.html, where whoever is
    at the page can do something about it. Nothing was changed.
    """

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why
