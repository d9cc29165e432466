"""What students would see otherwise than meant: formulas not drawn, missing pictures and sounds."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from testing_engine import rendering
from testing_engine.authoring.problems import Problems
from testing_engine.authoring.sheet import RATING, Part, Sheet, place_of
from testing_engine.images import missing_images
from testing_engine.interchange.media import TEXT_FIELDS
from testing_engine.sentences import Sentence, say
from testing_engine.sounds import missing_sounds

# A command of LaTeX with an argument, or an opening that nothing closes, outside of every formula.
_LOST_FORMULA = re.compile(r"\\[A-Za-z]+\s*[{\[]|\\[(\[]|\\(?:frac|sqrt|sum|int|cdot|times|leq?|geq?|pi)\b")
_PLACE = re.compile(r"\[\[([^\s\[\]:]+)(?::([^\s\[\]]+))?\]\]")
LONGEST_QUOTE = 80


def proofread(sheet: Sheet, problems: Problems) -> None:
    """Note what is wrong with the texts, each at its field."""
    _proofread_texts(list(_texts(sheet)), problems)
    _check_places(sheet, problems)


def faults_of_row(row: Mapping[str, Any]) -> list[Sentence]:
    """Why the desk would refuse the texts of a pool document's question, by field; [] where it would not."""
    problems = Problems()
    _proofread_texts(list(_texts_of_row(row)), problems)
    return [
        say("{field}: {problem}", field=problem.where, problem=problem.message)
        for problem in problems
        if problem.blocks
    ]


def _texts_of_row(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(Field, text) of what can hold a formula or a medium."""
    for field in TEXT_FIELDS:
        for text in _shown_in(row.get(field)):
            if any(sign in text for sign in "$\\!"):
                yield field, text


def _shown_in(value: object) -> Iterator[str]:
    """Texts, alone or in a list, and those of interactions that students read as texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inside in value.items():
            if name in ("content", "prompt") or not isinstance(inside, str):
                yield from _shown_in(inside)
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from _shown_in(inside)


def _proofread_texts(texts: Sequence[tuple[str, str]], problems: Problems) -> None:
    shown = [address for _, text in texts for address, _ in rendering.pictures(text)]
    missing = missing_images(shown) | missing_sounds(
        _played(address) for address in shown if _is_sound(address)
    )
    for where, text in texts:
        _check_formulas(where, text, problems)
        _check_pictures(where, text, missing, problems)


def _is_sound(address: str) -> bool:
    """Whether it is meant to be one: what is below their folder is no picture, however it goes on."""
    return address.startswith("/sounds/")


def _played(address: str) -> str:
    """Where the sound is, without how often it may be played; what cannot be read is nowhere."""
    sound = rendering.sound_of(address)
    return sound[0] if sound else address


def _texts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield "content", sheet.content
    yield "passage", sheet.passage
    for index, part in enumerate(sheet.parts):
        yield f"part-{index}-prompt", part.prompt
        if part.type == "textEntry":
            continue
        for kind, rows in (("row", part.rows), ("target", part.targets)):
            for number, row in enumerate(rows):
                yield f"part-{index}-{kind}-{number}-text", row.text


def _check_formulas(where: str, text: str, problems: Problems) -> None:
    if "\\" not in text and "$" not in text:
        return
    for formula in rendering.unshown_formulas(text):
        problems.add(
            where,
            say(
                "This formula cannot be drawn. Look for a brace or a command that is not complete: {formula}",
                formula=formula[:LONGEST_QUOTE],
            ),
        )
    for words in rendering.words(text):
        if found := _LOST_FORMULA.search(words):
            problems.add(
                where,
                say(
                    "A formula without its signs, or one of them is missing: {formula}. Write $…$ around it.",
                    formula=words[found.start() : found.start() + 40],
                ),
            )


def _check_pictures(where: str, text: str, missing: set[str], problems: Problems) -> None:
    for address, words in rendering.pictures(text):
        if _is_sound(address):
            _check_sound(where, address, words, missing, problems)
        elif address in missing:
            problems.add(where, say("This picture is not here: {address}", address=address[:LONGEST_QUOTE]))
        elif not rendering.is_picture(address):
            problems.add(
                where,
                say(
                    "Students are shown no picture of another place: {address}. Insert it by the button.",
                    address=address[:LONGEST_QUOTE],
                ),
            )
        elif not words.strip():
            problems.add(
                where,
                say("A picture has no words for those who cannot see it: write them between [ and ]."),
                blocks=False,
            )


def _check_sound(where: str, address: str, words: str, missing: set[str], problems: Problems) -> None:
    if _played(address) in missing:
        problems.add(where, say("This sound is not here: {address}", address=address[:LONGEST_QUOTE]))
    elif not words.strip():
        problems.add(
            where,
            say("A sound has no words that say what it is: write them between [ and ]."),
            blocks=False,
        )


def _choice_alone(sheet: Sheet) -> Part | None:
    return sheet.parts[0] if len(sheet.parts) == 1 and sheet.parts[0].type in ("choice", RATING) else None


def _check_places(sheet: Sheet, problems: Problems) -> None:
    """Places in the text that no answer has, and gaps and words without a place."""
    known = {place_of(part) for part in sheet.parts}
    needed: dict[str, str] = {}
    for index, part in enumerate(sheet.parts):
        inside = part.targets if part.type == "gapMatch" else part.rows if part.type == "hottext" else []
        needed |= {place_of(part, row.id): f"part-{index}" for row in inside}
    for found in _PLACE.finditer(sheet.content):
        if found[0] not in known and found[0] not in needed:
            problems.add("content", say("No answer belongs to {place}.", place=found[0]), blocks=False)
    if (alone := _choice_alone(sheet)) and place_of(alone) in sheet.content:
        message = say(
            "Students do not see {place}: where one answer is chosen, the answers stand below.",
            place=place_of(alone),
        )
        problems.add("content", message, blocks=False)
    for place, where in needed.items():
        if place not in sheet.content:
            message = say("It has no place in the text: put {place} where it belongs.", place=place)
            problems.add(where, message, blocks=False)
