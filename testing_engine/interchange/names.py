"""Identifiers and names that people type or copy: refused where two that look the same would be two.

Three strictnesses, each with everything of the one before it:
    words       a person's name, a grade: one line, without signs that nobody sees
    names       concepts, pools, areas: what other things are found by, so also one spelling for one look
    identifiers questions, students: also nothing unseen that spelling would excuse; a student's stays whole
                in an address, which drops "." and ".." between slashes

Every function returns what is wrong as the end of a sentence ("has a sign that cannot be seen (U+200B)"), or
None. What is already stored is never asked again: a row with an id of older days stays in reach.
"""

import unicodedata

from testing_engine.sentences import Sentence, say

ID_LENGTH, NAME_LENGTH = 200, 100

# Format characters that belong to the spelling of some scripts (UAX 31, "Default Ignorable" and joiners).
_JOINERS = "\u200c\u200d"
_VARIATION = "\ufe0e\ufe0f"
# Blank, though Unicode counts them among letters and symbols: Hangul fillers, the empty Braille pattern.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5"
_VISIBLE_FORMAT = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_IGNORED_MARKS = "\u034f\u180b\u180c\u180d\u180f"
_FIRST_JOINING_SCRIPT = 0x0590  # Latin, Greek and Cyrillic stand below, and have no use for joiners


def problem_of_words(text: str, longest: int) -> Sentence | None:
    """What keeps a text from being one line that everybody reads alike."""
    if len(text) > longest:
        return say("is longer than {most} characters", most=longest)
    for position, sign in enumerate(text):
        category = unicodedata.category(sign)
        if category == "Cs":
            return say("has half a surrogate pair")
        if category in ("Cc", "Zl", "Zp"):
            return say("has a control character or a line break ({code})", code=_code(sign))
        if is_unseen(sign) and not _is_spelling(text, position):
            return say("has a sign that cannot be seen ({code})", code=_code(sign))
    return None


def problem_of_name(text: str, longest: int = NAME_LENGTH) -> Sentence | None:
    """What keeps a text from being the name of something."""
    if not text.strip():
        return say("is empty")
    if text != text.strip():
        return say("begins or ends with a blank")
    if problem := problem_of_words(text, longest):
        return problem
    if other := next((sign for sign in text if sign != " " and unicodedata.category(sign) == "Zs"), None):
        return say("has a blank that is not the space ({code})", code=_code(other))
    if "  " in text:
        return say("has two blanks in a row")
    if not unicodedata.is_normalized("NFC", text):
        return say(
            "has letters whose accents are characters of their own (send Unicode's composed form, NFC)"
        )
    return None


def problem_of_identifier(text: str) -> Sentence | None:
    """What keeps a text from being somebody's or something's id."""
    if problem := problem_of_name(text, ID_LENGTH):
        return problem
    if unseen := next((sign for sign in text if is_unseen(sign)), None):
        return say("has a sign that cannot be seen ({code})", code=_code(unseen))
    return None


def problem_of_student_id(text: str) -> Sentence | None:
    """The same of a student, whom privacy must reach by an address, whatever program asks."""
    if problem := problem_of_identifier(text):
        return problem
    if any(part in ("", ".", "..") for part in text.split("/")):
        return say("has nothing, “.” or “..” beside a slash or alone, which addresses drop")
    return None


def identifier_in(value: object) -> object:
    """An id as JSON gives it: a whole number is its digits. Anything else as it is, for whoever checks it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def is_storable(text: str) -> bool:
    """PostgreSQL keeps neither NUL nor half a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_unseen(sign: str) -> bool:
    """Whether a character leaves no mark on the screen, blanks and control characters apart."""
    if sign.isascii():
        return False
    return (
        (unicodedata.category(sign) == "Cf" and sign not in _VISIBLE_FORMAT)
        or sign in _BLANK_LETTERS
        or sign in _IGNORED_MARKS
        or "\ufe00" <= sign <= "\ufe0f"
        or "\U000e0000" <= sign <= "\U000e0fff"
    )


def _is_spelling(text: str, position: int) -> bool:
    """A joiner inside a word of a script that joins or of a picture made of several; a picture's variant."""
    sign, before, after = text[position], text[position - 1 : position], text[position + 1 : position + 2]
    if sign in _VARIATION:
        return bool(before) and unicodedata.category(before) in ("So", "Sm")
    if sign not in _JOINERS or not before or not after:
        return False
    return all(
        ord(neighbour) >= _FIRST_JOINING_SCRIPT and unicodedata.category(neighbour)[0] in "LMS"
        for neighbour in (before, after)
    )


def _code(sign: str) -> str:
    return f"U+{ord(sign):04X}"
