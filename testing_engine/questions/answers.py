"""A student's answer as it came in → checked and canonical. What is wrong names the response variable."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from testing_engine.questions.interactions import (
    Associable,
    Associate,
    ChoiceInteraction,
    GapMatch,
    HotText,
    InlineChoice,
    Interaction,
    Match,
    Order,
    Slider,
    TextEntry,
)
from testing_engine.sentences import Said, Sentence, say

# One response variable, canonical: text (an identifier, a pair "A B", what was typed), or a list of
# identifiers or pairs.
# A list of an unordered variable is sorted. A variable without an answer is left out.
Answer: TypeAlias = dict[str, str | list[str]]


@dataclass(frozen=True)
class Points:
    """What an answer earned that another system scored and kept, counted as the question's author does."""

    value: float


_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_SIGNS_OF_MINUS = str.maketrans({"−": "-", "–": "-", "\u2011": "-"})


class AnswerRefused(Said):
    """An answer of the wrong shape. `variable`: whose, "" for the answer as a whole."""

    def __init__(self, variable: str, message: Sentence) -> None:
        super().__init__(message)
        self.variable = variable


def canonical_answer(interactions: Sequence[Interaction], given: object) -> Answer:
    """Check an answer object `{variable: value}` against what is asked; raises `AnswerRefused`.

    Equal answers give equal canonical ones: pairs and choices in one order, texts in NFC without blanks at
    the ends.
    """
    if not isinstance(given, Mapping):
        raise AnswerRefused("", say("Must be an object with one entry a response variable."))
    known = {interaction.response: interaction for interaction in interactions}
    for variable in given:
        if variable not in known:
            raise AnswerRefused(
                str(variable)[:100], say("This question asks for {variables}.", variables=", ".join(known))
            )
    answer: Answer = {}
    for variable in sorted(known):
        value = _canonical(known[variable], given.get(variable))
        if value:
            answer[variable] = value
    return answer


def _canonical(interaction: Interaction, given: object) -> str | list[str]:
    variable = interaction.response
    match interaction:
        case ChoiceInteraction() | HotText():
            return _chosen(interaction, given)
        case InlineChoice():
            chosen = _members(variable, given, 1)
            _check_known(variable, chosen, (choice.id for choice in interaction.choices))
            _check_number(variable, len(chosen), interaction.min_choices, 1, say("choices"))
            return chosen[0] if chosen else ""
        case Order():
            ordered = _members(variable, given, len(interaction.choices))
            _check_known(variable, ordered, (choice.id for choice in interaction.choices))
            all_of_them = len(interaction.choices)
            most = interaction.max_choices or all_of_them
            least = interaction.min_choices or (0 if interaction.max_choices else all_of_them)
            if ordered:
                _check_number(variable, len(ordered), least, most, say("choices"))
            elif interaction.min_choices:
                _check_number(variable, 0, least, most, say("choices"))
            return ordered
        case Match() | Associate() | GapMatch():
            return _pairs(interaction, given)
        case TextEntry():
            return _typed(interaction, given)
        case Slider():
            return _slid(interaction, given)


def _chosen(interaction: ChoiceInteraction | HotText, given: object) -> str | list[str]:
    variable = interaction.response
    chosen = _members(variable, given, len(interaction.choices))
    _check_known(variable, chosen, (choice.id for choice in interaction.choices))
    most = interaction.max_choices or len(interaction.choices)
    _check_number(variable, len(chosen), interaction.min_choices, most, say("choices"))
    if interaction.max_choices == 1:
        return chosen[0] if chosen else ""
    return sorted(chosen)


def _pairs(interaction: Match | Associate | GapMatch, given: object) -> list[str]:
    variable = interaction.response
    firsts: tuple[Associable, ...] = (
        interaction.sources if isinstance(interaction, Match) else interaction.choices
    )
    match interaction:
        case Match():
            seconds = {target.id: target.match_max for target in interaction.targets}
        case GapMatch():
            seconds = {gap.id: 1 for gap in interaction.gaps}
        case Associate():
            seconds = {choice.id: choice.match_max for choice in interaction.choices}
    limits = {first.id: first.match_max for first in firsts} | seconds
    pairs = _members(variable, given, 10_000)
    used: Counter[str] = Counter()
    canonical: list[str] = []
    for pair in pairs:
        ends = pair.split(" ")
        if len(ends) != 2 or not (ends[0] in limits and ends[1] in seconds):
            raise AnswerRefused(
                variable, say("{pair} is no pair of this question; write it as “A B”.", pair=repr(pair))
            )
        if (
            not isinstance(interaction, Associate)
            and ends[0] in seconds
            and ends[0] not in {f.id for f in firsts}
        ):
            raise AnswerRefused(
                variable, say("{pair} begins with a target; write the source first.", pair=repr(pair))
            )
        used.update(ends)
        canonical.append(" ".join(sorted(ends)) if isinstance(interaction, Associate) else pair)
    if len(set(canonical)) != len(canonical):
        raise AnswerRefused(variable, say("A pair stands twice."))
    for end, times in used.items():
        if limits[end] and times > limits[end]:
            raise AnswerRefused(
                variable, say("{end} may be used {times} times at most.", end=end, times=limits[end])
            )
    least = _least_uses(interaction)
    for end, times in least.items():
        if canonical and used[end] < times:
            raise AnswerRefused(
                variable, say("{end} must be used {times} times at least.", end=end, times=times)
            )
    most = interaction.max_associations or 10_000
    _check_number(variable, len(canonical), interaction.min_associations, most, say("pairs"))
    return sorted(canonical)


def _least_uses(interaction: Match | Associate | GapMatch) -> dict[str, int]:
    members = (
        interaction.choices
        if not isinstance(interaction, Match)
        else interaction.sources + interaction.targets
    )
    return {member.id: member.match_min for member in members if member.match_min}


def _typed(interaction: TextEntry, given: object) -> str:
    variable = interaction.response
    text = _text(variable, given)
    if len(text) > interaction.max_length:
        raise AnswerRefused(variable, say("Must be at most {most} characters.", most=interaction.max_length))
    if text and interaction.base_type == "integer" and whole_number(text) is None:
        raise AnswerRefused(variable, say("Must be a whole number."))
    if text and interaction.base_type == "float" and number(text) is None:
        raise AnswerRefused(variable, say("Must be a number."))
    return text


def _slid(interaction: Slider, given: object) -> str:
    variable = interaction.response
    text = _text(variable, given)
    if not text:
        return ""
    value = number(text)
    if value is None or not interaction.lower <= value <= interaction.upper:
        raise AnswerRefused(
            variable,
            say(
                "Must be a number from {lower} to {upper}.",
                lower=f"{interaction.lower:g}",
                upper=f"{interaction.upper:g}",
            ),
        )
    steps = (value - interaction.lower) / interaction.step
    if abs(steps - round(steps)) > 1e-6:
        raise AnswerRefused(variable, say("Must lie on a step of {step}.", step=f"{interaction.step:g}"))
    value = interaction.lower + round(steps) * interaction.step
    return str(round(value)) if interaction.base_type == "integer" else repr(round(value, 9))


def _text(variable: str, given: object) -> str:
    """What was typed, or a number as JSON has it."""
    if isinstance(given, list) and len(given) <= 1:
        given = given[0] if given else None
    if given is None:
        return ""
    if isinstance(given, int | float) and not isinstance(given, bool):
        if isinstance(given, float) and not math.isfinite(given):
            raise AnswerRefused(variable, say("Must be a finite number."))
        given = repr(given)
    if not isinstance(given, str):
        raise AnswerRefused(variable, say("Must be a text or a number."))
    text = unicodedata.normalize("NFC", given).strip()
    if any(not sign.isprintable() and sign not in "\u00a0\u202f\u2009" for sign in text):
        raise AnswerRefused(variable, say("Has a sign that cannot be shown."))
    return text


def _members(variable: str, given: object, most: int) -> list[str]:
    """The members of a list; a single text is a list of one."""
    if given is None or given == "":
        return []
    members = [given] if isinstance(given, str) else given
    if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
        raise AnswerRefused(variable, say("Must be a text, or a list of texts."))
    if len(members) > most:
        raise AnswerRefused(variable, say("Must have at most {most} members.", most=most))
    if len(set(members)) != len(members):
        raise AnswerRefused(variable, say("A member stands twice."))
    return members


def _check_known(variable: str, chosen: Iterable[str], known: Iterable[str]) -> None:
    ids = list(known)
    for each in chosen:
        if each not in ids:
            raise AnswerRefused(variable, say("{choice} is none of its choices.", choice=repr(each[:100])))


def _check_number(variable: str, number_of: int, least: int, most: int, what: Sentence) -> None:
    if not least <= number_of <= most:
        raise AnswerRefused(
            variable,
            say(
                "Must have {least} to {most} {what}, and has {count}.",
                least=least,
                most=most,
                what=what,
                count=number_of,
            ),
        )


def number(text: str) -> float | None:
    """A typed number, with point or comma; None where it is none. "1.000,5" is none: what it means is a
    guess.
    """
    text = text.strip().translate(_SIGNS_OF_MINUS)
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None


def whole_number(text: str) -> int | None:
    """A typed whole number; None where it is none."""
    text = text.strip().translate(_SIGNS_OF_MINUS)
    return int(text) if _WHOLE.fullmatch(text) else None


def folded(text: str, *, case_sensitive: bool) -> str:
    """Text as it is compared: NFC, trimmed, blanks folded to one, case folded where case does not count."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text if case_sensitive else unicodedata.normalize("NFC", text.casefold())
