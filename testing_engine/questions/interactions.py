"""What a question asks, as values. The words are those of the field (QTI 3.0): an *interaction* asks for one
*response variable*. Nothing here is a key: a student's browser may see all of it.

Texts (`content`, `prompt`) are in the notation of a question's content (docs/QUESTIONS.md). An interaction
that stands inside the content is placed there by `[[RESPONSE]]`, a gap or hot text by `[[RESPONSE:G1]]`; what
is not placed follows the content, in order.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from testing_engine.sentences import Said, Sentence, say

BaseType: TypeAlias = Literal["identifier", "string", "integer", "float", "pair", "directedPair"]
Cardinality: TypeAlias = Literal["single", "multiple", "ordered"]

MOST_INTERACTIONS = 60
MOST_CHOICES = 100
LONGEST_TEXT = 2_000  # characters that a student may type


class Option(msgspec.Struct, frozen=True):
    """Something to choose, to order, to match or to put into a gap. `fixed` stays in place when others are
    shuffled.
    """

    id: str
    content: str
    fixed: bool = False


class Associable(msgspec.Struct, frozen=True):
    """The same, for pairs: it may stand in `match_max` of them (0: any number), and must in `match_min`."""

    id: str
    content: str
    fixed: bool = False
    match_max: int = 1
    match_min: int = 0


class _Interaction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    response: str
    prompt: str = ""


class ChoiceInteraction(_Interaction, frozen=True, tag="choice"):
    """One or several of the choices. `max_choices` 0: any number."""

    choices: tuple[Option, ...]
    min_choices: int = 0
    max_choices: int = 1
    shuffle: bool = False


class InlineChoice(_Interaction, frozen=True, tag="inlineChoice"):
    """One word of a list, inside a sentence."""

    choices: tuple[Option, ...]
    min_choices: int = 0
    shuffle: bool = False


class TextEntry(_Interaction, frozen=True, tag="textEntry"):
    """Something typed: text, a whole number or a decimal number. `expected_length` sizes the field."""

    base_type: Literal["string", "integer", "float"] = "string"
    max_length: int = 250
    expected_length: int | None = None
    placeholder: str = ""


class Order(_Interaction, frozen=True, tag="order"):
    """The choices in an order; some of them where `max_choices` is below their number (0: all)."""

    choices: tuple[Option, ...]
    min_choices: int = 0
    max_choices: int = 0
    shuffle: bool = False


class Match(_Interaction, frozen=True, tag="match"):
    """Pairs of one source and one target. `max_associations` 0: any number."""

    sources: tuple[Associable, ...]
    targets: tuple[Associable, ...]
    min_associations: int = 0
    max_associations: int = 0
    shuffle: bool = False


class Associate(_Interaction, frozen=True, tag="associate"):
    """Pairs among one list; a pair has no direction."""

    choices: tuple[Associable, ...]
    min_associations: int = 0
    max_associations: int = 0
    shuffle: bool = False


class Gap(msgspec.Struct, frozen=True):
    """A gap in the content, at `[[RESPONSE:id]]`. It takes one gap text."""

    id: str


class GapMatch(_Interaction, frozen=True, tag="gapMatch"):
    """Gap texts put into gaps: pairs "CHOICE GAP"."""

    choices: tuple[Associable, ...]
    gaps: tuple[Gap, ...]
    min_associations: int = 0
    max_associations: int = 0
    shuffle: bool = False


class HotText(_Interaction, frozen=True, tag="hottext"):
    """Words of the content that can be marked, at `[[RESPONSE:id]]`. `max_choices` 0: any number."""

    choices: tuple[Option, ...]
    min_choices: int = 0
    max_choices: int = 1


class Slider(_Interaction, frozen=True, tag="slider"):
    """A number between two bounds, in steps from the lower one."""

    lower: float
    upper: float
    step: float = 1.0
    base_type: Literal["integer", "float"] = "integer"


Interaction: TypeAlias = (
    ChoiceInteraction | InlineChoice | TextEntry | Order | Match | Associate | GapMatch | HotText | Slider
)


def base_type_of(interaction: Interaction) -> BaseType:
    """What kind of value, or of members, its response has."""
    match interaction:
        case TextEntry() | Slider():
            return interaction.base_type
        case Match() | GapMatch():
            return "directedPair"
        case Associate():
            return "pair"
        case _:
            return "identifier"


def is_single_choice(interactions: Sequence[Interaction]) -> bool:
    """Whether the whole question is one choice of one option, so that `"response": 2` can answer it."""
    if len(interactions) != 1:
        return False
    only = interactions[0]
    return isinstance(only, ChoiceInteraction) and only.max_choices == 1


def options_of_single_choice(interactions: Sequence[Interaction]) -> list[str]:
    """The texts to choose from where the whole question is one choice of one; else none."""
    if not is_single_choice(interactions):
        return []
    (only,) = interactions
    assert isinstance(only, ChoiceInteraction)
    return [choice.content for choice in only.choices]


def choice_of_options(options: Sequence[str]) -> ChoiceInteraction:
    """A question that has options alone, as an interaction: `RESPONSE`, one of A, B, C …"""
    choices = tuple(Option(option_id(index), text) for index, text in enumerate(options))
    return ChoiceInteraction(response="RESPONSE", choices=choices)


def option_id(index: int) -> str:
    """A to Z, then O27 and on."""
    return chr(ord("A") + index) if index < 26 else f"O{index + 1}"


def decode(document: object) -> tuple[Interaction, ...]:
    """Plain data → interactions; raises `msgspec.ValidationError`, or `InteractionError` where they make no
    sense.
    """
    interactions = msgspec.convert(document, tuple[Interaction, ...])
    check(interactions)
    return interactions


def encode(interactions: Sequence[Interaction]) -> list[dict[str, object]]:
    """Interactions → plain data, as stored, hashed and sent."""
    plain: list[dict[str, object]] = msgspec.to_builtins(interactions)
    return plain


class InteractionError(Said):
    """Interactions that make no sense. `pointer`: where, from the list of them (JSON pointer)."""

    def __init__(self, pointer: str, message: Sentence) -> None:
        super().__init__(message)
        self.pointer = pointer


def check(interactions: Sequence[Interaction]) -> None:
    """Raises `InteractionError` at the first thing that cannot be."""
    if not 1 <= len(interactions) <= MOST_INTERACTIONS:
        raise InteractionError(
            "",
            say("A question has 1 to {most} interactions.", most=MOST_INTERACTIONS),
        )
    seen: set[str] = set()
    for index, interaction in enumerate(interactions):
        pointer = f"/{index}"
        check_identifier(interaction.response, f"{pointer}/response")
        if interaction.response in seen:
            raise InteractionError(
                f"{pointer}/response", say("Two interactions have the same response variable.")
            )
        seen.add(interaction.response)
        _check_one(interaction, pointer)


def _check_one(interaction: Interaction, pointer: str) -> None:
    match interaction:
        case ChoiceInteraction() | HotText() | Order():
            _check_ids(interaction.choices, f"{pointer}/choices")
            _check_range(
                interaction.min_choices, interaction.max_choices, len(interaction.choices), pointer, "choices"
            )
        case InlineChoice():
            _check_ids(interaction.choices, f"{pointer}/choices")
            if interaction.min_choices not in (0, 1):
                raise InteractionError(f"{pointer}/min_choices", say("Must be 0 or 1."))
        case TextEntry():
            if not 1 <= interaction.max_length <= LONGEST_TEXT:
                raise InteractionError(
                    f"{pointer}/max_length", say("Must be 1 to {most}.", most=LONGEST_TEXT)
                )
        case Match():
            _check_ids((*interaction.sources, *interaction.targets), f"{pointer}/sources")
            most = len(interaction.sources) * len(interaction.targets)
            _check_associations(interaction, (*interaction.sources, *interaction.targets), most, pointer)
        case Associate():
            _check_ids(interaction.choices, f"{pointer}/choices")
            most = len(interaction.choices) * (len(interaction.choices) + 1) // 2
            _check_associations(interaction, interaction.choices, most, pointer)
        case GapMatch():
            _check_ids((*interaction.choices, *interaction.gaps), f"{pointer}/choices")
            _check_associations(interaction, interaction.choices, len(interaction.gaps), pointer)
        case Slider():
            steps = (
                (interaction.upper - interaction.lower) / interaction.step if interaction.step > 0 else -1.0
            )
            if not 0 < steps <= 10_000:
                raise InteractionError(
                    f"{pointer}/step", say("Must divide the way from lower to upper into 1 to 10,000.")
                )


def _check_ids(choices: Sequence[Option | Associable | Gap], pointer: str) -> None:
    if not 1 <= len(choices) <= MOST_CHOICES:
        raise InteractionError(pointer, say("There must be 1 to {most}.", most=MOST_CHOICES))
    ids = [choice.id for choice in choices]
    for index, identifier in enumerate(ids):
        check_identifier(identifier, f"{pointer}/{index}/id")
    if len(set(ids)) != len(ids):
        raise InteractionError(pointer, say("Two have the same id."))


def _check_associations(
    interaction: Match | Associate | GapMatch, members: Iterable[Associable], most: int, pointer: str
) -> None:
    for member in members:
        if member.match_min < 0 or member.match_max < 0 or 0 < member.match_max < member.match_min:
            raise InteractionError(pointer, say("{id}: match_min and match_max do not fit.", id=member.id))
    _check_range(interaction.min_associations, interaction.max_associations, most, pointer, "associations")


def _check_range(least: int, most: int, available: int, pointer: str, what: str) -> None:
    if not 0 <= least <= available:
        raise InteractionError(f"{pointer}/min_{what}", say("Must be 0 to {available}.", available=available))
    if most < 0 or 0 < most < least:
        raise InteractionError(
            f"{pointer}/max_{what}", say("Must be 0 (any number), or at least min_{what}.", what=what)
        )


def check_identifier(text: str, pointer: str) -> None:
    """One word without blanks, so that a pair can be written "A B"; raises `InteractionError`."""
    if not 1 <= len(text) <= 100 or not text.isprintable() or any(sign.isspace() for sign in text):
        raise InteractionError(pointer, say("Must be 1 to 100 visible signs without a blank."))
