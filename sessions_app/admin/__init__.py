"""The admin's pages, a module a subject. Django finds them by importing this package."""

from sessions_app.admin import (
    accounts,
    live,
    losses,
    lti,
    named_tests,
    organisations,
    pools,
    sessions,
    students,
    webhooks,
)

__all__ = [
    "accounts",
    "live",
    "losses",
    "lti",
    "named_tests",
    "organisations",
    "pools",
    "sessions",
    "students",
    "webhooks",
]
