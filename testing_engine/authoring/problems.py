"""What is wrong with a sheet, and where: for whoever draws it, in whatever language."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """`where`: the field of the form ("part-0-row-1-text"), "" for the whole. `message` has its words in
    braces filled in with `values` after it is translated; a `Sentence` has them itself. `blocks`: so it
    cannot be published.
    """

    where: str
    message: str
    values: tuple[tuple[str, Any], ...] = ()
    blocks: bool = True

    def in_words(self, translated: str) -> str:
        """The message, translated, with its words filled in."""
        return translated.format(**dict(self.values)) if self.values else translated


def marked(message: str) -> str:
    """The message itself: marks it for translation, as this wing knows no language."""
    return message


class Problems(list[Problem]):
    """A list that problems are added to."""

    def add(self, where: str, message: str, *, blocks: bool = True, **values: Any) -> None:
        self.append(Problem(where, message, tuple(values.items()), blocks))
