"""Answers that can make a difference to a score: few instead of all, where the rules look at answers in few
ways.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, permutations
from typing import Any

from testing_engine.questions.answers import AnswerRefused, canonical_answer
from testing_engine.questions.interactions import (
    Associate,
    ChoiceInteraction,
    GapMatch,
    HotText,
    InlineChoice,
    Interaction,
    Match,
    Order,
)
from testing_engine.questions.operators import OPERATORS, Value
from testing_engine.sentences import Said, say

MOST_ANSWERS = 40_000  # that are looked at for one term of a score


class TooManyAnswers(Said):
    """The scores cannot be enumerated within the limits: score it right or wrong, or more simply."""


def telling_answers(interaction: Interaction, nodes: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """The legal answers to a closed interaction that can make a difference to the rules `nodes`."""
    answers = _all_answers(interaction)
    uses = _uses_of(interaction.response, nodes)
    if uses.is_all and not _is_small(interaction):
        answers = _by_their_uses(interaction, uses)
    return (answer for answer in answers if _is_legal(interaction, answer))


@dataclass
class _Uses:
    """How the rules use one variable: compared with whole answers, and mapped. `is_all`: in no other way."""

    named: list[Value] = field(default_factory=list)
    mappings: list[Mapping[str, Any]] = field(default_factory=list)
    is_all: bool = True


def _uses_of(name: str, nodes: Sequence[Mapping[str, Any]]) -> _Uses:
    uses = _Uses()
    for node in nodes:
        operands = node.get("of", ())
        if not any(each.get("op") == "variable" and each.get("name") == name for each in operands):
            continue
        if node.get("op") == "mapResponse":
            uses.mappings.append(node)
        elif node.get("op") == "match" and any(each.get("op") == "value" for each in operands):
            constant = next(each["value"] for each in operands if each.get("op") == "value")
            uses.named.append(tuple(constant) if isinstance(constant, list) else constant)
        elif node.get("op") != "isNull":
            uses.is_all = False
    return uses


def _by_their_uses(interaction: Interaction, uses: _Uses) -> Iterator[Any]:
    """Where all that counts is what an answer is mapped to and whether it is one of those that the rules
    name: nothing, the named ones, and for every sum of mapped values one that is not named.
    """
    yield []
    yield from (
        list(value) if isinstance(value, tuple) else value for value in uses.named if value is not None
    )
    wanted = len(uses.named) + 1
    if isinstance(interaction, Order) and not uses.mappings:
        yield from islice((answer for answer in _all_answers(interaction) if answer), wanted)
        return
    worths = [_worth_of(mapping) for mapping in uses.mappings]
    yield from _one_a_sum(interaction, lambda member: tuple(worth(member) for worth in worths), wanted)


def _worth_of(mapping: Mapping[str, Any]) -> Any:
    """What a mapping gives one member, without its bounds."""
    return OPERATORS["mapResponse"].make({**mapping, "lower": None, "upper": None})


def _one_a_sum(interaction: Interaction, worth: Any, wanted: int) -> Iterator[list[str]]:
    """For every attainable sum of members' worth, up to `wanted` answers: by going through the members once.

    Partial answers that the limits treat alike, and whose sums are equal, go on as one.
    """
    members, limits = _members_with_limits(interaction)
    last_use = {end: index for index, (_, ends) in enumerate(members) for end in ends}
    states: dict[Any, list[tuple[str, ...]]] = {((), 0, ()): [()]}
    most = (
        getattr(interaction, "max_choices", 0) or getattr(interaction, "max_associations", 0) or len(members)
    )
    for index, (member, ends) in enumerate(members):
        after: dict[Any, list[tuple[str, ...]]] = {}
        for (used, count, sums), answers in states.items():
            uses = dict(used)
            grown = count < most and all(uses.get(end, 0) < limits[end] for end in ends if limits[end])
            for is_taken in (False, True) if grown else (False,):
                now, total = dict(uses), sums
                if is_taken:
                    now.update({end: now.get(end, 0) + 1 for end in ends if limits[end]})
                    total = _added(sums, worth(member))
                kept = tuple(sorted((end, n) for end, n in now.items() if last_use[end] > index))
                found = after.setdefault((kept, count + is_taken, total), [])
                found += [(*answer, member) if is_taken else answer for answer in answers]
                del found[wanted:]
        states = after
        if len(states) > MOST_ANSWERS:
            raise TooManyAnswers(
                say(
                    "It has more than {most} answers that could differ in their score.",
                    most=MOST_ANSWERS,
                )
            )
    for answer in (answer for answers in states.values() for answer in answers if answer):
        if isinstance(interaction, Order):  # another order of the same is worth the same, but is not named
            yield from map(list, islice(permutations(answer), wanted))
        else:
            yield sorted(answer)


def _added(sums: tuple[float, ...], worth: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(a + b, 9) for a, b in zip(sums or (0.0,) * len(worth), worth, strict=True))


def _members_with_limits(
    interaction: Interaction,
) -> tuple[list[tuple[str, tuple[str, ...]]], dict[str, int]]:
    """(member of an answer, what it uses) and how often each may be used (0: any number of times)."""
    match interaction:
        case Match():
            ends = (*interaction.sources, *interaction.targets)
        case GapMatch() | Associate():
            ends = interaction.choices
        case _:
            assert isinstance(interaction, ChoiceInteraction | HotText | Order)
            return [(choice.id, ()) for choice in interaction.choices], {}
    limits = {end.id: end.match_max for end in ends}
    if isinstance(interaction, GapMatch):
        limits |= {gap.id: 1 for gap in interaction.gaps}
    return [(pair, tuple(pair.split(" "))) for pair in pairs_of(interaction)], limits


def _is_small(interaction: Interaction) -> bool:
    """Whether one answer chooses one thing at most, so that there are few."""
    return isinstance(interaction, InlineChoice) or getattr(interaction, "max_choices", 0) == 1


def _is_legal(interaction: Interaction, answer: Any) -> bool:
    try:
        canonical_answer([interaction], {interaction.response: answer})
    except AnswerRefused:
        return False
    return True


def _all_answers(interaction: Interaction) -> Iterator[Any]:
    """Answers as `canonical_answer` gives them, legal ones and perhaps others; the empty one first."""
    match interaction:
        case ChoiceInteraction() | HotText():
            ids = [choice.id for choice in interaction.choices]
            if interaction.max_choices == 1:
                yield from ["", *ids]
            else:
                yield from _subsets(ids, interaction.max_choices or len(ids))
        case InlineChoice():
            yield from ["", *(choice.id for choice in interaction.choices)]
        case Order():
            ids = [choice.id for choice in interaction.choices]
            yield []
            least = interaction.min_choices or (1 if interaction.max_choices else len(ids))
            for length in range(least, (interaction.max_choices or len(ids)) + 1):
                yield from map(list, permutations(ids, length))
        case Match() | GapMatch() | Associate():
            pairs = pairs_of(interaction)
            yield from _subsets(pairs, interaction.max_associations or len(pairs))


def pairs_of(interaction: Match | GapMatch | Associate) -> list[str]:
    """Every pair that an answer to it can hold."""
    match interaction:
        case Match():
            return [f"{s.id} {t.id}" for s in interaction.sources for t in interaction.targets]
        case GapMatch():
            return [f"{c.id} {g.id}" for c in interaction.choices for g in interaction.gaps]
        case Associate():
            ids = [choice.id for choice in interaction.choices]
            return [" ".join(sorted((a, b))) for i, a in enumerate(ids) for b in ids[i:]]


def _subsets(members: Sequence[str], most: int) -> Iterator[list[str]]:
    for size in range(min(most, len(members)) + 1):
        yield from (sorted(chosen) for chosen in combinations(members, size))
