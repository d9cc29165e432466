"""What people and schedules do to tests and students.

Invite, extend, end, resume, clean up, export, erase. Imports `reporting`, `sitting`, `audit` and `models`.
"""
