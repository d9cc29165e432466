"""The admin's pages, a module a subject. Django finds them by importing this package."""

from sessions_app.admin import accounts, sessions, students

__all__ = ["accounts", "sessions", "students"]
