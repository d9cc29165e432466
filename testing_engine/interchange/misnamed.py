"""Fields of a question that mean nothing here, but were meant: their default would be published in silence.

A column `b` is a difficulty, `Difficulty` and `dificulty` are one, too. Whoever wrote it would get 0 and no
word. So such names are refused; others, like `teacher`, are left out and named.
"""

import difflib
from collections.abc import Collection

from testing_engine.interchange.tables import number_in
from testing_engine.parameter_tables.names import meant_parameter

_ALIKE = 0.8  # of 1: a letter too many, too few or another in a word of some length
_SHORTEST = 5  # letters; shorter words resemble too many


def meant_field(name: str, known: Collection[str], value: object) -> str | None:
    """The known field that an unknown name stands for, or None where it is a name of its own.

    Other programs' names of parameters are short ("b"), so they count only where the value is a number.
    """
    spelt = "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
    if spelt in known:
        return spelt
    if _is_number(value) and (parameter := meant_parameter(name)):
        return parameter
    if len(spelt) < _SHORTEST:
        return None
    close = difflib.get_close_matches(spelt, [field for field in known if len(field) >= _SHORTEST], 1, _ALIKE)
    return close[0] if close else None


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return not isinstance(number_in(value, ";"), str)
    return isinstance(value, int | float) and not isinstance(value, bool)
