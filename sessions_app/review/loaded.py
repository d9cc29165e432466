"""The service, loaded: what processes of a verification are forked from, before there is a connection."""

import django

django.setup()

from sessions_app.review.portions import check  # noqa: E402  Django must be set up before

__all__ = ["check"]
