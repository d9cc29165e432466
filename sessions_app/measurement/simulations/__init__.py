"""Simulations of a pool: asked for, cut into parts that workers share, put together.

`asking` checks a request and draws whom it tests, `queue` keeps it and its parts, `running` computes a part
and the summary of the whole.
"""
