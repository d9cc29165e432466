"""One student's way through a test: start, submit, status, end, expire.

With `administration.supervision` the only code that writes a session. `submission` and `lifecycle` are what
the doors call. They ask `access` who may, `standing` where the session stands, `decisions` what the engine is
given, `shown` what the student sees. `ledger` puts an answer or an end into PostgreSQL, `hot_state` keeps
what Redis holds.
Imports `audit`, `models` and the engine.
"""
