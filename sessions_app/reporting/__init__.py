"""What came out: of a student, a named test, a question, a pool. Reads rows, writes none.

Numbers are computed in one module each and drawn in `pictures`. Imports `sitting` and `models`.
"""
