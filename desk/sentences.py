"""What the engine says, in the reader's language."""

from django.utils.translation import get_language, gettext

from testing_engine.pictures.voice import Voice
from testing_engine.sentences import Sentence, shaped


def voice() -> Voice:
    """For pictures, which say their texts themselves."""
    return Voice(get_language() or "en", gettext)


def translated(text: str) -> str:
    """A sentence translated, and then filled in; its values may be sentences. Other texts as they are."""
    if not isinstance(text, Sentence):
        return text
    words = gettext(text.words) if text.words else ""
    values = {name: translated(value) for name, value in text.values.items()}
    return shaped(words.format(**values), text.shapes)
