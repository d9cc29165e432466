"""What is wrong with a sheet, and where: for whoever draws it, in whatever language."""

from dataclasses import dataclass

from testing_engine.sentences import Sentence


@dataclass(frozen=True)
class Problem:
    """`where`: the field of the form ("part-0-row-1-text"), "" for the whole. `blocks`: so it cannot be
    published.
    """

    where: str
    message: Sentence
    blocks: bool = True


class Problems(list[Problem]):
    """A list that problems are added to."""

    def add(self, where: str, message: Sentence, *, blocks: bool = True) -> None:
        self.append(Problem(where, message, blocks))
