"""The audit chain: a keyed hash over every answer and event of a session, so that a change shows.

`chain` is arithmetic without a database; `entries` says which entry a row is. Imports `models` alone.
"""
