"""One student's way through a test: start, submit, status, end, expire.

With `administration.supervision` the only code that writes a session. `submission` and `lifecycle` are what
the doors call; `ledger` puts an answer or an end into PostgreSQL, `hot_state` keeps what Redis holds.
Imports `audit`, `models` and the engine.
"""
