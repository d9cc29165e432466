"""The admin's pages, a module a subject. Django finds them by importing this package."""

from sessions_app.admin import accounts, pools, sessions, students

__all__ = ["accounts", "pools", "sessions", "students"]
