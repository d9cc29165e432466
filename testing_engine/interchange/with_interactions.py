"""A question of several kinds of interaction, from plain data.

    "interactions": [{"type": "choice", "response": "RESPONSE", "choices": [{"id": "A", "content": "…"}], …}]
    "key": {"RESPONSE": {"correct": "A"}}   what earns what, as `questions.keys` has it; `all_or_nothing`
    "scoring": {…}                          or the compiled rules themselves, as an export has them
    "categories": [0, 2, 4]                 some of the attainable scores, where all are too many to model
    "passage": "…"                          a text that several questions share

Instead of `options`, `correct_answer` and `option_scores`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from testing_engine.interchange.lookalikes import alike
from testing_engine.questions import interactions as asked
from testing_engine.questions.interactions import Interaction, InteractionError
from testing_engine.questions.keys import (
    MOST_MODELLED,
    Key,
    merged,
    program_of_keys,
    proposed_merge,
    with_categories,
)
from testing_engine.questions.program import Program, ProgramError
from testing_engine.questions.telling_answers import TooManyAnswers
from testing_engine.sentences import Sentence, quoted, reason_of, say

FIELDS = ("interactions", "key", "all_or_nothing", "scoring", "categories", "passage")
MAX_PASSAGE = 100_000  # characters
MAX_INTERACTIONS = 500_000  # characters of one question's interactions and rules, as JSON

Add = Callable[[str, Sentence], None]  # notes a problem: (JSON pointer from the question, message)


def parse_interactions(row: Mapping[str, Any], add: Add) -> tuple[tuple[Interaction, ...], Program | None]:
    """What is asked, and the scoring rules with their categories; ((), None) where a problem was noted."""
    if len(msgspec.json.encode([row.get(name) for name in FIELDS[:-1]])) > MAX_INTERACTIONS:
        add(
            "/interactions",
            say("Must be at most {most} characters as JSON.", most=MAX_INTERACTIONS),
        )
        return (), None
    for name in ("options", "correct_answer", "option_scores"):
        if row.get(name) not in (None, [], ""):
            add(f"/{name}", say("A question has either options or interactions."))
    try:
        found = asked.decode(row["interactions"])
    except msgspec.ValidationError as error:
        add("/interactions", _message(error))
        return (), None
    except InteractionError as error:
        add(f"/interactions{error.pointer}", reason_of(error))
        return (), None
    _check_choices(found, add)
    program = _parse_rules(row, found, add)
    return (found, program) if program is not None else ((), None)


def proposed_categories(row: Mapping[str, Any]) -> list[float] | None:
    """Of a question that earns more different scores than a model can tell apart: those to take."""
    noted: list[str] = []
    found = asked.decode(row["interactions"])
    program = _all_rules(row, found, lambda pointer, _: noted.append(pointer))
    return None if program is None or noted else list(proposed_merge(program.categories))


def _check_choices(found: tuple[Interaction, ...], add: Add) -> None:
    """Choices of one list that look the same to a student are one choice too many."""
    for index, interaction in enumerate(found):
        choices = [choice.content for choice in getattr(interaction, "choices", ())]
        if not isinstance(interaction, asked.HotText) and (same := alike(choices)):
            first, second = (place + 1 for place in same)
            add(
                f"/interactions/{index}/choices",
                say("Choices {first} and {second} look the same to a student.", first=first, second=second),
            )


def _parse_rules(row: Mapping[str, Any], found: tuple[Interaction, ...], add: Add) -> Program | None:
    """The rules with few enough categories, or a problem that proposes some."""
    program = _all_rules(row, found, add)
    if program is not None and len(program.categories) > MOST_MODELLED:
        proposal = ", ".join(f"{score:g}" for score in proposed_merge(program.categories))
        many = len(program.categories)
        add(
            "/categories",
            say(
                "{count} different scores are more than a model can tell apart. Take for example {proposal}.",
                count=many,
                proposal=proposal,
            ),
        )
        return None
    return program


def _all_rules(row: Mapping[str, Any], found: tuple[Interaction, ...], add: Add) -> Program | None:
    """The rules with the categories that the row names, or with all."""
    has_key = row.get("key") is not None
    if has_key == (row.get("scoring") is not None):
        add("/key", say("Give either key or scoring."))
        return None
    name = "key" if has_key else "scoring"
    try:
        if has_key:
            keys = msgspec.convert(row["key"], dict[str, Key])
            program = program_of_keys(found, keys, all_or_nothing=row.get("all_or_nothing") is True)
            chosen = row.get("categories")
        else:
            given = msgspec.convert(row["scoring"], Program)
            program = with_categories(given, found)
            chosen = row.get("categories") or list(given.categories)
        name = "categories"
        return program if chosen is None else merged(program, msgspec.convert(chosen, list[float]))
    except msgspec.ValidationError as error:
        add(f"/{name}", _message(error))
    except ProgramError as error:
        add(f"/{name}{error.pointer}", reason_of(error))
    except TooManyAnswers as error:
        add(f"/{name}", say("{error} Set all_or_nothing, or map fewer answers.", error=reason_of(error)))
    return None


def parse_passage(row: Mapping[str, Any], add: Add) -> str:
    """The passage, "" where there is none."""
    passage = row.get("passage") or ""
    if not isinstance(passage, str) or len(passage) > MAX_PASSAGE or "\x00" in passage:
        add("/passage", say("Must be a text of at most {most} characters.", most=MAX_PASSAGE))
        return ""
    return passage


def _message(error: msgspec.ValidationError) -> Sentence:
    text = str(error)
    return quoted(text if text.endswith(".") else f"{text}.")
