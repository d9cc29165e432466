"""What a look at the rows finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Break:
    """The first thing of a session, a revision, a plan or a guard that is not as it was written."""

    where: str
    what: str
    is_acknowledged: bool = False  # somebody has answered for it: it is named, and fails nothing
