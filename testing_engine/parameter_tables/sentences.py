"""What this package says to people: a text with places, which a page can translate before it fills them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """`text` has places like `{column}` for `values`, which may be sentences themselves."""

    text: str
    values: "Mapping[str, str | Sentence]" = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.values)


def say(text: str, **values: object) -> Sentence:
    return Sentence(
        text, {name: value if isinstance(value, Sentence) else str(value) for name, value in values.items()}
    )


class TableProblem(ValueError):
    """Something of a table cannot be taken; `sentence` says what."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
