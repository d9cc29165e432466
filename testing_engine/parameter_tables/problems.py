"""What is wrong with a table."""

from testing_engine.sentences import Said


class TableProblem(Said):
    """Something of a table cannot be taken; `sentence` says what."""
