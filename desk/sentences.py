"""What the engine says, in the reader's language."""

from django.utils.translation import get_language, gettext

from testing_engine.parameter_tables.sentences import Sentence
from testing_engine.pictures.voice import Voice


def voice() -> Voice:
    """For pictures, which say their texts themselves."""
    return Voice(get_language() or "en", gettext)


def translated(sentence: Sentence) -> str:
    """The sentence translated, and then filled in; places may hold sentences."""
    text = gettext(sentence.text) if sentence.text else ""
    values = {
        name: translated(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    return text.format(**values)
