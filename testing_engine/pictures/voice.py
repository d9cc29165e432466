"""In which language a picture speaks: English texts with places, translated before they are filled."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Voice:
    """`translate` gives a text in the language called `language`. Voices of one language are equal, so a
    picture that is kept by the process is kept once for each."""

    language: str = "en"
    translate: Callable[[str], str] = field(default=str, compare=False)

    def __call__(self, text: str, /, **values: object) -> str:
        return self.translate(text).format(**values)


ENGLISH = Voice()
