"""What the engine says to people: English, and with it what a page needs to say it in another language.

A `Sentence` is its English text, so commands, logs and the API use it like any other. It also keeps the
words that it was made of and the values in them; a page translates the words, then fills the values in.
Nothing here knows a language but English. Whoever says something writes `say("It has {count} gaps.", …)`,
by which the test of the translations finds it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

FIRST_UP, WITHOUT_STOP = "first_up", "without_stop"


class Sentence(str):
    """`words` have places like `{column}` for `values`, which may be sentences themselves. `shapes`: what is
    done to the whole when it is filled in, in any language."""

    __slots__ = ("shapes", "values", "words")
    words: str
    values: Mapping[str, str]
    shapes: tuple[str, ...]

    def __new__(
        cls, words: str = "", values: Mapping[str, str] | None = None, shapes: tuple[str, ...] = ()
    ) -> "Sentence":
        values = values or {}
        made = super().__new__(cls, shaped(words.format(**values), shapes))
        made.words, made.values, made.shapes = words, values, shapes
        return made

    def __str__(self) -> str:
        return self  # what an exception is asked for stays a sentence

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.words, dict(self.values), self.shapes)


class Said(ValueError):
    """A refusal with its reason, for whoever reads it in whatever language."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def say(words: str, /, **values: object) -> Sentence:
    """A sentence of these words. Braces that are none of its places are written twice."""
    return Sentence(
        words, {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
    )


def marked(words: str) -> str:
    """The words themselves: marks what is said elsewhere for translation."""
    return words


def quoted(text: object) -> Sentence:
    """Words of others, as they are in every language: another program's message, a file's own text."""
    return Sentence("{quoted}", {"quoted": str(text)}) if text else Sentence()


def reason_of(error: Exception) -> Sentence:
    """What an error says, by its sentence where it has one."""
    return error.sentence if isinstance(error, Said) else quoted(error)


def together(sentences: Iterable[str], by: str = " ") -> Sentence:
    """Several sentences as one."""
    values = {f"part{number}": sentence for number, sentence in enumerate(sentences)}
    return Sentence(by.join(f"{{{name}}}" for name in values), values)


def first_up(sentence: Sentence) -> Sentence:
    """With a capital letter in front."""
    return Sentence(sentence.words, sentence.values, (*sentence.shapes, FIRST_UP))


def without_stop(sentence: Sentence) -> Sentence:
    """Without a full stop at its end, to go on inside another."""
    return Sentence(sentence.words, sentence.values, (*sentence.shapes, WITHOUT_STOP))


def shaped(text: str, shapes: Iterable[str]) -> str:
    """The text of a sentence, in whatever language, in its shapes."""
    for shape in shapes:
        text = text[:1].upper() + text[1:] if shape == FIRST_UP else text.rstrip(".")
    return text


# --- As plain data, for what is kept --------------------------------------------------------------------


def to_plain(text: str) -> Any:
    """What JSON can keep of a text; of a sentence its words, values and shapes."""
    if not isinstance(text, Sentence):
        return text
    return [text.words, {name: to_plain(value) for name, value in text.values.items()}, *text.shapes]


def from_plain(kept: Any) -> Sentence:
    """The sentence that was kept; of a text alone one that is the same in every language."""
    found = _text_of(kept)
    return found if isinstance(found, Sentence) else quoted(found)


def _text_of(kept: Any) -> str:
    if isinstance(kept, str):
        return kept
    words, values, *shapes = kept
    return Sentence(words, {name: _text_of(value) for name, value in values.items()}, tuple(shapes))
