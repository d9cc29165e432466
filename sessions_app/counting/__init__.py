"""Counts of what pages tell of many tests: how questions were answered, what came out.

A test that is over is counted once, by a step that can be repeated and broken off (`folding`). Until then it
is counted where somebody asks: every number is exact at any moment. `answers`, `results` and `hours` each say
once, in SQL, what a session adds; counting it, taking it back where it is resumed, telling it live and
checking all of it are that one statement. Writes its own tables; only reads sessions. Imports `sitting` and
`models`.
"""
