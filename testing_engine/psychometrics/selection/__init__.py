"""Which question tells most: criteria, how a winner is drawn from them, and how a test begins.

Imports `ability`, `items`, `state` and `components`.
"""
