"""An answer in the words of its question, for people who read what a student answered."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from testing_engine.questions.answers import Answer
from testing_engine.questions.interactions import (
    Associate,
    GapMatch,
    Interaction,
    Match,
    Slider,
    TextEntry,
)

LONGEST = 80  # characters of one choice


def answer_in_words(interactions: Sequence[Interaction], answer: Answer) -> str:
    """What was chosen, ordered, matched or typed; parts of a question apart by a semicolon."""
    parts = [_in_words(each, answer.get(each.response, [])) for each in interactions]
    return "; ".join(part or "–" for part in parts)


def _in_words(interaction: Interaction, value: str | list[str]) -> str:
    members = [value] if isinstance(value, str) else value
    words = _words_of(interaction)
    match interaction:
        case TextEntry() | Slider():
            return ", ".join(members)
        case Match() | GapMatch() | Associate():
            pairs = (pair.split(" ") for pair in members)
            return ", ".join(" → ".join(words.get(end, end) for end in pair) for pair in pairs)
        case _:
            return ", ".join(words.get(member, member) for member in members)


def _words_of(interaction: Interaction) -> dict[str, str]:
    """Identifier → words. A gap is called by its id."""
    choices: Iterable[object]
    match interaction:
        case TextEntry() | Slider():
            return {}
        case Match():
            choices = (*interaction.sources, *interaction.targets)
        case _:
            choices = interaction.choices
    return {choice.id: _short(choice.content) for choice in choices}  # type: ignore[attr-defined]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def types_asked(interactions: Sequence[Mapping[str, Any]] | None, has_right_answer: bool) -> tuple[str, ...]:
    """The types of what a stored question asks, each once: of one with options alone `choice` or `rating`."""
    if interactions is None:
        return ("choice" if has_right_answer else "rating",)
    return tuple(dict.fromkeys(_type_of(each) for each in interactions))


def _type_of(interaction: Mapping[str, Any]) -> str:
    is_several = interaction["type"] == "choice" and interaction["max_choices"] != 1
    return "choiceSeveral" if is_several else str(interaction["type"])
