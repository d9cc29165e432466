"""A pool is watched every night: its delivered answers against the parameters in use (docs/WATCH.md).

`reading` makes a log of rows, `nights` computes and keeps what `testing_engine.monitoring` finds, `standing`
says how things stand now.
"""
